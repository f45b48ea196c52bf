// Lines that come in at a drain go out to a log endpoint: which, as what, and what happens where they are not taken.
import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createService as startAnother } from '../../src/service.ts'
import { counted, frame } from '../support/deliveries.ts'
import { deprovision, storedMessages } from '../support/service.ts'
import { type Receiver, startReceiver } from './receiver.ts'
import { type Caller, createService, startWorld, type World } from './world.ts'

const PATIENT = { timeout: 15_000, interval: 50 }

let world: World
let caller: Caller
let receiver: Receiver
let id: string

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())
beforeEach(async () => {
  receiver = await startReceiver()
  caller = await world.stranger()
  id = await createService(caller)
})
afterEach(async () => {
  await caller.call('PUT', `/service/${id}/version/1/deactivate`)
  await receiver.close()
})

async function stream(fields: Record<string, string> = {}, statement?: string): Promise<void> {
  const version = `/service/${id}/version/1`
  if (statement !== undefined)
    await caller.call('POST', `${version}/condition`, { name: 'c', statement, type: 'RESPONSE' })
  const condition = statement === undefined ? {} : { response_condition: 'c' }
  const created = await caller.call('POST', `${version}/logging/heroku`, {
    name: 'out',
    format: '%{line.message}V',
    ...receiver.target,
    ...condition,
    ...fields,
  })
  expect([created.status, created.text]).toEqual([200, expect.anything()])
  expect((await caller.call('PUT', `${version}/activate`)).status).toBe(200)
}

async function deliver(frames: readonly string[], headers: Record<string, string> = {}): Promise<number> {
  const answer = await fetch(caller.resource.drainUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/logplex-1',
      'logplex-drain-token': caller.resource.drainToken,
      'logplex-frame-id': randomUUID().replaceAll('-', '').toUpperCase(),
      'logplex-msg-count': String(frames.length),
      ...headers,
    },
    body: Buffer.concat(frames.map(counted)),
  })
  return answer.status
}

const arrived = (messages: readonly string[]) =>
  vi.waitFor(() => expect(receiver.messages()).toEqual(messages), PATIENT)

describe('lines of a resource', () => {
  it('arrive in order, rendered, in frames that say where they are from', async () => {
    await stream()
    expect(await deliver(['one', 'two', 'three'].map((text) => frame(text)))).toBe(204)
    await deliver([frame('four', { process: 'worker.1' })])
    await arrived(['one', 'two', 'three', 'four'])
    expect(receiver.lines[0]).toMatchObject({
      priority: 190,
      time: '2026-11-21T10:00:00.000000+00:00',
      host: world.service.config.addon.id,
      source: 'out',
      process: `${world.service.config.addon.id}-endpoint`,
    })
    const [request] = receiver.requests
    expect(request?.headers).toMatchObject({
      'content-type': 'application/logplex-1',
      'logplex-frame-id': expect.stringMatching(/^[0-9a-f]{32}$/),
      'user-agent': `${world.service.config.addon.id} (culvert)`,
    })
  })

  it('are chosen by the condition', async () => {
    await stream({ format: '%m %U %>s' }, 'resp.status >= 500')
    await deliver([
      frame('method=GET path=/a status=200 fwd="1.2.3.4"', { source: 'heroku', process: 'router' }),
      frame('nothing of a request'),
      frame('method=GET path=/b status=503 fwd="1.2.3.4"', { source: 'heroku', process: 'router' }),
    ])
    await arrived(['GET /b 503'])
  })

  it('arrive however late or early they say that they were sent', async () => {
    await stream()
    await deliver([
      frame('a year ago', { at: '2025-11-21T10:00:00+00:00' }),
      frame('in the future', { at: '2036-01-01T00:00:00+00:00' }),
      frame('no time', { at: '-' }),
    ])
    await arrived(['a year ago', 'in the future', 'no time'])
  })

  it('are cut where a frame cannot hold them, and say so', async () => {
    await stream()
    await deliver([frame(`${'ü'.repeat(8_000)} end`)])
    await vi.waitFor(() => expect(receiver.lines).toHaveLength(1), PATIENT)
    const [message = ''] = receiver.messages()
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(10_000)
    expect(message).toMatch(/^ü+ \[cut: 16004 bytes\]$/)
  })

  it('arrive in requests of bounded size, however many there are', async () => {
    await stream({ format: '%{line.message}V %{line.message}V' })
    const texts = Array.from({ length: 2_500 }, (_, at) => `${at}`.padStart(4, '0') + 'x'.repeat(400))
    await deliver(texts.map((text) => frame(text)))
    await arrived(texts.map((text) => `${text} ${text}`))
    expect(receiver.requests.length).toBeGreaterThan(4)
    for (const { body } of receiver.requests) expect(body.length).toBeLessThanOrEqual(1_000_000)
  })

  it('are sent on from activation to deactivation', async () => {
    await deliver([frame('before')])
    await stream()
    await deliver([frame('while')])
    await arrived(['while'])
    await caller.call('PUT', `/service/${id}/version/1/deactivate`)
    await deliver([frame('after')])
    await caller.call('PUT', `/service/${id}/version/1/activate`)
    await deliver([frame('again')])
    await arrived(['while', 'again'])
  })

  it('of another resource do not', async () => {
    await stream()
    const other = await world.stranger()
    const mine = caller
    caller = other
    await deliver([frame("somebody else's")])
    caller = mine
    await deliver([frame('mine')])
    await arrived(['mine'])
  })

  it('go to each endpoint, in its own format; to none whose placement is none', async () => {
    const second = await startReceiver()
    const version = `/service/${id}/version/1`
    await caller.call('POST', `${version}/logging/heroku`, {
      name: 'upper',
      format: '%{std.toupper(line.message)}V',
      ...second.target,
    })
    const third = await startReceiver()
    await caller.call('POST', `${version}/logging/heroku`, {
      name: 'none',
      placement: 'none',
      ...third.target,
    })
    await stream()
    await deliver([frame('hello')])
    await arrived(['hello'])
    await vi.waitFor(() => expect(second.messages()).toEqual(['HELLO']), PATIENT)
    expect(third.requests).toEqual([])
    await second.close()
    await third.close()
  })

  it('go on where they were when another version is activated, by its format', async () => {
    await stream()
    receiver.answers = { status: 503 }
    await deliver([frame('one')])
    await vi.waitFor(() => expect(receiver.requests.length).toBeGreaterThan(0), PATIENT)
    await caller.call('PUT', `/service/${id}/version/1/clone`)
    const two = `/service/${id}/version/2`
    await caller.call('PUT', `${two}/logging/heroku/out`, { format: 'v2 %{line.message}V' })
    receiver.answers = null
    await caller.call('PUT', `${two}/activate`)
    await arrived(['v2 one'])
    await caller.call('PUT', `${two}/deactivate`)
  })

  it('end with the resource, and the target is deleted', async () => {
    await stream()
    await deprovision(world.service, caller.resource.id)
    const { rows } = await world.service.database.pool.query(
      `select (select count(*) from log_endpoint where service_id = $1)::integer
              + (select count(*) from endpoint_stream where service_id = $1)::integer as left`,
      [id],
    )
    expect(rows[0].left).toBe(0)
  })
})

describe('a receiver', () => {
  it('that is away gets everything when it is back, in order, and nothing twice that it took', async () => {
    await stream()
    receiver.answers = { status: 503 }
    await deliver([frame('one')])
    await deliver([frame('two')])
    await vi.waitFor(() => expect(receiver.requests.length).toBeGreaterThan(0), PATIENT)
    receiver.answers = 'nothing'
    await vi.waitFor(() => expect(receiver.requests.length).toBeGreaterThan(1), PATIENT)
    const state = await endpointState()
    expect(state).toMatchObject({ state: 'failing', stream: { waiting_lines: 2 } })
    expect(state.stream.last_error).toMatch(/answered 503|could not be reached/)
    receiver.answers = null
    await deliver([frame('three')])
    await arrived(['one', 'two', 'three'])
    await vi.waitFor(
      async () =>
        expect(await endpointState()).toMatchObject({
          state: 'streaming',
          stream: { waiting_lines: 0, sent_lines: 3, last_error: null },
        }),
      PATIENT,
    )
    // The same frame id on each try of the same lines.
    const ids = receiver.requests
      .filter(({ body }) => body.toString().includes('one') && !body.toString().includes('two'))
      .map(({ headers }) => headers['logplex-frame-id'])
    expect(new Set(ids).size).toBeLessThanOrEqual(1)
  })

  it('that refuses lines for good is sent the next ones, and told what is missing', async () => {
    await stream()
    receiver.answers = { status: 400 }
    await deliver([frame('one'), frame('two')])
    await vi.waitFor(
      async () =>
        expect(await endpointState()).toMatchObject({
          stream: { dropped_lines: 2, last_error: 'answered 400 Bad Request' },
        }),
      PATIENT,
    )
    receiver.answers = null
    await deliver([frame('three')])
    await arrived(['2 lines were not sent: refused, or not taken for too long', 'three'])
  })

  it('that does not know the token keeps the lines waiting', async () => {
    await stream({ token: 't.wrong' })
    await deliver([frame('one')])
    await vi.waitFor(
      async () =>
        expect(await endpointState()).toMatchObject({
          state: 'failing',
          stream: { waiting_lines: 1, dropped_lines: 0, last_error: 'answered 401 Unauthorized' },
        }),
      PATIENT,
    )
  })

  it('that points elsewhere is not followed', async () => {
    const elsewhere = await startReceiver()
    await stream()
    receiver.answers = { status: 307, headers: { location: elsewhere.target.url } }
    await deliver([frame('one')])
    await vi.waitFor(
      async () => expect((await endpointState()).stream.last_error).toMatch(/a redirect/),
      PATIENT,
    )
    expect(elsewhere.requests).toEqual([])
    await elsewhere.close()
  })
})

describe('no line goes round', () => {
  it('that we sent on and got back through a drain', async () => {
    await stream()
    const { addon } = world.service.config
    await deliver([frame('ours', { process: `${addon.id}-endpoint` }), frame('theirs')])
    await arrived(['theirs'])
  })

  it('that a log endpoint sends to a drain of ours under another name', async () => {
    const port = new URL(world.service.origin).port
    await stream({
      url: `http://127.0.0.1:${port}/drains/${caller.resource.id}`,
      token: caller.resource.drainToken,
    })
    await deliver([frame('one')])
    await vi.waitFor(
      async () =>
        expect(await endpointState()).toMatchObject({
          stream: { dropped_lines: 1, last_error: 'answered 400 Bad Request' },
        }),
      PATIENT,
    )
    expect(await storedMessages(world.service, caller.resource.id)).toHaveLength(1)
  })
})

it('is sent once where several processes send and nothing goes wrong', async () => {
  const { config, database } = world.service
  const log = pino({ level: 'silent' })
  const others = await Promise.all([1, 2].map(() => startAnother({ config, databaseUrl: database.url, log })))
  await stream()
  const texts = Array.from({ length: 60 }, (_, at) => `line ${at}`)
  for (const text of texts) await deliver([frame(text)])
  await arrived(texts)
  await Promise.all(others.map((other) => other.close()))
  expect(receiver.messages()).toEqual(texts)
})

it('shows each endpoint and how it is doing, and nothing of its secrets', async () => {
  await stream({ format: '%>s %{line.process}V' }, 'resp.status')
  await deliver([
    frame('method=GET path=/a status=200', { source: 'heroku', process: 'router' }),
    frame('no request'),
  ])
  await vi.waitFor(async () => {
    expect(await endpointState()).toMatchObject({
      name: 'out',
      host: new URL(receiver.target.url).host,
      format: '%>s %{line.process}V',
      format_version: 2,
      condition: { name: 'c', statement: 'resp.status' },
      state: 'streaming',
      stream: { waiting_lines: 0, sent_lines: 1, cut_lines: 0, dropped_lines: 0, last_error: null },
    })
  }, PATIENT)
  expect(receiver.messages()).toEqual(['200 router'])
  const text = JSON.stringify(await endpointState())
  expect(text).not.toContain(receiver.target.token)
  expect(text).not.toContain(new URL(receiver.target.url).pathname)
})

// biome-ignore lint/suspicious/noExplicitAny: each test says what it expects of it
async function endpointState(): Promise<any> {
  const answer = await fetch(`${world.service.origin}/resources/${caller.resource.id}/log-endpoints`, {
    headers: { authorization: `Bearer ${caller.key}` },
  })
  const { services } = (await answer.json()) as { services: { id: string; endpoints: unknown[] }[] }
  return services.find((service) => service.id === id)?.endpoints[0]
}
