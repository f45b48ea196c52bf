import { afterAll, beforeAll, expect, it } from 'vitest'
import { createSessionStore } from '../../src/access/session-store.ts'
import type { Job } from '../../src/job.ts'
import { type HousekeepingParts, housekeepingJobs } from '../../src/jobs/housekeeping.ts'
import { createResourceStore } from '../../src/resources/resource-store.ts'
import { runJob } from '../support/jobs.ts'
import { createPostgresLogStore } from '../support/logs.ts'
import {
  deliver,
  deprovision,
  herokuAuthorization,
  provision,
  startTestService,
  storedMessages,
  type TestResource,
  type TestService,
} from '../support/service.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
let service: TestService

beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service.close())

const RETENTION_DAYS: Record<string, number> = { test: 7, standard: 14, premium: 30 }

function jobsAt(laterMs: number, overrides: Partial<HousekeepingParts> = {}): Job[] {
  const { pool } = service.database
  return housekeepingJobs({
    logs: createPostgresLogStore(pool),
    resources: createResourceStore(pool),
    sessions: createSessionStore(pool),
    retentionClasses: Object.values(RETENTION_DAYS),
    retentionDaysOf: (plan: string) => RETENTION_DAYS[plan] as number,
    now: async () => new Date(Date.now() + laterMs),
    ...overrides,
  })
}

async function round(laterMs: number): Promise<void> {
  const jobs = jobsAt(laterMs)
  for (const { name } of jobs) await runJob(jobs, name)
}

async function take(resource: TestResource, message: string): Promise<void> {
  expect((await deliver(resource, message)).status).toBe(204)
}

it('lets the lines follow a plan change, once it is known everywhere', async () => {
  const resource = await provision(service, 'test')
  await take(resource, 'kept longer')
  const changed = await service.service.app.inject({
    method: 'PUT',
    url: `/heroku/resources/${resource.id}`,
    headers: { authorization: herokuAuthorization(service.config) },
    payload: { plan: 'premium' },
  })
  expect(changed.statusCode).toBe(200)
  const classes = async () => {
    const { rows } = await service.database.pool.query(
      'select retention_days from log_line join resource on number = resource_number where id = $1',
      [resource.id],
    )
    return rows.map((row) => row.retention_days)
  }
  await round(0)
  expect(await classes()).toEqual([7])
  for (let repeat = 0; repeat < 2; repeat++) await round(2 * MINUTE_MS)
  expect(await classes()).toEqual([30])
  expect(await storedMessages(service, resource.id)).toEqual(['kept longer'])
})

it('deletes the lines of a deprovisioned resource after seven days, and not before', async () => {
  const [gone, alive] = [await provision(service, 'premium'), await provision(service, 'premium')]
  for (const resource of [gone, alive]) await take(resource, 'a line')
  await deprovision(service, gone.id)
  await round(6 * DAY_MS)
  expect(await storedMessages(service, gone.id)).toEqual(['a line'])
  for (let repeat = 0; repeat < 2; repeat++) await round(8 * DAY_MS)
  expect(await storedMessages(service, gone.id)).toEqual([])
  expect(await storedMessages(service, alive.id)).toEqual(['a line'])
})

it('forgets sessions that have ended, and only those', async () => {
  const { id } = await provision(service, 'test')
  const sessions = createSessionStore(service.database.pool)
  const lasting = async (name: string, forMs: number) => {
    const expiresAt = new Date(Date.now() + forMs)
    const session = { resourceId: id, userId: name, email: null, app: null, expiresAt }
    await sessions.create(Buffer.alloc(32, name), session)
  }
  await lasting('short', MINUTE_MS)
  await lasting('long', 60 * MINUTE_MS)
  await runJob(jobsAt(2 * MINUTE_MS), 'delete-expired-sessions')
  const { rows } = await service.database.pool.query('select user_id from session where resource_id = $1', [
    id,
  ])
  expect(rows).toEqual([{ user_id: 'long' }])
})

it('gives each resource its turn, whatever becomes of another', async () => {
  const resources = await Promise.all(['hopeless', 'large', 'small'].map(() => provision(service, 'test')))
  const { pool } = service.database
  await pool.query(
    `update resource set plan = 'premium', plan_changed_at = now() - interval '1 hour' where id = any($1)`,
    [resources.map(({ id }) => id)],
  )
  const { rows } = await pool.query<{ id: string; number: number }>('select id, number from resource')
  const nameOf = new Map(
    ['hopeless', 'large', 'small'].map((name, at) => [
      rows.find(({ id }) => id === resources[at]?.id)?.number,
      name,
    ]),
  )
  const turns: (string | undefined)[] = []
  const logs = {
    ...createPostgresLogStore(pool),
    async changeRetention(number: number) {
      const name = nameOf.get(number)
      turns.push(name)
      if (name === 'hopeless') throw new Error('its rows cannot be moved')
      return name === 'small' || turns.filter((turn) => turn === 'large').length === 3
    },
  }
  await expect(runJob(jobsAt(0, { logs }), 'follow-plan-changes')).rejects.toThrow('its rows cannot be moved')
  expect(turns.toSorted()).toEqual(['hopeless', 'large', 'large', 'large', 'small'])
  const { rows: waiting } = await pool.query('select number from resource where plan_changed_at is not null')
  expect(waiting.map(({ number }) => nameOf.get(number))).toEqual(['hopeless'])
})
