// The sender without a clock: each test says when a round is.
import { randomBytes, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { toId } from '../../src/endpoints/api/ids.ts'
import { createEndpointStore } from '../../src/endpoints/endpoint-store.ts'
import { EndpointCounters } from '../../src/endpoints/sender/counters.ts'
import { Sender } from '../../src/endpoints/sender/sender.ts'
import { createServiceStore } from '../../src/endpoints/service-store.ts'
import { createStreamStore, matchStreams, type StreamStore } from '../../src/endpoints/stream-store.ts'
import { createLineFeeds } from '../../src/logs/ledger/feeds.ts'
import type { LogStore } from '../../src/logs/log-store.ts'
import { createOutbound, type Outbound } from '../../src/outbound/outbound.ts'
import { createSecretBox } from '../../src/secrets/secret-box.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { delivery, frame } from '../support/deliveries.ts'
import { createTestLogStore, isOverClickHouse, testLines } from '../support/logs.ts'
import { type Receiver, startReceiver } from './receiver.ts'

const PATIENT = { timeout: 15_000, interval: 50 }
const LOSS = 'not sent: refused, or not taken for too long'
const box = createSecretBox([{ id: 'a', key: randomBytes(32).toString('base64') }], randomBytes)

let database: TestDatabase
let logs: LogStore
let streams: StreamStore
let receiver: Receiver
let outbound: Outbound
let senders: Sender[]
let resource: { id: string; number: number }

beforeAll(async () => {
  database = await createTestDatabase()
  logs = createTestLogStore(database.pool)
  streams = createStreamStore(database.pool, box)
  await logs.makeTables([7], new Date('2026-11-21T12:00:00Z'))
})
afterAll(() => database.close())
beforeEach(async () => {
  receiver = await startReceiver()
  outbound = createOutbound({ allowInside: true, keepAlive: true, maxCallsToHost: 64 })
  senders = []
  await newResource()
})
afterEach(async () => {
  for (const sender of senders) sender.end()
  await Promise.all(senders.map((sender) => sender.settled()))
  outbound.close()
  await receiver.close()
  await database.pool.query('truncate line_feed, line_feed_item, endpoint_stream')
})

async function newResource(): Promise<void> {
  const { rows } = await database.pool.query(
    `insert into resource (id, state, name, plan) values ($1, 'provisioned', 'x', 'test') returning id, number`,
    [randomUUID()],
  )
  resource = rows[0]
}

/** As in a process of its own. */
function newSender(store: StreamStore = streams): Sender {
  const sender = new Sender({
    streams: store,
    feeds: createLineFeeds(database.pool, testLines(database.pool)),
    outbound,
    appNames: async () => new Map(),
    addonId: 'culvert',
    origin: 'here',
    counters: new EndpointCounters(),
    log: pino({ level: 'silent' }),
    now: Date.now,
    random: Math.random,
  })
  senders.push(sender)
  return sender
}

/** Ten endpoints at most, as names of one service. */
async function stream(names: readonly string[], target = receiver.target): Promise<string> {
  const services = createServiceStore(database.pool, matchStreams)
  const endpoints = createEndpointStore(database.pool, box)
  const id = toId(randomBytes(16))
  await services.create(resource.id, { id, name: 'a service', type: 'vcl', comment: '' })
  const ref = { resourceId: resource.id, serviceId: id, version: 1 }
  for (const name of names) {
    await endpoints.create(ref, {
      name,
      ...target,
      format: '%{line.message}V',
      formatVersion: 2,
      placement: null,
      responseCondition: '',
      logProcessingRegion: 'none',
    })
  }
  await services.activate(ref)
  return id
}

let receivedAtMicros = Date.UTC(2026, 10, 21, 12) * 1000
const store = (texts: readonly string[]) => {
  receivedAtMicros += 10_000
  return logs.append([
    delivery(
      texts.map((text) => frame(text)),
      { resourceNumber: resource.number, drainId: resource.number, receivedAtMicros },
    ),
  ])
}
const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => String(from + at))
const stateOf = async (serviceId: string) => (await streams.states(serviceId))[0]
const roundAndSettle = async (sender: Sender) => {
  await sender.round()
  await sender.settled()
}
/** Leases, rests and pauses are over. */
const passTime = () =>
  database.pool.query(
    `update endpoint_stream set next_try_at = now(), leased_until = case when leased_by is null then null else now() end`,
  )

/** Each takes a connection from the pool. */
async function statementsOf(work: () => Promise<void>): Promise<number> {
  let statements = 0
  const count = () => statements++
  database.pool.on('acquire', count)
  await work()
  database.pool.off('acquire', count)
  return statements
}

describe('many streams', () => {
  it('are sent in a few statements, not in some for each', async () => {
    for (let service = 0; service < 5; service++) await stream(numbered(0, 10))
    await store(['line'])
    expect(await statementsOf(() => roundAndSettle(newSender()))).toBeLessThan(50)
    expect(receiver.messages()).toEqual(Array.from({ length: 50 }, () => 'line'))
    expect((await database.pool.query('select from line_feed_item')).rowCount).toBe(0)
  })

  it('are as quickly done with where their lines are gone', async () => {
    for (let service = 0; service < 5; service++) await stream(numbered(0, 10))
    await store(['line'])
    await logs.purge(resource.number)
    expect(await statementsOf(() => roundAndSettle(newSender()))).toBeLessThan(30)
    expect((await database.pool.query('select from line_feed_item')).rowCount).toBe(0)
  })

  it.runIf(!isOverClickHouse)('are sent but for the one whose lines cannot be read', async () => {
    await stream(numbered(0, 6))
    await store(['line'])
    // Times that no table can hold.
    await database.pool.query(
      `update line_feed_item set received_to = 9000000000000000000 where id = (select min(id) from line_feed_item)`,
    )
    await roundAndSettle(newSender())
    expect(receiver.messages()).toEqual(Array.from({ length: 5 }, () => 'line'))
    expect((await database.pool.query('select from line_feed_item')).rowCount).toBe(1)
  })

  it('are not held up by a receiver that does not answer', async () => {
    const silent = await startReceiver()
    silent.answers = 'never'
    await stream(['silent'], silent.target)
    await stream(numbered(0, 5))
    const sender = newSender()
    await store(['one'])
    await sender.round()
    await vi.waitFor(() => expect(receiver.messages()).toHaveLength(5), PATIENT)
    expect(silent.requests).toHaveLength(1)
    await store(['two'])
    await vi.waitFor(async () => {
      await sender.round()
      expect(receiver.messages().filter((message) => message === 'two')).toHaveLength(5)
    }, PATIENT)
    expect(silent.requests).toHaveLength(1)
    sender.end()
    await sender.settled()
    await silent.close()
  })

  it('are all gone on with where more waits than is sent at once', async () => {
    for (let service = 0; service < 7; service++) await stream(numbered(0, 10))
    await store(numbered(0, 300))
    await store(['the end'])
    await roundAndSettle(newSender())
    expect(receiver.messages().filter((message) => message === 'the end')).toHaveLength(70)
    expect(receiver.lines).toHaveLength(70 * 301)
  })
})

describe('what was taken', () => {
  it('comes again after a crash that kept it from being written down, and then no more', async () => {
    const service = await stream(['out'])
    await store(['one', 'two'])
    const killed = newSender({ ...streams, settle: () => new Promise(() => {}) })
    await killed.round()
    await vi.waitFor(() => expect(receiver.messages()).toEqual(['one', 'two']), PATIENT)
    senders = []
    const next = newSender()
    await roundAndSettle(next)
    // Until its lease has run out, the stream is the other one's.
    expect(receiver.messages()).toEqual(['one', 'two'])
    await passTime()
    await roundAndSettle(next)
    expect(receiver.messages()).toEqual(['one', 'two', 'one', 'two'])
    await passTime()
    await roundAndSettle(next)
    expect(receiver.messages()).toHaveLength(4)
    expect(await stateOf(service)).toMatchObject({ sentLines: 2, failures: 0 })
  })

  it('does not come again where only a later request of the same page failed', async () => {
    const service = await stream(['out'])
    for (const from of [0, 300, 600, 900]) await store(numbered(from, from + 300))
    receiver.next = [null, { status: 503 }]
    const sender = newSender()
    await roundAndSettle(sender)
    expect(receiver.messages()).toEqual(numbered(0, 500))
    expect(await stateOf(service)).toMatchObject({
      sentLines: 500,
      failures: 1,
      lastError: expect.stringContaining('503'),
    })
    await passTime()
    await roundAndSettle(sender)
    // From the delivery on that the failure was in the midst of.
    expect(receiver.messages()).toEqual([...numbered(0, 500), ...numbered(300, 1_200)])
    expect(await stateOf(service)).toMatchObject({ failures: 0, lastError: null })
  })

  it('is sent at once by the next process where this one ends before an answer', async () => {
    const service = await stream(['out'])
    await store(['one'])
    receiver.next = ['never']
    const ending = newSender()
    await ending.round()
    await vi.waitFor(() => expect(receiver.requests).toHaveLength(1), PATIENT)
    ending.end()
    await ending.settled()
    await roundAndSettle(newSender())
    expect(receiver.messages()).toEqual(['one'])
    expect(await stateOf(service)).toMatchObject({ sentLines: 1, failures: 0, lastErrorAt: null })
  })

  it('is not written down by whose lease has run out', async () => {
    const service = await stream(['out'])
    await store(['one'])
    const [claimed] = await streams.claim(
      await createLineFeeds(database.pool, testLines(database.pool)).waiting(),
      randomUUID(),
      10,
    )
    const { rows } = await database.pool.query<{ id: string }>('select id from line_feed_item')
    await streams.settle(
      [
        {
          serviceId: service,
          name: 'out',
          items: rows.map(({ id }) => id),
          sentLines: 1,
          cutLines: 0,
          droppedLines: 0,
          toldLines: 0,
          failures: 0,
          error: null,
          againInMs: 0,
        },
      ],
      randomUUID(),
    )
    expect(claimed?.name).toBe('out')
    expect(await stateOf(service)).toMatchObject({ sentLines: 0 })
    expect((await database.pool.query('select from line_feed_item')).rowCount).toBe(1)
  })
})

it('leaves no line out that it does not tell of, and keeps the order, whatever a receiver answers', {
  timeout: 60_000,
}, async () => {
  const answers = fc.constantFrom(null, { status: 400 }, { status: 429 }, { status: 503 }, 'nothing' as const)
  const deliveries = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(fc.array(answers, { maxLength: 6 }), deliveries, async (next, sizes) => {
      await newResource()
      const service = await stream(['out'])
      let total = 0
      for (const size of sizes) {
        await store(numbered(total, total + size))
        total += size
      }
      receiver.lines.length = 0
      receiver.next = [...next]
      const sender = newSender()
      await vi.waitFor(async () => {
        await passTime()
        await roundAndSettle(sender)
        expect((await database.pool.query('select from line_feed_item')).rowCount).toBe(0)
      }, PATIENT)
      const messages = receiver.messages()
      const arrived = [...new Set(messages.filter((message) => !message.endsWith(LOSS)).map(Number))]
      expect(arrived).toEqual(arrived.toSorted((a, b) => a - b))
      const { droppedLines = 0 } = (await stateOf(service)) ?? {}
      expect(arrived.length + droppedLines).toBeGreaterThanOrEqual(total)
      if (!next.some((answer) => answer !== null && answer !== 'nothing' && answer.status === 400))
        expect([droppedLines, arrived.length]).toEqual([0, total])
      const { rows } = await database.pool.query(
        'select untold_lines from endpoint_stream where service_id = $1',
        [service],
      )
      const told = messages
        .filter((message) => message.endsWith(LOSS))
        .map((message) => Number.parseInt(message, 10))
      expect(told.reduce((sum, lines) => sum + lines, 0)).toBe(droppedLines - Number(rows[0].untold_lines))
      await database.pool.query('truncate line_feed, line_feed_item, endpoint_stream')
    }),
    { numRuns: 15 },
  )
})

it('drops what a request is refused for, no more, and tells of it in the next one', async () => {
  const service = await stream(['out'])
  await store(numbered(0, 1_000))
  receiver.next = [{ status: 400 }]
  await roundAndSettle(newSender())
  expect(receiver.messages()).toEqual([`500 lines were ${LOSS}`, ...numbered(500, 1_000)])
  expect(await stateOf(service)).toMatchObject({ sentLines: 500, droppedLines: 500, failures: 0 })
})
