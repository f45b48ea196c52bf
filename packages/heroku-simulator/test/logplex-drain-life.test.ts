import { afterEach, describe, expect, it } from 'vitest'
import type { SimLine } from '../src/frame-encoder.ts'
import { LogplexDrain, type LogplexDrainOptions, type SettledFrame } from '../src/logplex-drain.ts'
import { createRandom } from '../src/random.ts'
import { type Answer, answer, type ScriptedReceiver, startReceiver } from './scripted-receiver.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function start(answers: Answer[], options: Partial<LogplexDrainOptions> = {}) {
  const receiver = await startReceiver(answers)
  closers.push(() => receiver.close())
  const settled: SettledFrame<SimLine>[] = []
  const drain = new LogplexDrain({
    url: `${receiver.origin}/drains/x`,
    token: 'd.11111111-2222-4333-8444-555555555555',
    random: createRandom(7),
    onSettled: (frame) => settled.push(frame),
    ...options,
  })
  closers.push(() => drain.stop())
  return { drain, receiver, settled }
}

const line = (message: string): SimLine => ({
  priority: 190,
  time: '2026-08-20T10:11:12.000001+00:00',
  source: 'app',
  process: 'web.1',
  message,
})
const body = (receiver: ScriptedReceiver, index: number) =>
  receiver.requests[index]?.toString().split('\r\n\r\n')[1] ?? ''

describe('a drain over its life', () => {
  it('draws a new frame id of 32 upper-case hex digits for each frame', async () => {
    const { drain, settled } = await start([answer.status(200)])
    drain.push(line('one'))
    await drain.whenIdle()
    drain.push(line('two'))
    await drain.whenIdle()
    const ids = settled.map(({ frameId }) => frameId)
    for (const id of ids) expect(id).toMatch(/^[0-9A-F]{32}$/)
    expect(new Set(ids).size).toBe(2)
  })

  it('keeps one connection over many frames, and sends an idle line at once and alone', async () => {
    const { drain, receiver, settled } = await start([answer.status(204)])
    for (const text of ['one', 'two', 'three']) {
      drain.push(line(text))
      await drain.whenIdle()
    }
    expect(receiver.connections).toBe(1)
    expect(settled.map(({ lines }) => lines.length)).toEqual([1, 1, 1])
  })

  it('has one request in flight and sends the lines queued meanwhile in the next one', async () => {
    const slow: Answer = (socket) => setTimeout(() => answer.status(200)(socket), 30)
    const { drain, receiver, settled } = await start([slow])
    drain.push(line('one'))
    await receiver.received(1)
    for (let n = 0; n < 5; n++) drain.push(line(`more ${n}`))
    await drain.whenIdle()
    expect(settled.map(({ lines }) => lines.length)).toEqual([1, 5])
    expect(receiver.requests).toHaveLength(2)
  })

  it('reports dropped lines and since when with the next frame', async () => {
    let now = Date.parse('2026-08-20T10:11:12.999Z')
    const { drain, receiver } = await start([answer.status(413), answer.status(404), answer.status(200)], {
      clock: () => now,
      overflowWording: 'production',
    })
    for (const text of ['one', 'two']) {
      drain.push(line(text))
      await drain.whenIdle()
      now += 2_000
    }
    drain.push(line('three'))
    await drain.whenIdle()
    expect(body(receiver, 2)).toMatch(
      /^\d+ <172>1 2026-08-20T10:11:16\+00:00 host heroku logplex - Error L10 \(output buffer overflow\): drain 'd\.11111111-2222-4333-8444-555555555555' dropped 2 messages since 2026-08-20T10:11:12\+00:00\.\d+ <190>/,
    )
    drain.push(line('four'))
    await drain.whenIdle()
    expect(body(receiver, 3)).not.toContain('L10')
  })

  it('shrinks its buffer to 10 lines after 5 failing minutes, until the next success', async () => {
    let now = 0
    const { drain, receiver } = await start(
      [answer.status(200), answer.drop, answer.drop, answer.drop, answer.never],
      { clock: () => now, settings: { requestTimeoutMs: 40 } },
    )
    drain.push(line('good'))
    await drain.whenIdle()
    now = 300_001
    drain.push(line('bad'))
    await drain.whenIdle()
    drain.push(line('hangs'))
    await receiver.received(5)
    for (let n = 0; n < 30; n++) drain.push(line(`later ${n}`))
    expect(drain.counts.overflowed).toBe(20)
  })

  it('never shrinks its buffer before the first success', async () => {
    let now = 0
    const { drain, receiver } = await start([answer.drop, answer.never], { clock: () => now })
    drain.push(line('bad'))
    now = 300_001
    await receiver.received(2)
    for (let n = 0; n < 30; n++) drain.push(line(`later ${n}`))
    expect(drain.counts.overflowed).toBe(0)
  })

  it('closes an idle connection and opens another for the next line, which costs no try', async () => {
    const { drain, receiver } = await start([answer.status(200)], { settings: { idleMs: 20, idleFuzzMs: 5 } })
    drain.push(line('one'))
    await drain.whenIdle()
    await new Promise((resolve) => setTimeout(resolve, 80))
    drain.push(line('two'))
    await drain.whenIdle()
    expect(receiver.connections).toBe(2)
    expect(drain.counts).toMatchObject({ requests: 2, retried: 0, acknowledged: 2 })
  })

  it('closes a connection that has grown too old although it is busy', async () => {
    const { drain, receiver } = await start([answer.status(200)], {
      settings: { idleMs: 20, idleFuzzMs: 1, maxTtlMs: 50 },
    })
    const until = Date.now() + 150
    while (Date.now() < until) {
      drain.push(line('busy'))
      await drain.whenIdle()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(receiver.connections).toBeGreaterThan(1)
    expect(drain.counts.retried).toBe(0)
  })

  it('uses up a try to detect a closed idle connection, and delivers the line once', async () => {
    const closeAfterwards: Answer = (socket) => {
      answer.status(200)(socket)
      setTimeout(() => socket.destroy(), 5)
    }
    const { drain, receiver, settled } = await start([closeAfterwards, answer.status(200)])
    drain.push(line('one'))
    await drain.whenIdle()
    await new Promise((resolve) => setTimeout(resolve, 30))
    drain.push(line('two'))
    await drain.whenIdle()
    expect(receiver.requests).toHaveLength(2)
    expect(settled.at(-1)).toMatchObject({
      result: 'acknowledged',
      tries: [{ kind: 'broken' }, { kind: 'status', status: 200 }],
    })
  })

  it('retries after an answer that its client cannot parse', async () => {
    for (const bytes of [
      'HTTP/1.1 200\r\n\r\n',
      'HTTP/2 200 OK\r\n\r\n',
      'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
    ]) {
      const { drain, receiver, settled } = await start([answer.raw(bytes), answer.status(200)])
      drain.push(line('one'))
      await drain.whenIdle()
      expect(receiver.requests).toHaveLength(2)
      expect(settled[0]?.tries[0]?.kind).toBe('broken')
    }
  })

  it('settles a frame as ambiguous if a try had no answer before it was dropped', async () => {
    const { drain, settled } = await start([answer.drop, answer.status(500)])
    drain.push(line('one'))
    await drain.whenIdle()
    expect(settled).toMatchObject([{ result: 'ambiguous', tries: { length: 3 } }])
    expect(drain.counts).toMatchObject({ dropped: 1, acknowledged: 0 })
  })

  it('returns unsent lines on stop, and settles the frame in flight as ambiguous', async () => {
    const { drain, receiver, settled } = await start([answer.never])
    drain.push(line('under way'))
    await receiver.received(1)
    drain.push(line('waiting'))
    expect(drain.stop().unsent).toEqual([line('waiting')])
    expect(settled).toMatchObject([{ result: 'ambiguous', lines: [line('under way')] }])
    await drain.whenIdle()
  })
})
