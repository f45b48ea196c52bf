// A process starts whatever state the database is in and whatever its jobs have to do, or says in a sentence why it
// cannot. A release before or after this one may have been there, or run beside it.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSessionStore } from '../../src/access/session-store.ts'
import { createTokenStore } from '../../src/access/token-store.ts'
import { loadConfig } from '../../src/config.ts'
import { migrate } from '../../src/database/migrate.ts'
import { housekeepingJobs } from '../../src/jobs/housekeeping.ts'
import { makeDayTables } from '../../src/logs/postgres/partitions.ts'
import { createResourceStore } from '../../src/resources/resource-store.ts'
import { sha256 } from '../../src/secrets/sha256.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { holdDumpOpen } from '../support/dump.ts'
import { runJob } from '../support/jobs.ts'
import { createPostgresLogStore, isOverClickHouse, storedLines } from '../support/logs.ts'
import { runMigrateCommand } from '../support/migrate-command.ts'
import { type NewerRelease, newerRelease } from '../support/newer-release.ts'
import { PRODUCTION } from '../support/production.ts'
import { expectAllStoredOnce, startSenders } from '../support/senders.ts'
import { deliver, provisionAt } from '../support/service.ts'
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts'

// Each starts processes.
vi.setConfig({ testTimeout: 120_000 })

const CONFIG = loadConfig({})
const IN_PRODUCTION = loadConfig(PRODUCTION)

let database: TestDatabase
const services: ServiceProcess[] = []

beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.end('SIGTERM')))
  await database.close()
})

async function start(environment: Record<string, string> = {}): Promise<ServiceProcess> {
  const service = await startServiceProcess({ DATABASE_URL: database.url, ...environment })
  services.push(service)
  return service
}

/** The jobs of a process, to be run when the test wants it. */
function jobs() {
  const { pool } = database
  return housekeepingJobs({
    logs: createPostgresLogStore(pool),
    resources: createResourceStore(pool),
    sessions: createSessionStore(pool),
    retentionClasses: [7, 14, 30],
    retentionDaysOf: (plan) => ({ test: 7, standard: 14 })[plan] ?? 30,
    now: async () => new Date(),
  })
}

it('a production start on a database that is not migrated says what to run, and exits with 1', async () => {
  const empty = await createTestDatabase({ empty: true })
  const failure = await startServiceProcess({ ...PRODUCTION, DATABASE_URL: empty.url }).then(
    () => null,
    (error: Error) => error.message,
  )
  await empty.close()
  expect(failure).toMatch(/the service ended with 1:/)
  expect(failure).toMatch(/^The database lacks \d+ migration\(s\), .* run "npm run migrate"/m)
  expect(failure).not.toMatch(/^ +at /m)
})

it('a production start listens while the database cannot be reached', async () => {
  const unreachable = 'postgres://localhost:1/nothing'
  const service = await start({ ...PRODUCTION, DATABASE_URL: unreachable })
  expect((await fetch(`${service.origin}/healthz`)).status).toBe(200)
  expect((await fetch(`${service.origin}/readyz`)).status).toBe(503)
})

describe.skipIf(isOverClickHouse)('with tables of lines in Postgres', () => {
  it('a pg_dump on a table past its retention keeps no process from starting, and no delivery or page waits', async () => {
    const [expired] = await makeDayTables(database.pool, [{ retentionDays: 7, day: '2020-01-01' }])
    if (expired === undefined) throw new Error('no table was made')
    // More than a pipe takes.
    await database.query(
      `insert into log_line (sent_at, received_at, resource_number, drain_id, priority, form, retention_days,
                             source, process, message)
       select '2020-01-01', '2020-01-01', 0, 0, 190, 0, 7, 'app', 'web.1', repeat('x', 1000)
         from generate_series(1, 2000)`,
    )
    const dump = await holdDumpOpen(database, expired)
    console.log(`held open by ${dump.by}`)
    const service = await start()
    const resource = await provisionAt(service.origin, CONFIG)
    const read = await reader(service, resource.id)

    let dropping = true
    const drops = (async () => {
      while (dropping) {
        // lock_not_available
        await expect(runJob(jobs(), 'drop-expired-tables')).rejects.toMatchObject({ code: '55P03' })
      }
    })()
    for (let at = 0; at < 20; at++) {
      expect((await deliver(resource, `line ${at}`)).status).toBe(204)
      expect(await read()).toHaveLength(at + 1)
      await sleep(50)
    }
    dropping = false
    await drops

    await dump.end()
    await expect.poll(() => runJob(jobs(), 'drop-expired-tables').then(() => isThere(expired))).toBe(false)
    expect(await read()).toHaveLength(20)
  })

  it('a plan change of many lines keeps no process from starting: a job moves them in batches', async () => {
    const LINES = 30_000
    const first = await start()
    const { id, drainUrl, drainToken } = await provisionAt(first.origin, CONFIG)
    await database.query(
      `insert into log_line (sent_at, received_at, resource_number, drain_id, priority, form, retention_days,
                             source, process, message)
       select now(), now(), number, 1, 190, 0, 7, 'app', 'web.1', 'a line'
         from resource, generate_series(1, ${LINES}) where id = '${id}'`,
    )
    await database.query(
      `update resource set plan = 'premium', plan_changed_at = now() - interval '2 minutes' where id = '${id}'`,
    )
    const service = await start()
    expect(await linesOf(7)).toBe(LINES)
    expect((await deliver({ drainUrl, drainToken }, 'meanwhile')).status).toBe(204)

    const moved: number[] = []
    let moving = true
    const watching = (async () => {
      while (moving) moved.push(await linesOf(30))
    })()
    await runJob(jobs(), 'follow-plan-changes')
    moving = false
    await watching
    expect([await linesOf(7), await linesOf(30)]).toEqual([0, LINES + 1])
    expect(moved.some((lines) => lines > 1 && lines < LINES)).toBe(true)
    expect((await fetch(`${service.origin}/readyz`)).status).toBe(200)
  })

  it('a delivery of a day without a table is stored', async () => {
    const service = await start()
    const resource = await provisionAt(service.origin, CONFIG)
    for (const { name } of await dayTables()) await database.query(`drop table ${name}`)
    const sent = ['first', 'second']
    for (const message of sent) expect((await deliver(resource, message)).status).toBe(204)
    expect((await storedLines(database)).map(({ message }) => message)).toEqual(sent)
  })
})

describe('with a database of a newer release', () => {
  let newer: NewerRelease
  beforeEach(async () => {
    newer = await newerRelease()
  })
  afterEach(() => newer.remove())

  it('a rollback by one migration works: the release before migrates, starts, is ready, stores and reads', async () => {
    expect(await migrate(database.pool, newer.directory)).toEqual([newer.migration])
    const migrated = await runMigrateCommand({ DATABASE_URL: database.url })
    expect(migrated).toMatchObject({ code: 0, stderr: '' })
    expect(migrated.stdout).toContain(newer.migration)
    const service = await start(PRODUCTION)
    expect((await fetch(`${service.origin}/readyz`)).status).toBe(200)
    const resource = await provisionAt(service.origin, IN_PRODUCTION)
    expect((await deliver(resource, 'after the rollback')).status).toBe(204)
    const read = await reader(service, resource.id)
    expect(await read()).toEqual(['after the rollback'])
  })

  it('old and new processes run side by side through a deploy: every line is stored once, every delivery is answered 204', async () => {
    const old = await start()
    let turn = 0
    let origins = [old.origin]
    const senders = await startSenders({
      origin: () => origins[turn++ % origins.length] as string,
      config: CONFIG,
      senders: 8,
      linesPerDelivery: 10,
      pauseMs: 20,
    })
    await sleep(500)
    expect(await migrate(database.pool, newer.directory)).toEqual([newer.migration])
    await sleep(500)
    const young = await start()
    origins = [old.origin, young.origin]
    await sleep(1_000)
    // The router sends nothing more to the old one before that is told to end.
    origins = [young.origin]
    await sleep(200)
    expect(await old.end('SIGTERM')).toEqual({ code: 0, signal: null })
    services.splice(services.indexOf(old), 1)
    await sleep(500)
    const sent = await senders.stop()
    expect([...sent.answers.keys()]).toEqual([204])
    await expectAllStoredOnce(database, sent)
  })
})

/** Reads the messages of the newest page, newest first, with an API token. */
async function reader(service: ServiceProcess, id: string): Promise<() => Promise<string[]>> {
  const token = `culvert_${'t'.repeat(43)}`
  await createTokenStore(database.pool).create(id, sha256(token), { name: 'test', hint: 'tttt' })
  return async () => {
    const answer = await fetch(`${service.origin}/resources/${id}/lines`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(answer.status).toBe(200)
    const page = (await answer.json()) as { lines: { message: string }[] }
    return page.lines.map(({ message }) => message)
  }
}

async function linesOf(retentionDays: number): Promise<number> {
  const [row] = await database.query<{ lines: number }>(
    `select count(*)::integer as lines from log_line where retention_days = ${retentionDays}`,
  )
  return row?.lines ?? 0
}

function dayTables(): Promise<{ name: string }[]> {
  return database.query(`select relname as name from pg_class where relname ~ '^log_line_\\d+d_\\d{8}$'`)
}

async function isThere(table: string): Promise<boolean> {
  return (await dayTables()).some(({ name }) => name === table)
}
