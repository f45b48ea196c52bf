// The whole service on a database of its own, listening on loopback. The simulated Heroku and tests talk HTTP to it.
import { randomBytes, randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { pino } from 'pino'
import { type Config, loadConfig } from '../../src/config.ts'
import { createService, type Service } from '../../src/service.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { counted, frame } from './deliveries.ts'
import { storedLines, storeEnvironment } from './logs.ts'

export interface TestService {
  service: Service
  config: Config
  database: TestDatabase
  /** http://127.0.0.1:<port> */
  origin: string
  /** Ends the service and starts another one over the same database and at the same address. */
  restart(): Promise<void>
  close(): Promise<void>
}

/**
 * Without a spool unless SPOOL says otherwise: on a busy machine a commit may take longer than a delivery waits for
 * it, and most tests read what they delivered as soon as it is answered.
 *
 * @param environment settings as in the process's environment
 * @param log where it logs; nowhere without
 * @param now what it takes for the time
 */
export async function startTestService(
  environment: Record<string, string> = {},
  log: FastifyBaseLogger = pino({ level: 'silent' }),
  now: () => number = Date.now,
): Promise<TestService> {
  const database = await createTestDatabase()
  const config = loadConfig({ PORT: '0', SPOOL: 'off', ...storeEnvironment(database.url), ...environment })
  const start = async (at: number) => {
    const service = await createService({ config, databaseUrl: database.url, log, now })
    await service.app.listen({ host: '127.0.0.1', port: at })
    return service
  }
  const service = await start(0)
  const { port } = service.app.server.address() as AddressInfo
  const running: TestService = {
    service,
    config,
    database,
    origin: `http://127.0.0.1:${port}`,
    async restart() {
      await running.service.close()
      running.service = await start(port)
    },
    async close() {
      await running.service.close()
      await database.close()
    },
  }
  return running
}

export interface TestResource {
  id: string
  drainToken: string
  drainUrl: string
}

/** Provisions a resource the way Heroku does. */
export function provision(service: TestService, plan?: string): Promise<TestResource> {
  return provisionAt(service.origin, service.config, plan)
}

export async function provisionAt(origin: string, config: Config, plan = 'test'): Promise<TestResource> {
  const id = randomUUID()
  const drainToken = `d.${randomUUID()}`
  const answer = await fetch(`${origin}/heroku/resources`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: herokuAuthorization(config) },
    body: JSON.stringify({
      uuid: id,
      name: 'culvert-test-1',
      plan,
      region: 'us',
      log_drain_token: drainToken,
    }),
  })
  if (answer.status !== 200) throw new Error(`provision answered ${answer.status}: ${await answer.text()}`)
  return { id, drainToken, drainUrl: `${origin}/drains/${id}` }
}

/**
 * Posts one delivery as Logplex does, and answers with its answer.
 *
 * @param what the message of its one line, or the whole body
 */
export function deliver(
  to: Pick<TestResource, 'drainUrl' | 'drainToken'>,
  what: string | Uint8Array,
  frameId = randomBytes(16).toString('hex'),
): Promise<Response> {
  return fetch(to.drainUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/logplex-1',
      'logplex-drain-token': to.drainToken,
      'logplex-frame-id': frameId,
    },
    body: new Uint8Array(typeof what === 'string' ? counted(frame(what)) : what),
  })
}

/** Holds up every commit of deliveries until the returned function is called. */
export async function stopCommits({ pool }: TestDatabase): Promise<() => Promise<void>> {
  const client = await pool.connect()
  await client.query('begin; lock table delivery in access exclusive mode')
  return async () => {
    await client.query('rollback')
    client.release()
  }
}

export async function deprovision(service: TestService, id: string): Promise<void> {
  const answer = await fetch(`${service.origin}/heroku/resources/${id}`, {
    method: 'DELETE',
    headers: { authorization: herokuAuthorization(service.config) },
  })
  if (!answer.ok) throw new Error(`deprovision answered ${answer.status}`)
}

/** The messages kept for a resource, oldest received first. */
export async function storedMessages(service: TestService, id: string): Promise<string[]> {
  const { database } = service
  const rows = await storedLines(database)
  return rows.filter((row) => row.id === id).map(({ message }) => message)
}

export function herokuAuthorization(config: Config): string {
  return `Basic ${Buffer.from(`${config.addon.id}:${config.addon.passwords[0]}`).toString('base64')}`
}
