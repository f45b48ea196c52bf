// Through PgBouncer in transaction mode: each transaction may run on another server connection, which clients share.
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { withAdvisoryLock } from '../../src/database/advisory-lock.ts'
import { type PoolOptions, withClient, withTransaction } from '../../src/database/pool.ts'
import { BEGIN, COMMIT, retryUnprepared, roundTrip, type Statement } from '../../src/database/round-trip.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { hasPgBouncer, type PgBouncer, startPgBouncer } from '../support/pgbouncer.ts'
import { openPool } from '../support/pool.ts'

const LOCK = 4_711

describe.skipIf(!hasPgBouncer())('through a pooler in transaction mode', () => {
  let database: TestDatabase
  let pooler: PgBouncer

  beforeAll(async () => {
    database = await createTestDatabase()
    await database.pool.query('create table note (body text)')
    pooler = await startPgBouncer(database.url)
  })
  afterAll(async () => {
    await pooler.close()
    await database.close()
  })

  function open(options: Partial<PoolOptions> = {}): Pool {
    const pool = openPool(pooler.url, options)
    onTestFinished(() => pool.end())
    return pool
  }

  describe('a statement that takes too long is cancelled by the server', () => {
    const SLEEP = 'select pg_sleep(10)'
    const cases: Record<string, (pool: Pool) => Promise<unknown>> = {
      'alone, without parameters': (pool) => pool.query(SLEEP),
      'alone, with parameters': (pool) => pool.query('select pg_sleep($1)', [10]),
      'in a transaction': (pool) => withTransaction(pool, (client) => client.query(SLEEP)),
      'on a client, outside a transaction': (pool) => withClient(pool, (client) => client.query(SLEEP)),
      'in one text with others': (pool) => pool.query(`begin; ${SLEEP}; commit`),
      'in a round trip': (pool) =>
        withClient(pool, (client) => roundTrip(client, [{ name: 'sleep', text: SLEEP }])),
      'in a round trip that begins a transaction': (pool) =>
        withClient(pool, (client) => roundTrip(client, [BEGIN, { name: 'sleep', text: SLEEP }, COMMIT])),
      'in a later round trip of a transaction': (pool) =>
        withClient(pool, async (client) => {
          await roundTrip(client, [BEGIN])
          await roundTrip(client, [{ name: 'sleep', text: SLEEP }, COMMIT])
        }),
    }
    it.each(Object.entries(cases))('%s', async (_, work) => {
      const pool = open({ statementTimeoutMs: 100 })
      await expect(work(pool)).rejects.toMatchObject({ code: '57014' })
      expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    })
  })

  it('no limit of one client reaches another', async () => {
    const [quick, patient] = [open({ statementTimeoutMs: 100 }), open({ statementTimeoutMs: null })]
    await quick.query('select 1')
    await withTransaction(quick, (client) => client.query(`set local lock_timeout = 50`))
    const read = `select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
                         current_setting('idle_in_transaction_session_timeout') as idle`
    expect((await patient.query(read)).rows).toEqual([{ statement: '0', lock: '0', idle: '0' }])
    const { rows } = await withTransaction(quick, (client) => client.query(read))
    expect(rows).toEqual([{ statement: '100ms', lock: '0', idle: '1min' }])
  })

  it('a transaction keeps the lock timeout that it sets', async () => {
    const [holder, waiter] = [open(), open()]
    await withTransaction(holder, async (client) => {
      await client.query('lock table note')
      const waiting = withTransaction(waiter, async (client) => {
        await client.query('set local lock_timeout = 50')
        await client.query('select from note')
      })
      await expect(waiting).rejects.toMatchObject({ code: '55P03' })
    })
  })

  it('a transaction may choose its isolation', async () => {
    const { rows } = await withTransaction(open(), async (client) => {
      await client.query('set transaction isolation level repeatable read')
      return client.query('show transaction_isolation')
    })
    expect(rows).toEqual([{ transaction_isolation: 'repeatable read' }])
  })

  it('a round trip is run again where its server connection does not know a prepared statement', async () => {
    const [pool, holder] = [open(), open()]
    const note: Statement = { name: 'note_once', text: `insert into note values ('unprepared')` }
    let tries = 0
    const store = () =>
      withClient(pool, (client) => {
        tries++
        return roundTrip(client, [BEGIN, note, COMMIT])
      })
    await store()
    // The server connection that knows it is taken; the next one is new.
    await withTransaction(holder, async (client) => {
      await client.query('select 1')
      await retryUnprepared(store)
    })
    // PgBouncer 1.21 and newer know what their clients prepared.
    expect([2, 3]).toContain(tries)
    const { rowCount } = await pool.query(`select from note where body = 'unprepared'`)
    expect(rowCount).toBe(2)
  })

  it('an advisory lock is held by one process at a time, for as long as its work takes', async () => {
    const [first, second] = [open(), open()]
    const inner = await withAdvisoryLock(first, LOCK, () =>
      withAdvisoryLock(second, LOCK, async () => 'locked twice'),
    )
    expect(inner).toBeNull()
    expect(await withAdvisoryLock(second, LOCK, async () => 'free again')).toBe('free again')
  })

  it('an advisory lock keeps no vacuum from its work', async () => {
    await withAdvisoryLock(open(), LOCK, async () => {
      const holders = await database.query(
        `select backend_xmin as xmin from pg_stat_activity join pg_locks using (pid) where locktype = 'advisory'`,
      )
      expect(holders).toEqual([{ xmin: null }])
    })
  })

  it('a statement of another release under the same name is another statement', async () => {
    const [old, current] = [open(), open()]
    const answer = (pool: Pool, text: string) =>
      withClient(pool, async (client) => (await roundTrip(client, [{ name: 'answer', text }]))[0]?.rows)
    const answers = []
    for (let turn = 0; turn < 4; turn++) {
      answers.push(await answer(old, `select 'old' as from`), await answer(current, `select 'new' as from`))
    }
    expect(answers).toEqual(Array.from({ length: 4 }, () => [[{ from: 'old' }], [{ from: 'new' }]]).flat())
  })
})
