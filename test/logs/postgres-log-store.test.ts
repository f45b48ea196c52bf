import { expect, it, vi } from 'vitest'
import { EVERYTHING } from '../../src/query/everything.ts'
import { createTestDatabase } from '../support/database.ts'
import { createPostgresLogStore } from '../support/logs.ts'
import { describeLogStore } from './log-store-contract.ts'

describeLogStore('Postgres', async () => {
  const database = await createTestDatabase()
  return { store: createPostgresLogStore(database.pool), close: () => database.close() }
})

it('a reader who leaves stops the statement that runs for him in Postgres', async () => {
  const database = await createTestDatabase()
  const store = createPostgresLogStore(database.pool)
  const holder = await database.pool.connect()
  try {
    await holder.query('begin')
    await holder.query('lock table log_line in access exclusive mode')
    const leaving = new AbortController()
    const read = store.read({ resourceNumber: 1, search: EVERYTHING, limit: 1, signal: leaving.signal })
    const waiting = async () => {
      const { rows } = await database.pool.query(
        "select count(*)::integer as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      )
      return rows[0].count
    }
    await vi.waitFor(async () => expect(await waiting()).toBe(1), { timeout: 5_000 })
    leaving.abort(new Error('left'))
    await expect(read).rejects.toThrow('left')
    expect(await waiting()).toBe(0)
    await holder.query('rollback')
    // The connection that was cancelled serves on.
    const page = await store.read({ resourceNumber: 1, search: EVERYTHING, limit: 1 })
    expect(page).toEqual({ lines: [], older: null, newer: null, searchedTo: null })
  } finally {
    holder.release()
    await database.close()
  }
})
