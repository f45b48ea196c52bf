import { afterAll, beforeAll, expect, it } from 'vitest'
import type { LossKind } from '../../src/logs/log-store.ts'
import { provisioned, type Service, signedIn, startService } from '../partner/service.ts'
import { delivery, frame } from '../support/deliveries.ts'

const NOON = new Date(Date.UTC(2026, 10, 21, 12))
let service: Service

beforeAll(async () => {
  service = await startService()
  service.clock.now = NOON
  await service.logs.makeTables([7], NOON)
})
afterAll(() => service.close())

async function read(id: string, path: string, cookie: string, accept = 'application/json') {
  return service.app.inject({ url: `/resources/${id}${path}`, headers: { cookie, accept } })
}

async function resourceWith(dailyBytes: number, losses: { kind: LossKind; lines: number }[]) {
  const resource = await provisioned(service, { plan: 'test' })
  const cookie = await signedIn(service, resource.id)
  const own = { resourceNumber: resource.number, drainId: resource.number, dailyBytes }
  await service.logs.append([delivery([frame('one'), frame('two')], { ...own, losses })])
  await service.logs.append([delivery([frame('three')], own)])
  return { ...resource, cookie }
}

it('tells a program what came in today, what was dropped, and what is missing', async () => {
  const { id, cookie } = await resourceWith(1, [{ kind: 'logplex_overflow', lines: 12 }])
  const answer = await read(id, '/usage', cookie)
  expect(answer.statusCode).toBe(200)
  expect(answer.json()).toMatchObject({
    day: '2026-11-21',
    lines: 2,
    daily_bytes: 500_000_000,
    dropped_lines: 1,
    retention_days: 7,
    plan: 'test',
    at_limit: expect.stringContaining('are not kept'),
    upgrade: {
      plan: 'standard',
      command: 'heroku addons:upgrade culvert-curly-41233 culvert:standard',
      url: 'https://dashboard.heroku.com',
    },
  })
  const { bytes, dropped_bytes: droppedBytes, share, projected_bytes: projected, days } = answer.json()
  expect(share).toBe(bytes / 500_000_000)
  // It is noon: as much again is to come.
  expect(projected).toBe((bytes + droppedBytes) * 2)
  expect(days).toHaveLength(14)
  expect(days.at(-1)).toEqual({ day: '2026-11-21', lines: 2, bytes, dropped_lines: 1 })
  expect(days[0]).toEqual({ day: '2026-11-08', lines: 0, bytes: 0, dropped_lines: 0 })
})

it('knows of no plan larger than the largest', async () => {
  const resource = await provisioned(service, { plan: 'premium' })
  const cookie = await signedIn(service, resource.id)
  const usage = (await read(resource.id, '/usage', cookie)).json()
  expect(usage).toMatchObject({ plan: 'premium', lines: 0, projected_bytes: 0, share: 0 })
  expect(usage.upgrade).toBeUndefined()
})

it('tells a person in sentences', async () => {
  const { id, cookie } = await resourceWith(1, [{ kind: 'logplex_overflow', lines: 1_200 }])
  const { body } = await read(id, '', cookie, 'text/html')
  expect(body).toContain('of 500 MB')
  expect(body).toContain('1 line above it was not kept')
  expect(body).toContain('1,200 lines of the last 24 hours are missing: dropped by Heroku’s Logplex')
})

it('says nothing of gaps where there are none', async () => {
  const { id, cookie } = await resourceWith(1_000_000, [])
  const { body } = await read(id, '', cookie, 'text/html')
  expect(body).not.toContain('missing')
  expect(body).not.toContain('not kept')
})

it('is for the signed-in only', async () => {
  const { id } = await resourceWith(1_000_000, [])
  const other = await resourceWith(1_000_000, [])
  expect((await read(id, '/usage', '')).statusCode).toBe(401)
  expect((await read(id, '/usage', other.cookie)).statusCode).toBe(401)
})
