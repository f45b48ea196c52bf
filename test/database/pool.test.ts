import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PoolOptions, withTransaction } from '../../src/database/pool.ts'
import { isTransient } from '../../src/database/sqlstate.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { openPool } from '../support/pool.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
  await database.pool.query('create table note (body text)')
})

afterAll(() => database.close())

describe('a transaction', () => {
  it('is committed when the work is done', async () => {
    const result = await withTransaction(database.pool, async (client) => {
      await client.query(`insert into note values ('kept')`)
      return 'result'
    })
    expect(result).toBe('result')
    expect(await notes('kept')).toBe(1)
  })

  it('is rolled back when the work throws, and the connection is handed on', async () => {
    const work = withTransaction(database.pool, async (client) => {
      await client.query(`insert into note values ('thrown')`)
      throw new Error('no more')
    })
    await expect(work).rejects.toThrow('no more')
    expect(await notes('thrown')).toBe(0)
    expect(database.pool.totalCount).toBe(database.pool.idleCount)
  })

  it('is not reported as committed when the work swallowed an error of the database', async () => {
    const work = withTransaction(database.pool, async (client) => {
      await client.query(`insert into note values ('swallowed')`)
      await client.query('select 1 / 0').catch(() => {})
    })
    await expect(work).rejects.toThrow('rolled back')
    expect(await notes('swallowed')).toBe(0)
  })

  it('fails and gives the connection up when the server ends it half way', async () => {
    const work = withTransaction(database.pool, async (client) => {
      await client.query(`insert into note values ('ended')`)
      await client.query('select pg_terminate_backend(pg_backend_pid())').catch(() => {})
      await client.query(`insert into note values ('ended too')`)
    })
    await expect(work).rejects.toThrow()
    expect(await notes('ended')).toBe(0)
  })
})

describe('a pool', () => {
  it('survives the death of its connections, idle and in use, and tells of each', async () => {
    const errors: Error[] = []
    const pool = open({ connections: 2, onError: (error) => errors.push(error) })
    try {
      const [idle, used] = await Promise.all([pool.connect(), pool.connect()])
      idle.release()
      await database.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'culvert-test-pool'`,
      )
      await expect
        .poll(() => errors.length)
        .toBe(2)
        .finally(() => used.release())
      expect(errors.every(isTransient)).toBe(true)
      const { rows } = await pool.query('select 1 as one')
      expect(rows).toEqual([{ one: 1 }])
    } finally {
      await pool.end()
    }
  })

  it('has the server cancel a statement that takes too long', async () => {
    const pool = open({ statementTimeoutMs: 100 })
    await expect(pool.query('select pg_sleep(5)')).rejects.toMatchObject({ code: '57014' })
    await pool.end()
  })

  it('decides about TLS itself, whatever the url says', async () => {
    const plain = open({ url: `${database.url}?sslmode=verify-full&ssl=true`, tls: 'off' })
    expect((await plain.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await plain.end()
    const secret = open({ url: `${database.url}?sslmode=disable`, tls: 'require' })
    await expect(secret.query('select 1')).rejects.toThrow('does not support SSL')
    await secret.end()
  })

  it('keeps the other parameters of the url', async () => {
    const pool = open({ url: `${database.url}?sslmode=require&options=-c%20search_path%3Delsewhere` })
    expect((await pool.query('show search_path')).rows).toEqual([{ search_path: 'elsewhere' }])
    await pool.end()
  })
})

function open(options: Partial<PoolOptions>) {
  return openPool(database.url, { applicationName: 'culvert-test-pool', ...options })
}

async function notes(body: string): Promise<number> {
  const { rowCount } = await database.pool.query('select from note where body = $1', [body])
  return rowCount ?? 0
}
