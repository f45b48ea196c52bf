// The wall clock jumps: back an hour, forward ten days, back again. A substitute for time, and nothing else, is used.
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { MAX_LEAD_MICROS } from '../../src/drain/receipt-clock.ts'
import { EVERYTHING } from '../../src/query/everything.ts'
import { createResourceStore } from '../../src/resources/resource-store.ts'
import { counted, frame } from '../support/deliveries.ts'
import { createTestLogStore } from '../support/logs.ts'
import { deliver, provision, startTestService, type TestService } from '../support/service.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
let service: TestService

beforeAll(async () => {
  // Asked each time: a `Date.now` that is taken once stays the real one.
  service = await startTestService({}, undefined, () => Date.now())
})
afterAll(() => service.close())
afterEach(() => {
  vi.useRealTimers()
})

it('every line is stored once, at a time of its own, and by the right clock as soon as there is one', async () => {
  const resource = await provision(service)
  const start = Date.now()
  const jumps = [0, -HOUR_MS, HOUR_MS, 10 * DAY_MS, 0, -2 * HOUR_MS, 1]
  const takenAt = new Map<string, number>()
  for (const [at, jump] of jumps.entries()) {
    vi.useFakeTimers({ toFake: ['Date'], now: start + jump })
    const names = [`${at}a`, `${at}b`]
    for (const name of names) takenAt.set(name, start + jump)
    const frameId = randomBytes(16).toString('hex')
    const body = Buffer.concat(names.map((name) => counted(frame(name))))
    for (let tries = 0; tries < 2; tries++) {
      expect((await deliver(resource, body, frameId)).status).toBe(204)
    }
  }
  const { pool } = service.database
  const found = await createResourceStore(pool).findResource(resource.id)
  const query = { resourceNumber: found?.number as number, search: EVERYTHING, limit: 100 }
  const { lines } = await createTestLogStore(pool).read(query)
  expect(lines.map(({ message }) => message).sort()).toEqual([...takenAt.keys()].sort())
  expect(new Set(lines.map(({ receivedAt }) => receivedAt)).size).toBe(takenAt.size)
  for (const { message, receivedAt } of lines) {
    const leadMs = Date.parse(receivedAt) - (takenAt.get(message) as number)
    expect(leadMs).toBeGreaterThanOrEqual(0)
    expect(leadMs).toBeLessThanOrEqual(MAX_LEAD_MICROS / 1_000 + 1)
  }
})
