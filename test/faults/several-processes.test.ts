// Two and three processes on one database: a delivery and its retries may reach any of them, at the same moment.
import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { counted, frame } from '../support/deliveries.ts'
import { storedLines } from '../support/logs.ts'
import { deliver, provisionAt } from '../support/service.ts'
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts'

const PROCESSES = 3
const DELIVERIES = 150
const LINES = 10

let database: TestDatabase
let services: ServiceProcess[]

beforeAll(async () => {
  // Without a schema: the processes migrate it themselves, all at once.
  database = await createTestDatabase({ empty: true })
  services = await Promise.all(
    Array.from({ length: PROCESSES }, () =>
      startServiceProcess({ DATABASE_URL: database.url, SPOOL: 'off' }),
    ),
  )
})
afterAll(async () => {
  await Promise.all(services.map((service) => service.end('SIGTERM')))
  await database.close()
})

/** The status, or 0 where no answer came. */
async function send(origin: string, drainToken: string, frameId: string, body: Buffer): Promise<number> {
  try {
    return (await deliver({ drainUrl: `${origin}/drains/x`, drainToken }, body, frameId)).status
  } catch {
    return 0
  }
}

it('stores each delivery once whichever processes its tries reach, and one of them dies meanwhile', async () => {
  const origin = (at: number) => (services[at % PROCESSES] as ServiceProcess).origin
  const { drainToken } = await provisionAt(origin(0), loadConfig({}))
  const victim = services[2] as ServiceProcess
  const acknowledged: string[] = []
  const one = async (n: number) => {
    const names = Array.from({ length: LINES }, () => randomUUID())
    const body = Buffer.concat(names.map((name) => counted(frame(name))))
    const frameId = randomBytes(16).toString('hex')
    // Three tries at once, at all of the processes, in no order.
    const statuses = await Promise.all(
      [0, 1, 2].map((shift) => send(origin(n + shift), drainToken, frameId, body)),
    )
    if (statuses.includes(204)) acknowledged.push(...names)
  }
  const first = Array.from({ length: DELIVERIES }, (_, n) => one(n))
  await Promise.race(first)
  await victim.end('SIGKILL')
  await Promise.all(first)
  await Promise.all(Array.from({ length: DELIVERIES }, (_, n) => one(n)))

  const rows = await storedLines(database)
  const times = new Map<string, number>()
  for (const { message } of rows) times.set(message, (times.get(message) ?? 0) + 1)
  expect(acknowledged.length).toBe(2 * DELIVERIES * LINES)
  expect(acknowledged.filter((name) => times.get(name) !== 1)).toEqual([])
  expect([...times.values()].filter((count) => count > 1)).toEqual([])

  services[2] = await startServiceProcess({ DATABASE_URL: database.url, SPOOL: 'off' })
  const { rows: usage } = await database.pool.query('select sum(lines)::integer as lines from usage')
  expect(usage[0].lines).toBe(times.size)
})
