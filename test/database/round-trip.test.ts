import type { PoolClient } from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { withClient } from '../../src/database/pool.ts'
import { BEGIN, COMMIT, roundTrip, type Statement } from '../../src/database/round-trip.ts'
import { isTransient } from '../../src/database/sqlstate.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { openPool } from '../support/pool.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
  await database.pool.query('create table note (body text)')
})

afterAll(() => database.close())

const DIVIDE: Statement = { name: 'divide', text: 'select 1 / 0' }

describe('statements in one round trip', () => {
  it('have a result each, with or without rows, in their order', async () => {
    const results = await withClient(database.pool, (client) =>
      roundTrip(client, [BEGIN, note('one'), count('one'), note('one'), count('one'), COMMIT]),
    )
    expect(results.map(({ command, rowCount }) => [command, rowCount])).toEqual([
      ['BEGIN', null],
      ['INSERT', 1],
      ['SELECT', 1],
      ['INSERT', 1],
      ['SELECT', 1],
      ['COMMIT', null],
    ])
    expect(results[2]?.rows).toEqual([{ count: 1 }])
    expect(results[4]?.rows).toEqual([{ count: 2 }])
  })

  it('may be one alone', async () => {
    const results = await withClient(database.pool, (client) => roundTrip(client, [count('nothing')]))
    expect(results.map(({ rows }) => rows)).toEqual([[{ count: 0 }]])
  })

  it.each([
    ['texts', 'text', ['', 'a,b', '{}', 'NULL', 'null', ' ', '"', '\\', '\\"', "'; drop", 'ä\n\t☃', null]],
    ['numbers', 'bigint', [0, -1, Number.MAX_SAFE_INTEGER, null]],
    ['fractions', 'float8', [0.5, 1e-7, 1e21]],
    ['nothing', 'text', []],
  ])('take arrays of %s as they are', async (_, type, values) => {
    const echo: Statement = {
      name: `echo_${type}`,
      text: `select to_json($1::${type}[]) as echo`,
      values: [values],
    }
    const [result] = await withClient(database.pool, (client) => roundTrip(client, [echo]))
    expect(result?.rows).toEqual([{ echo: values }])
  })

  it('are prepared once for a connection', () =>
    withClient(database.pool, async (client) => {
      const preparedAt = async () => {
        await roundTrip(client, [count('a'), count('b')])
        const { rows } = await client.query<{ at: string }>(
          `select prepare_time::text as at from pg_prepared_statements where name like 'count%'`,
        )
        return rows.map(({ at }) => at)
      }
      const first = await preparedAt()
      expect(first).toHaveLength(1)
      expect(await preparedAt()).toEqual(first)
    }))
})

describe('a COPY among them', () => {
  it.each([
    ['nothing', 0],
    ['a few rows', 3],
    ['some megabytes', 400_000],
  ])('reads %s, and what comes behind it sees that', async (_, rows) => {
    const results = await withClient(database.pool, (client) =>
      roundTrip(client, [
        BEGIN,
        copy('copied\n'.repeat(rows)),
        count('copied'),
        { name: 'rollback', text: 'rollback' },
      ]),
    )
    expect(results.map(({ command }) => command)).toEqual(['BEGIN', 'COPY', 'SELECT', 'ROLLBACK'])
    expect(results[1]?.rowCount).toBe(rows)
    expect(results[2]?.rows).toEqual([{ count: rows }])
  })

  it('may be two', async () => {
    const results = await withClient(database.pool, (client) =>
      roundTrip(client, [BEGIN, copy('two\n'), copy('two\ntwo\n'), count('two'), COMMIT]),
    )
    expect(results[3]?.rows).toEqual([{ count: 3 }])
  })

  it.each([
    ['of rows that it cannot take', copy('a\tb\n'.repeat(100_000)), '22P04'],
    ['into no table', { ...copy('row\n'.repeat(100_000)), text: 'copy nowhere from stdin' }, '42P01'],
    ['that is wrong', { ...copy('row\n'), text: 'copy copy' }, '42601'],
  ])('%s fails, nothing behind it is run, and the connection goes on', async (_, wrong, code) => {
    await withClient(database.pool, async (client) => {
      const failing = roundTrip(client, [BEGIN, copy('failed\n'), wrong, note('failed'), COMMIT])
      await expect(failing).rejects.toMatchObject({ code })
      await client.query('rollback')
      expect(await rowsOf(client, count('failed'))).toEqual([{ count: 0 }])
    })
  })
})

describe('a statement that fails', () => {
  it('keeps those behind it from being run, and its transaction from being committed', async () => {
    const failing = withClient(database.pool, (client) =>
      roundTrip(client, [BEGIN, note('failed'), DIVIDE, note('failed'), COMMIT]),
    )
    await expect(failing).rejects.toMatchObject({ code: '22012' })
    expect(await notes('failed')).toBe(0)
    expect(database.pool.totalCount).toBe(database.pool.idleCount)
  })

  it('leaves a connection on which all of them can be sent again', () =>
    withClient(database.pool, async (client) => {
      // Prepared here: the first two, and the third which then fails. Not the last.
      await expect(roundTrip(client, [note('again'), count('again'), DIVIDE, BEGIN])).rejects.toThrow(
        'division',
      )
      const results = await roundTrip(client, [BEGIN, note('again'), count('again'), COMMIT])
      expect(results[2]?.rows).toEqual([{ count: 1 }])
      await expect(roundTrip(client, [DIVIDE])).rejects.toThrow('division')
      const wrong: Statement = { name: 'wrong', text: 'select from nowhere' }
      await expect(roundTrip(client, [wrong])).rejects.toThrow('nowhere')
      await expect(roundTrip(client, [wrong])).rejects.toThrow('nowhere')
    }))

  it('may be one that the server has forgotten: that passes, and the next try prepares it', () =>
    withClient(database.pool, async (client) => {
      await roundTrip(client, [count('forgotten')])
      await client.query('deallocate all') // as a pooler that gives us another session
      const error = await roundTrip(client, [count('forgotten')]).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: '26000' })
      expect(isTransient(error)).toBe(true)
      expect(await rowsOf(client, count('forgotten'))).toEqual([{ count: 0 }])
    }))

  it('may be one whose table has changed: the next try prepares it anew', () =>
    withClient(database.pool, async (client) => {
      await client.query('create table changing (value integer)')
      const read: Statement = { name: 'read_changing', text: 'select value from changing' }
      await roundTrip(client, [read])
      await client.query('alter table changing alter value type text')
      await expect(roundTrip(client, [read])).rejects.toThrow('cached plan')
      expect(await rowsOf(client, read)).toEqual([])
    }))

  it('may be one that takes too long', async () => {
    const pool = openPool(database.url, { statementTimeoutMs: 100 })
    onTestFinished(() => pool.end())
    const sleep: Statement = { name: 'sleep', text: 'select pg_sleep(10)' }
    await expect(withClient(pool, (client) => roundTrip(client, [BEGIN, sleep]))).rejects.toMatchObject({
      code: '57014',
    })
    expect(await withClient(pool, (client) => rowsOf(client, count('late')))).toEqual([{ count: 0 }])
  })

  it('may be all of them, when the connection goes', async () => {
    const end: Statement = { name: 'end', text: 'select pg_terminate_backend(pg_backend_pid())' }
    const ended = withClient(database.pool, (client) => roundTrip(client, [BEGIN, note('gone'), end, COMMIT]))
    await expect(ended).rejects.toSatisfy(isTransient)
    expect(await notes('gone')).toBe(0)
  })
})

function note(body: string): Statement {
  return { name: 'note', text: 'insert into note values ($1)', values: [body] }
}

function copy(rows: string): Statement {
  return { name: '', text: 'copy note from stdin', rows: Buffer.from(rows) }
}

function count(body: string): Statement {
  return {
    name: 'count',
    text: 'select count(*)::integer as count from note where body = $1',
    values: [body],
  }
}

async function rowsOf(client: PoolClient, statement: Statement): Promise<unknown[] | undefined> {
  return (await roundTrip(client, [statement]))[0]?.rows
}

async function notes(body: string): Promise<number> {
  const { rows } = await database.pool.query('select count(*)::integer as count from note where body = $1', [
    body,
  ])
  return rows[0].count
}
