import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withTransaction } from '../../src/database/pool.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

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

async function notes(body: string): Promise<number> {
  const { rowCount } = await database.pool.query('select from note where body = $1', [body])
  return rowCount ?? 0
}
