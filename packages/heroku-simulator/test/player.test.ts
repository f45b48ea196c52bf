import { describe, expect, it } from 'vitest'
import { play } from '../src/player.ts'
import type { TrafficLine } from '../src/traffic-stage.ts'

describe('play', () => {
  const line = (at: number): TrafficLine => ({
    at: at * 1_000,
    priority: 190,
    source: 'app',
    process: 'web.1',
    message: '',
  })

  it('pushes each line at its own time, in order, until it is stopped', async () => {
    const start = Date.now()
    const played: [at: number, heardAt: number][] = []
    const lines = [0, 20, 20, 60, 10_000].map((after) => line(start + after))
    const stop = play(lines.values(), ({ at }) => played.push([at / 1_000 - start, Date.now() - start]))
    await expect.poll(() => played.length).toBe(4)
    stop()
    expect(played.map(([at]) => at)).toEqual([0, 20, 20, 60])
    for (const [at, heardAt] of played) expect(heardAt).toBeGreaterThanOrEqual(at)
  })

  it('skips lines that are more than five seconds late', () => {
    const played: number[] = []
    const lines = [line(1), line(99_000), line(100_000)]
    const stop = play(
      lines.values(),
      ({ at }) => played.push(at / 1_000),
      () => 100_000,
    )
    stop()
    expect(played).toEqual([99_000, 100_000])
  })
})
