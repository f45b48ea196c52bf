// The wall clock jumps: back an hour, forward a day, back again. A substitute for time, and nothing else, is used.
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { counted, frame } from '../support/deliveries.ts'
import { deliver, provision, startTestService, storedMessages, type TestService } from '../support/service.ts'

const HOUR_MS = 3_600_000
let service: TestService

beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service.close())
afterEach(() => {
  vi.useRealTimers()
})

it('keeps every line, once and in the order of receipt', async () => {
  const resource = await provision(service)
  const start = Date.now()
  const jumps = [0, -HOUR_MS, HOUR_MS, 24 * HOUR_MS, 0, -2 * HOUR_MS, 1]
  const names: string[] = []
  for (const [at, jump] of jumps.entries()) {
    vi.useFakeTimers({ toFake: ['Date'], now: start + jump })
    const frameId = randomBytes(16).toString('hex')
    const body = Buffer.concat([`${at}a`, `${at}b`].map((name) => counted(frame(name))))
    for (let tries = 0; tries < 2; tries++) {
      const answer = await deliver(resource, body, frameId)
      expect(answer.status).toBe(204)
    }
    names.push(`${at}a`, `${at}b`)
  }
  expect(await storedMessages(service, resource.id)).toEqual(names)
})
