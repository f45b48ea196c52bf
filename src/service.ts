// The parts of the service, put together over an open database. main.ts runs it as a process, tests run it in theirs.
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import type { Config } from './config.ts'
import { migrate } from './database/migrate.ts'
import { createPool } from './database/pool.ts'
import { isTransient } from './database/sqlstate.ts'
import { createDrain, type Drain } from './drain/drain.ts'
import { startHousekeeping } from './jobs/housekeeping.ts'
import { createPostgresLogStore } from './logs/postgres/postgres-log-store.ts'
import { createResourceStore } from './partner/resource-store.ts'
import type { Visitor } from './partner/sign-in.ts'
import { findPlan, retentionClasses } from './plans.ts'
import { buildServer } from './server.ts'
import { renderErrorPage } from './viewer/error-page.ts'
import { openSession } from './viewer/session.ts'
import { createSessionStore } from './viewer/session-store.ts'

export interface Service {
  app: FastifyInstance
  drain: Drain
  /**
   * Stops listening, lets what was let in finish, closes what the service opened. The embedded database is its
   * opener's to stop.
   */
  close(): Promise<void>
}

export interface ServiceNeeds {
  config: Config
  /** An open database; in production a migrated one. */
  databaseUrl: string
  log: FastifyBaseLogger
}

export async function createService({ config, databaseUrl, log }: ServiceNeeds): Promise<Service> {
  const open = (applicationName: string, connections: number) =>
    createPool({
      url: databaseUrl,
      tls: config.database.tls,
      connections,
      applicationName,
      onError: (error) => log.warn({ err: error }, 'a database connection died'),
    })
  // The writers have connections of their own: no reader's slow query can keep a delivery waiting.
  const writing = open('culvert write', config.drain.writers)
  const reading = open('culvert', config.database.connections - config.drain.writers)
  // In production the release phase migrates, once for all processes, before any of them starts.
  if (!config.production) {
    const applied = await migrate(reading)
    if (applied.length > 0) log.info({ applied }, 'migrated')
  }
  const writeStore = createPostgresLogStore(writing)
  const logs = createPostgresLogStore(reading)
  const resources = createResourceStore(reading)
  const sessions = createSessionStore(reading)

  // The longest where a plan is no longer on the list: a retired plan's customer must not lose lines.
  const classes = retentionClasses(config.plans)
  const retentionDaysOf = (plan: string) =>
    findPlan(config.plans, plan)?.retentionDays ?? (classes.at(-1) as number)
  const keepHouse = () => logs.maintain(classes, new Date())
  await keepHouse()
  const housekeeping = startHousekeeping(keepHouse, (error) =>
    log.error({ err: error }, 'housekeeping failed'),
  )

  const signedIn = (visitor: Visitor) => openSession(sessions, config.publicUrl, visitor)
  const drain = createDrain({
    config,
    logs: writeStore,
    findDrain: resources.findDrain,
    retentionDaysOf,
    isTransient,
    onFailure: (error, deliveries) => log.error({ err: error, deliveries }, 'a commit failed'),
    now: Date.now,
  })
  const app = buildServer({
    log,
    drain,
    partner: { config, resources, openSession: signedIn, renderErrorPage },
    viewer: { config, sessions, logs, findResource: resources.findResource },
    renderErrorPage,
  })
  return {
    app,
    drain,
    async close() {
      await app.close()
      await drain.drained()
      await housekeeping.stop()
      await Promise.all([writing, reading].map((pool: Pool) => pool.end()))
    },
  }
}
