import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { counted, frame } from '../support/deliveries.ts'
import { makeTokenAt, openEvents, signInAt } from '../support/reading.ts'
import {
  deliver,
  deprovision,
  provision,
  startTestService,
  type TestResource,
  type TestService,
} from '../support/service.ts'

const SOON = { timeout: 10_000, interval: 20 }

let service: TestService
beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service.close())

interface Watched {
  resource: TestResource
  token: string
  url: string
}

async function watched(): Promise<Watched> {
  const resource = await provision(service)
  const token = await makeTokenAt(service.origin, service.config, resource.id)
  return { resource, token, url: `${service.origin}/resources/${resource.id}/tail` }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

async function send(resource: TestResource, messages: readonly string[], at = new Date()) {
  const frames = messages.map((message) =>
    counted(frame(message, { at: at.toISOString().replace('Z', '000+00:00') })),
  )
  expect((await deliver(resource, Buffer.concat(frames))).status).toBe(204)
}

describe('a live tail as events', () => {
  it('begins with the newest lines, oldest first, and goes on with those that come in', async () => {
    const { resource, token, url } = await watched()
    await send(resource, ['a', 'b', 'c'])
    const tail = await openEvents(`${url}?last=2`, bearer(token))
    await vi.waitFor(() => expect(tail.messages()).toEqual(['b', 'c']), SOON)
    const [first] = tail.named('lines')
    expect(first?.older).toEqual(expect.any(String))
    await send(resource, ['d'])
    await vi.waitFor(() => expect(tail.messages()).toEqual(['b', 'c', 'd']), SOON)
    expect(tail.named('lines').at(-1)).toMatchObject({
      lines: [{ cursor: expect.any(String), source: 'app', process: 'web.1', level: null, app: null }],
    })
    tail.leave()
  })

  it('gives what matches the search, of the past and live', async () => {
    const { resource, token, url } = await watched()
    await send(resource, ['error one', 'fine'])
    const tail = await openEvents(`${url}?q=error`, bearer(token))
    await send(resource, ['fine too', 'error two', 'an ERROR three'])
    await vi.waitFor(
      () => expect(tail.messages()).toEqual(['error one', 'error two', 'an ERROR three']),
      SOON,
    )
    tail.leave()
  })

  it('beats every two seconds with the rate and the age of the last line', async () => {
    const { resource, token, url } = await watched()
    const tail = await openEvents(`${url}?q=nothing`, bearer(token))
    await send(resource, ['a', 'b'])
    await vi.waitFor(() => expect(tail.named('pulse').length).toBeGreaterThan(1), SOON)
    const pulses = tail.named('pulse')
    expect(pulses.at(-1)).toEqual({
      last_received_at: expect.stringMatching(/^\d{4}-.*\.\d{6}Z$/),
      lines_per_second: expect.any(Number),
      server_time: expect.any(String),
    })
    expect(Math.max(...pulses.map((pulse) => pulse.lines_per_second as number))).toBeGreaterThan(0)
    expect(tail.messages()).toEqual([])
    tail.leave()
  })

  it('goes on from the last event without a hole', async () => {
    const { resource, token, url } = await watched()
    const first = await openEvents(url, bearer(token))
    await send(resource, ['a'])
    await vi.waitFor(() => expect(first.messages()).toEqual(['a']), SOON)
    first.leave()
    await send(resource, ['b'])
    const again = await openEvents(url, { ...bearer(token), 'last-event-id': first.lastId() ?? '' })
    await send(resource, ['c'])
    await vi.waitFor(() => expect(again.messages()).toEqual(['b', 'c']), SOON)
    again.leave()
  })

  it('tells of lines that are known to be lost', async () => {
    const { resource, token, url } = await watched()
    const tail = await openEvents(url, bearer(token))
    await vi.waitFor(() => expect(tail.named('pulse').length).toBeGreaterThan(1), SOON)
    const l10 =
      '<172>1 2026-11-21T10:00:00+00:00 host heroku logplex - Error L10 (output buffer overflow): 12 messages dropped since 2026-11-21T09:59:00+00:00.'
    expect((await deliver(resource, counted(l10))).status).toBe(204)
    await vi.waitFor(
      () =>
        expect(tail.named('gap')).toEqual([
          { kind: 'logplex_overflow', lines: 12, minute: expect.any(String), drain_id: expect.any(Number) },
        ]),
      SOON,
    )
    tail.leave()
  })

  it('ends with its session, its token and its resource', async () => {
    const { resource, token, url } = await watched()
    const cookie = await signInAt(service.origin, service.config, resource.id)
    const tails = [await openEvents(url, bearer(token)), await openEvents(url, { cookie })]
    await deprovision(service, resource.id)
    await Promise.all(tails.map((tail) => tail.over))
    for (const tail of tails)
      expect(tail.events.at(-1)).toMatchObject({ name: 'end', data: { reason: 'signed_out' } })
  })

  it('lets go of a reader who leaves', async () => {
    const { token, url } = await watched()
    const readers = async () =>
      /^culvert_viewer_tail_readers (\d+)/m.exec(await (await fetch(`${service.origin}/metrics`)).text())?.[1]
    const before = await readers()
    const tail = await openEvents(url, bearer(token))
    expect(await readers()).toBe(String(Number(before) + 1))
    tail.leave()
    await vi.waitFor(async () => expect(await readers()).toBe(before), SOON)
  })
})

describe('a live tail for programs', () => {
  async function readFor(url: string, headers: Record<string, string>, until: (text: string) => boolean) {
    const leaving = new AbortController()
    const answer = await fetch(url, { headers, signal: leaving.signal })
    let text = ''
    const reading = (async () => {
      for await (const chunk of (answer.body as ReadableStream<Uint8Array>).pipeThrough(
        new TextDecoderStream(),
      ))
        text += chunk
    })().catch(() => {})
    await vi.waitFor(() => expect(until(text)).toBe(true), SOON)
    leaving.abort()
    await reading
    return { type: answer.headers.get('content-type'), text }
  }

  it('is text as heroku logs prints it, unless something else is asked for', async () => {
    const { resource, token, url } = await watched()
    const at = new Date()
    await send(resource, ['hello'], at)
    const { type, text } = await readFor(url, bearer(token), (read) => read.includes('hello'))
    expect(type).toBe('text/plain; charset=utf-8')
    expect(text).toBe(`${at.toISOString().replace('Z', '000+00:00')} app[web.1]: hello\n`)
  })

  it('is a line of JSON for each line', async () => {
    const { resource, token, url } = await watched()
    await send(resource, ['hello\tyou'])
    const headers = { ...bearer(token), accept: 'application/x-ndjson' }
    const { type, text } = await readFor(url, headers, (read) => read.includes('hello'))
    expect(type).toBe('application/x-ndjson; charset=utf-8')
    expect(JSON.parse(text)).toMatchObject({ message: 'hello\tyou', source: 'app' })
  })
})

it('takes a line apart once for all who read its resource, whatever they search and however it is written', async () => {
  const { resource, token, url } = await watched()
  const metric = async (name: string) => {
    const metrics = await (await fetch(`${service.origin}/metrics`)).text()
    return Number(new RegExp(`^culvert_viewer_${name}_total (\\d+)`, 'm').exec(metrics)?.[1])
  }
  const counts = async () => [await metric('tail_lines_parsed'), await metric('tail_lines')] as const
  const before = await counts()
  const accepted = ['text/event-stream', 'application/x-ndjson']
  const searches = ['', 'line', '-nothing', 'n:>=0']
  const tails = await Promise.all(
    accepted.flatMap((accept) =>
      searches.map((q) =>
        openEvents(`${url}?last=0&q=${encodeURIComponent(q)}`, { ...bearer(token), accept }),
      ),
    ),
  )
  const messages = Array.from({ length: 30 }, (_, n) => `line n=${n}`)
  await send(resource, messages)
  await vi.waitFor(async () => expect((await counts())[1] - before[1]).toBe(30 * tails.length), SOON)
  expect((await counts())[0] - before[0]).toBe(30)
  for (const tail of tails.slice(0, searches.length)) expect(tail.messages()).toEqual(messages)
  for (const tail of tails) tail.leave()
})

it('ends with the service, and tells its reader to come back', async () => {
  const ending = await startTestService()
  const resource = await provision(ending)
  const token = await makeTokenAt(ending.origin, ending.config, resource.id)
  const tail = await openEvents(`${ending.origin}/resources/${resource.id}/tail`, bearer(token))
  const started = performance.now()
  await ending.close()
  await tail.over
  expect(performance.now() - started).toBeLessThan(8_000)
  expect(tail.events.at(-1)).toMatchObject({ name: 'end', data: { reason: 'restarting' } })
})

it('fifty readers with the most hostile expression leave the service time for everything else', async () => {
  const { resource, token, url } = await watched()
  const q = encodeURIComponent('/(a+)+$/')
  const tails = await Promise.all(
    Array.from({ length: 50 }, (_, n) => openEvents(`${url}?q=${q}+-${n}`, bearer(token))),
  )
  const hostile = `${'a'.repeat(9_000)}!`
  const delivering = async () => {
    for (let at = 0; at < 5; at++)
      await send(
        resource,
        Array.from({ length: 20 }, () => hostile),
      )
  }
  const slowest = async () => {
    let worst = 0
    for (let at = 0; at < 20; at++) {
      const started = performance.now()
      expect((await fetch(`${service.origin}/healthz`)).status).toBe(200)
      worst = Math.max(worst, performance.now() - started)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return worst
  }
  const [worst] = await Promise.all([slowest(), delivering()])
  // A quarter of it would do; the machine of the tests is shared.
  expect(worst).toBeLessThan(2_000)
  for (const tail of tails) tail.leave()
})
