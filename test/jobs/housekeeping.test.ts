import { afterAll, beforeAll, expect, it } from 'vitest'
import { keepHouse } from '../../src/jobs/housekeeping.ts'
import { createResourceStore } from '../../src/resources/resource-store.ts'
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

function round(laterMs: number): Promise<void> {
  const { pool } = service.database
  const retentionDays: Record<string, number> = { test: 7, standard: 14, premium: 30 }
  const parts = {
    logs: createPostgresLogStore(pool),
    resources: createResourceStore(pool),
    retentionClasses: Object.values(retentionDays),
    retentionDaysOf: (plan: string) => retentionDays[plan] as number,
  }
  return keepHouse(parts, new Date(Date.now() + laterMs))
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
