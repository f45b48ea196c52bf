import { afterEach, describe, expect, it } from 'vitest'
import type { SimLine } from '../src/frame-encoder.ts'
import { LogplexDrain, type LogplexDrainOptions, type SettledFrame } from '../src/logplex-drain.ts'
import { createRandom } from '../src/random.ts'
import { appLines, type Capture, overflowTime, readCapture } from './captures.ts'
import { type Answer, answer, type ScriptedReceiver, startReceiver } from './scripted-receiver.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function receive(...answers: Answer[]): Promise<ScriptedReceiver> {
  const receiver = await startReceiver(answers)
  closers.push(() => receiver.close())
  return receiver
}

/** A drain like the captured one: same URL and token; frame ids in the order of the captures. */
function drainLike(captures: Capture[], options: Partial<LogplexDrainOptions> & { url: string }) {
  const settled: SettledFrame<SimLine>[] = []
  const overflowed: SimLine[] = []
  const ids = [...new Set(captures.map(({ headers }) => headers['logplex-frame-id'] ?? ''))]
  const drain = new LogplexDrain({
    token: captures[0]?.headers['logplex-drain-token'] ?? '',
    random: createRandom(1),
    frameId: () => ids.shift() ?? 'MORE FRAMES THAN CAPTURED',
    onSettled: (frame) => settled.push(frame),
    onOverflow: (line) => overflowed.push(line),
    ...options,
  })
  closers.push(() => drain.stop())
  return { drain, settled, overflowed }
}

const LOGS_URL = 'http://user:pw@127.0.0.1:18082/logs'
const captured = (...names: string[]) => names.map((name) => readCapture(`logplex-${name}`))
const numbered = (name: string, count: number) =>
  captured(...Array.from({ length: count }, (_, n) => `${name}-${String(n).padStart(2, '0')}`))
const bytesOf = (captures: Capture[]) => captures.map(({ bytes }) => bytes.toString('latin1'))
const received = (receiver: ScriptedReceiver) => receiver.requests.map((bytes) => bytes.toString('latin1'))
const feed = (drain: LogplexDrain, lines: SimLine[]) => {
  for (const line of lines) drain.push(line)
}
const line = (message: string): SimLine => ({
  priority: 190,
  time: '2026-08-20T10:11:12.000001+00:00',
  source: 'app',
  process: 'web.1',
  message,
})

describe('a drain sends the captured bytes', () => {
  const plain: [name: string, url: string][] = [
    ['basic', 'http://user:pa%40ss@127.0.0.1:18082/logs?app=x'],
    ['frag', 'http://127.0.0.1:18082/p#frag'],
    ['authnouser', 'http://:justpass@127.0.0.1:18082'],
    ['authuseronly', 'http://onlyuser@127.0.0.1:18082'],
  ]
  for (const [name, url] of plain) {
    it(`for the URL of ${name}`, async () => {
      const captures = numbered(name, 1)
      const receiver = await receive(answer.status(204))
      const { drain } = drainLike(captures, { url, deliverTo: receiver.origin })
      feed(drain, captures.flatMap(appLines))
      await drain.whenIdle()
      expect(received(receiver)).toEqual(bytesOf(captures))
    })
  }

  it('for a burst of 1,500 lines: 1,024 kept, the loss told first, two requests', async () => {
    const captures = numbered('overflow', 2)
    const receiver = await receive(answer.status(200))
    const { drain, settled, overflowed } = drainLike(captures, {
      url: LOGS_URL,
      deliverTo: receiver.origin,
      clock: () => overflowTime(captures[0] as Capture),
    })
    const lost = Array.from({ length: 476 }, (_, n) => line(`lost ${n}`))
    feed(drain, [...lost, ...captures.flatMap(appLines)])
    await drain.whenIdle()
    expect(received(receiver)).toEqual(bytesOf(captures))
    expect(overflowed).toEqual(lost)
    expect(settled.map(({ lines }) => lines.length)).toEqual([672, 352])
    expect(drain.counts).toMatchObject({ acknowledged: 1_024, overflowed: 476, requests: 2, retried: 0 })
  })

  it('for a burst that is answered 500: three tries, then an L10 of both losses', async () => {
    const captures = captured('overflow500-00', 'overflow500-03')
    const [first, last] = captures as [Capture, Capture]
    const receiver = await receive(
      answer.status(500),
      answer.status(500),
      answer.status(500),
      answer.status(200),
    )
    const { drain } = drainLike(captures, {
      url: LOGS_URL,
      deliverTo: receiver.origin,
      clock: () => overflowTime(first),
    })
    feed(drain, [...Array.from({ length: 476 }, (_, n) => line(`lost ${n}`)), ...captures.flatMap(appLines)])
    await drain.whenIdle()
    expect(received(receiver)).toEqual(bytesOf([first, first, first, last]))
  })

  it('for 400 then 200: dropped at once, reported in front of the next frame', async () => {
    const captures = numbered('s400-then-200', 3)
    const [first, second, third] = captures.map(appLines) as [SimLine[], SimLine[], SimLine[]]
    const receiver = await receive(answer.status(400), answer.status(200))
    const { drain, settled } = drainLike(captures, {
      url: LOGS_URL,
      deliverTo: receiver.origin,
      clock: () => overflowTime(captures[1] as Capture),
    })
    feed(drain, first)
    await drain.whenIdle()
    feed(drain, [...second, ...third])
    await drain.whenIdle()
    expect(received(receiver)).toEqual(bytesOf(captures))
    expect(receiver.connections).toBe(1)
    expect(settled.map(({ result }) => result)).toEqual(['refused', 'acknowledged', 'acknowledged'])
  })

  it('for 500: three tries on three connections, then the next frame', async () => {
    const captures = numbered('s500', 6)
    const receiver = await receive(answer.status(500))
    const { drain, settled } = drainLike(captures, {
      url: LOGS_URL,
      deliverTo: receiver.origin,
      clock: () => overflowTime(captures[3] as Capture),
    })
    feed(drain, appLines(captures[0] as Capture))
    await drain.whenIdle()
    feed(drain, appLines(captures[3] as Capture))
    await drain.whenIdle()
    expect(received(receiver)).toEqual(bytesOf(captures))
    expect(receiver.connections).toBe(6)
    expect(settled.map(({ result }) => result)).toEqual(['refused', 'refused'])
  })

  const sameFrame: [name: string, answers: Answer[], result: string][] = [
    ['dropconn', [answer.drop], 'ambiguous'],
    ['hang', [answer.never], 'ambiguous'],
    ['s302', [answer.status(302)], 'refused'],
    ['s429-429-200', [answer.status(429), answer.status(429), answer.status(200)], 'acknowledged'],
  ]
  for (const [name, answers, result] of sameFrame) {
    it(`for ${name}: the same frame three times`, async () => {
      const captures = numbered(name, 3)
      const receiver = await receive(...answers)
      const { drain, settled } = drainLike(captures, {
        url: LOGS_URL,
        deliverTo: receiver.origin,
        settings: { requestTimeoutMs: 40 },
      })
      feed(drain, appLines(captures[0] as Capture))
      await drain.whenIdle()
      expect(received(receiver)).toEqual(bytesOf(captures))
      expect(settled).toMatchObject([{ result }])
      expect(drain.counts).toMatchObject({ requests: 3, retried: 2 })
    })
  }

  it('for hangl10: an L10 carries the second of each try, under one frame id', async () => {
    const [capture] = numbered('hangl10', 1) as [Capture]
    const receiver = await receive(answer.never)
    let now = overflowTime(capture)
    const { drain } = drainLike([capture], {
      url: 'http://127.0.0.1:18082',
      deliverTo: receiver.origin,
      clock: () => now,
      settings: { requestTimeoutMs: 40 },
    })
    const before = Array.from({ length: 476 }, (_, n) => line(`lost ${n}`))
    const after = Array.from({ length: 352 }, () => line('x'.repeat(100)))
    feed(drain, [...before, ...appLines(capture), ...after])
    await receiver.received(1)
    now += 5_000
    await receiver.received(2)
    const [first = '', second = ''] = received(receiver)
    expect(first).toBe(capture.bytes.toString('latin1'))
    const later = '2026-11-21T00:48:04+00:00'
    expect(second).toBe(first.replaceAll('2026-11-21T00:47:59+00:00', later))
    expect(second).toContain(later)
  })

  it('for lateup: refused connects cost no try, and everything comes in one frame', async () => {
    const [capture] = numbered('lateup', 1) as [Capture]
    const parked = await startReceiver([answer.status(200)])
    await parked.close()
    const { drain } = drainLike([capture], { url: 'http://u:p@127.0.0.1:18083/', deliverTo: parked.origin })
    const [first, ...rest] = appLines(capture)
    drain.push(first as SimLine)
    await expect.poll(() => drain.counts.failedConnects).toBeGreaterThan(3)
    feed(drain, rest)
    const receiver = await startReceiver([answer.status(200)], Number(new URL(parked.origin).port))
    closers.push(() => receiver.close())
    await drain.whenIdle()
    expect(received(receiver)).toEqual(bytesOf([capture]))
    expect(drain.counts).toMatchObject({ requests: 1, retried: 0, connects: 1, acknowledged: 10 })
  })

  // The first frame of these captures held two lines; then one line was fed after each answer.
  const oneByOne: [name: string, answers: Answer[], count: number][] = [
    ['chunkedresp', [answer.chunked], 17],
    ['connclose', [answer.andClose], 9],
    ['s200nolen', [answer.raw('HTTP/1.1 200 OK\r\n\r\n')], 9],
    ['s204nolen', [answer.raw('HTTP/1.1 204 No Content\r\n\r\n')], 9],
  ]
  for (const [name, answers, count] of oneByOne) {
    it(`for ${name}: ${count} requests`, async () => {
      const captures = numbered(name, count)
      const receiver = await receive(...answers)
      const { drain } = drainLike(captures, { url: LOGS_URL, deliverTo: receiver.origin })
      const frames = new Map(
        captures.map((capture) => [capture.headers['logplex-frame-id'], appLines(capture)]),
      )
      for (const lines of frames.values()) {
        feed(drain, lines)
        await drain.whenIdle()
        // Logplex's lines were further apart than a closed connection needs to be seen.
        await new Promise((resolve) => setTimeout(resolve, 3))
      }
      expect(received(receiver)).toEqual(bytesOf(captures))
      expect(drain.counts.acknowledged).toBe(10)
    })
  }
})
