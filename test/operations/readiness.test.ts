import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createReadiness } from '../../src/operations/readiness.ts'
import { startTestService, type TestService } from '../support/service.ts'

const FITS = { pending: [], newer: [], conflict: null }

it('/healthz shows the version and the commit that run', async () => {
  const service = await startTestService({ HEROKU_BUILD_COMMIT: 'c0ffee' })
  const answer = await fetch(`${service.origin}/healthz`)
  expect(await answer.json()).toEqual({
    status: 'ok',
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    commit: 'c0ffee',
  })
  await service.close()
})

describe('/readyz', () => {
  let service: TestService
  beforeAll(async () => {
    service = await startTestService()
  })
  afterAll(() => service.close())

  async function readyz() {
    // What it found is remembered for a second.
    await sleep(1_050)
    const answer = await fetch(`${service.origin}/readyz`)
    return { status: answer.status, body: await answer.json() }
  }

  it('says ready while the database answers and is migrated', async () => {
    expect(await readyz()).toEqual({ status: 200, body: { status: 'ready' } })
  })

  it('names the migrations that are not applied', async () => {
    await service.database.pool.query(`update migration set name = 'x' where name = '0001-resource.sql'`)
    const { status, body } = await readyz()
    await service.database.pool.query(`update migration set name = '0001-resource.sql' where name = 'x'`)
    expect(status).toBe(503)
    expect(body).toEqual({
      status: 'not ready',
      not_ready: { migrations: '1 not applied: 0001-resource.sql' },
    })
  })

  it('says after two seconds that the database does not answer, and /healthz is fine all the same', async () => {
    const table = await service.database.pool.connect()
    await table.query('begin; lock table migration in access exclusive mode')
    const { status, body } = await readyz()
    expect(status).toBe(503)
    expect(body).toEqual({
      status: 'not ready',
      not_ready: { database: 'it did not answer within 2 s' },
    })
    expect((await fetch(`${service.origin}/healthz`)).status).toBe(200)
    await table.query('rollback')
    table.release()
  })
})

describe('readiness', () => {
  it('asks the database once a second at most, and one question at a time', async () => {
    const clock = { now: 0 }
    let asked = 0
    const check = createReadiness({
      async readSchema() {
        asked++
        await sleep(5)
        return FITS
      },
      onFailure: () => {},
      now: () => clock.now,
    })
    await Promise.all(Array.from({ length: 50 }, check))
    clock.now = 999
    await check()
    expect(asked).toBe(1)
    clock.now = 1_000
    expect(await check()).toEqual({ ready: true, notReady: {} })
    expect(asked).toBe(2)
  })

  it('tells of a failure once, and again after it was ready in between', async () => {
    const clock = { now: 0 }
    let broken: Error | undefined = new Error('connect ECONNREFUSED 10.1.2.3:5432')
    const told: unknown[] = []
    const check = createReadiness({
      async readSchema() {
        if (broken) throw broken
        return FITS
      },
      onFailure: (error) => told.push(error),
      now: () => clock.now,
    })
    const later = () => {
      clock.now += 1_000
      return check()
    }
    expect(await later()).toEqual({ ready: false, notReady: { database: 'it cannot be reached' } })
    await later()
    expect(told).toHaveLength(1)
    broken = undefined
    await later()
    broken = new Error('again')
    await later()
    expect(told).toHaveLength(2)
  })
})
