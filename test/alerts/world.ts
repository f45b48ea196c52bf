// Alerts over a database of their own, a log store with lines in it, and a webhook that answers as it is told to.

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import type { NewAlert } from '../../src/alerts/alert-store.ts'
import { type AlertsRoom, createAlertsRoom } from '../../src/alerts/alerts.ts'
import { readWebhook } from '../../src/alerts/destinations/webhook.ts'
import { loadConfig } from '../../src/config.ts'
import type { LogStore } from '../../src/logs/log-store.ts'
import { createResourceStore, type ResourceStore } from '../../src/resources/resource-store.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { delivery, frame } from '../support/deliveries.ts'
import { runJob } from '../support/jobs.ts'
import { testLifecycle } from '../support/lifecycle.ts'
import { createTestLogStore } from '../support/logs.ts'

export const NOON = Date.UTC(2026, 10, 21, 12)

export interface Posted {
  text: string
  culvert: {
    id: string
    kind: string
    alert: { name: string }
    lines: number
    examples: unknown[]
    url: string
  }
}

export interface World {
  database: TestDatabase
  logs: LogStore
  resources: ResourceStore
  /** What all take for the time, in milliseconds since 1970. */
  clock: { now: number }
  /** What the webhook took, in order. */
  posted: Posted[]
  /** What the webhook answers next; 200 when there is nothing left. */
  answers: number[]
  webhookUrl: string
  /** A process that looks at alerts and delivers. */
  openRoom(environment?: Record<string, string>): AlertsRoom
  /** Lets a room look at what is due, and deliver. */
  turn(room: AlertsRoom): Promise<void>
  resource(): Promise<{ id: string; number: number }>
  /** Stores lines that were sent at these times. */
  lines(resourceNumber: number, message: string, at: readonly number[], process?: string): Promise<void>
  alert(fields: Partial<NewAlert>): NewAlert
  close(): Promise<void>
}

export async function createWorld(): Promise<World> {
  const database = await createTestDatabase()
  const logs = createTestLogStore(database.pool)
  await logs.makeTables([7], new Date(NOON))
  const resources = createResourceStore(database.pool)
  const clock = { now: NOON }
  const posted: Posted[] = []
  const answers: number[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const status = answers.shift() ?? 200
    if (status === 200) posted.push(JSON.parse(body))
    response.writeHead(status).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const webhookUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/secret`
  const rooms: AlertsRoom[] = []

  return {
    database,
    logs,
    resources,
    clock,
    posted,
    answers,
    webhookUrl,
    openRoom(environment = {}) {
      const room = createAlertsRoom({
        pool: database.pool,
        config: loadConfig({ PUBLIC_URL: 'https://culvert.test', ...environment }),
        logs,
        appNames: async () => new Map([[1, 'tidy-river-1234']]),
        someApp: async () => 'tidy-river-1234',
        log: pino({ level: 'silent' }),
        now: () => clock.now,
      })
      rooms.push(room)
      return room
    },
    async turn(room) {
      for (const { name } of room.jobs) await runJob(room.jobs, name)
    },
    async resource() {
      const id = randomUUID()
      await testLifecycle(database.pool).provision({
        id,
        name: 'culvert-curly-41233',
        plan: 'test',
        region: 'us',
        options: {},
        drainToken: null,
      })
      return (await resources.findResource(id)) as { id: string; number: number }
    },
    async lines(resourceNumber, message, at, process = 'web.1') {
      const frames = at.map((time) => frame(message, { at: new Date(time).toISOString(), process }))
      await logs.append([delivery(frames, { resourceNumber, receivedAtMicros: clock.now * 1000 })])
    },
    alert: (fields) => ({
      name: `alert ${randomUUID()}`,
      q: '',
      condition: { kind: 'more_than', lines: 2, minutes: 5 },
      webhook: readWebhook(webhookUrl, { allowInside: true }),
      email: null,
      ...fields,
    }),
    async close() {
      for (const room of rooms) room.close()
      server.closeAllConnections()
      server.close()
      await database.close()
    },
  }
}
