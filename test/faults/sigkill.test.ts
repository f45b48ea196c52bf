// SIGKILL under load: whatever was answered 204 is there exactly once, whatever was not is there once at most.
import { randomBytes, randomUUID } from 'node:crypto'
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { counted, frame } from '../support/deliveries.ts'
import { storedLines } from '../support/logs.ts'
import { post } from '../support/senders.ts'
import { provisionAt } from '../support/service.ts'
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts'

const SENDERS = 8
const LINES_PER_DELIVERY = 20
const KILLS = 3
const UP_MS = 700

let database: TestDatabase
let service: ServiceProcess
beforeAll(async () => {
  database = await createTestDatabase()
  service = await startServiceProcess({ DATABASE_URL: database.url })
})
afterAll(async () => {
  await service.end('SIGTERM')
  await database.close()
})

it(`keeps every acknowledged line exactly once over ${KILLS} SIGKILLs under load`, {
  timeout: 90_000,
}, async () => {
  const port = new URL(service.origin).port
  const { drainToken } = await provisionAt(service.origin, loadConfig({}))
  const acknowledged = new Set<string>()
  const abandoned = new Set<string>()
  let stopped = false
  let cutOff = 0

  /** One Logplex: one delivery in flight. Half of them insist on a batch, half give it up as Logplex would. */
  async function send(insists: boolean): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (!stopped) {
      const names = Array.from({ length: LINES_PER_DELIVERY }, () => randomUUID())
      const body = Buffer.concat(names.map((name) => counted(frame(name))))
      const frameId = randomBytes(16).toString('hex')
      let status = await post(agent, `http://127.0.0.1:${port}`, drainToken, frameId, body)
      while (status !== 204 && insists) {
        cutOff++
        await sleep(50)
        status = await post(agent, `http://127.0.0.1:${port}`, drainToken, frameId, body)
      }
      for (const name of names) (status === 204 ? acknowledged : abandoned).add(name)
    }
    agent.destroy()
  }

  const senders = Array.from({ length: SENDERS }, (_, at) => send(at % 2 === 0))
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(UP_MS * (0.5 + Math.random()))
    await service.end('SIGKILL')
    service = await startServiceProcess({ DATABASE_URL: database.url, PORT: port })
  }
  await sleep(UP_MS)
  stopped = true
  await Promise.all(senders)

  const rows = await storedLines(database)
  const times = new Map<string, number>()
  for (const { message } of rows) times.set(message, (times.get(message) ?? 0) + 1)
  expect([...acknowledged].filter((name) => times.get(name) !== 1)).toEqual([])
  expect([...abandoned].filter((name) => (times.get(name) ?? 0) > 1)).toEqual([])
  expect(times.size).toBeLessThanOrEqual(acknowledged.size + abandoned.size)
  // The kills did hit deliveries on their way, or this test has shown nothing.
  expect(cutOff).toBeGreaterThan(0)
  expect(acknowledged.size).toBeGreaterThan(SENDERS * LINES_PER_DELIVERY)
})
