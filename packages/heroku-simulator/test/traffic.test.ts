import { describe, expect, it } from 'vitest'
import { backlog, toSimLine, traffic } from '../src/traffic.ts'
import type { TrafficLine } from '../src/traffic-stage.ts'

const START = Date.UTC(2026, 7, 20, 10, 11, 12)
const HOUR = 3_600_000
const hour = backlog({ seed: 1, from: START, to: START + HOUR, linesPerSecond: 20 })
const have = (test: (line: TrafficLine) => boolean) => hour.filter(test).length

describe('simulated traffic', () => {
  it('is the same for a seed and another for another seed', () => {
    const f = (seed: number) => backlog({ seed, from: START, to: START + 20_000, linesPerSecond: 20 })
    expect(f(5)).toEqual(f(5))
    expect(f(5)).not.toEqual(f(6))
  })

  it('is endless, and begins with the backlog', () => {
    const endless = traffic({ seed: 1, startAt: START, linesPerSecond: 20 })
    const first = Array.from({ length: 1_000 }, () => endless.next().value)
    expect(first).toEqual(hour.slice(0, 1_000))
  })

  it('is ordered by time, within the requested span', () => {
    for (const [index, line] of hour.entries())
      expect(line.at).toBeGreaterThanOrEqual(hour[index - 1]?.at ?? 0)
    expect(hour[0]?.at).toBeGreaterThanOrEqual(START * 1_000)
    expect(hour.at(-1)?.at).toBeLessThan((START + HOUR) * 1_000)
    expect(hour.every((line) => Number.isInteger(line.at))).toBe(true)
  })

  it('has about the requested rate', () => {
    expect(hour.length / 3_600 / 20).toBeGreaterThan(0.85)
    expect(hour.length / 3_600 / 20).toBeLessThan(1.15)
    const slow = backlog({ seed: 1, from: START, to: START + HOUR, linesPerSecond: 2 })
    expect(slow.length / 3_600 / 2).toBeGreaterThan(0.8)
    expect(slow.length / 3_600 / 2).toBeLessThan(1.3)
  })

  it('has bursts and quiet seconds', () => {
    const perSecond = new Map<number, number>()
    for (const { at } of hour)
      perSecond.set(Math.floor(at / 1e6), (perSecond.get(Math.floor(at / 1e6)) ?? 0) + 1)
    expect(Math.max(...perSecond.values())).toBeGreaterThan(60)
    expect([...perSecond.values()].filter((count) => count < 15).length).toBeGreaterThan(500)
  })

  it('contains every kind of story', () => {
    const f = (process: RegExp, message: RegExp, atLeast = 1) =>
      expect(
        have((line) => process.test(line.process) && message.test(line.message)),
        String(message),
      ).toBeGreaterThanOrEqual(atLeast)
    f(
      /^router$/,
      /^at=info method=GET path=".*" host=\S+ .* protocol=http2\.0 tls=true tls_version=tls1\.3$/,
      1_000,
    )
    f(/^router$/, /^at=error code=H12 desc="Request timeout" .* service=30000ms status=503 /)
    f(/^router$/, /^at=error code=H10 desc="App crashed" .* dyno= connect= service= status=503 bytes= /)
    f(/^router$/, /path="\/api\/Schlachter \d+\/books"/)
    f(/^web\.1$/, /^State changed from starting to crashed$/)
    f(/^web\.1$/, /^Process exited with status 1$/)
    f(/^api$/, /^Release v\d+ created by user \S+@\S+$/)
    f(/^release\.\d+$/, /^State changed from up to complete$/)
    f(/^worker\.1$/, /^Error R14 \(Memory quota exceeded\)$/)
    f(/^web\.[12]$/, /^source=web\.[12] dyno=heroku\.\d+\.\S+ sample#memory_total=\S+MB /, 300)
    f(/^heroku-postgres$/, /^source=DATABASE addon=\S+ sample#current_transaction=/, 59)
    f(/^web\.1$/, /^\{"level":"error"/)
    expect(have(({ message }) => message.includes('\u001b[1m\u001b[36mOrder Load'))).toBeGreaterThan(0)
    f(/^web\.1$/, /山田太郎/)
    f(/^worker\.1$/, /☕/)
  })

  it('writes a stack trace as 40 to 60 lines of one process, close together', () => {
    const start = hour.findIndex(({ message }) => message.startsWith('ActionView::Template::Error'))
    const end = hour.findIndex(({ message }) => message === '  (end of trace)')
    const trace = hour
      .slice(start, end + 1)
      .filter(({ message }) => /^( {2}app|Action|Caused|\t| {2}\()/.test(message))
    expect(trace.length).toBeGreaterThanOrEqual(40)
    expect(trace.length).toBeLessThanOrEqual(60)
    expect((hour[end]?.at ?? 0) - (hour[start]?.at ?? 0)).toBeLessThan(5_000)
  })

  it('gives the database whole seconds, which are written without a fraction', () => {
    const metrics = hour.filter(({ process }) => process === 'heroku-postgres')
    for (const line of metrics) expect(toSimLine(line).time).toMatch(/^2026-08-20T\d\d:\d\d:\d\d\+00:00$/)
  })

  it('uses the priorities that Heroku uses', () => {
    const f = (process: string, source: string, priorities: number[]) => {
      const lines = hour.filter((line) => line.process === process && line.source === source)
      expect([...new Set(lines.map(({ priority }) => priority))].sort()).toEqual(priorities)
    }
    f('router', 'heroku', [158])
    f('web.1', 'app', [190])
    f('web.1', 'heroku', [134, 45])
    f('api', 'app', [133])
  })
})
