import type { Pool } from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { withClient } from '../../src/database/pool.ts'
import { BEGIN, roundTrip, type Statement, serverName } from '../../src/database/round-trip.ts'
import { PLAN_ONCE } from '../../src/logs/ledger/append.ts'
import { readFeeds } from '../../src/logs/ledger/feeds.ts'
import { readWatched } from '../../src/logs/ledger/tail-store.ts'
import { readUsed } from '../../src/logs/ledger/usage.ts'
import type { Delivery } from '../../src/logs/log-store.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { openPool } from '../support/pool.ts'

// A plan is made once for a connection, which may be when there is nothing in a table yet, and is used when it is full.

let database: TestDatabase
let pool: Pool

beforeEach(async () => {
  database = await createTestDatabase()
  pool = openPool(database.url)
})
afterEach(async () => {
  await pool.end()
  await database.close()
})

const DELIVERY = { resourceNumber: 1, receivedAtMicros: 1_790_000_000_000_000 } as Delivery
const STATEMENTS: [Statement, string, string][] = [
  [readUsed([DELIVERY]), `'{1}', '{2026-09-21}'`, 'usage_pkey'],
  [readWatched([DELIVERY]), `'{1}'`, 'tail_watch_pkey'],
  [readFeeds([DELIVERY]), `'{1}'`, 'line_feed_resource'],
]

it('what a commit reads is read by the right index, though planned on empty tables', planned)

it('what a commit reads is read by the right index, though planned on tables that are known to be tiny', async () => {
  const [, resource] = await Promise.all([
    pool.query(
      `insert into usage (resource_number, day, shard) select n, '2026-09-21', 0 from generate_series(1, 5) n`,
    ),
    pool.query<{ number: number }>(
      `insert into resource (id, state, name, plan) values (gen_random_uuid(), 'provisioned', 'a', 'test') returning number`,
    ),
    pool.query('insert into tail_watch (resource_number, since, until) values (1, now(), now())'),
  ])
  await pool.query('insert into line_feed (resource_number) select $1 from generate_series(1, 5)', [
    resource.rows[0]?.number,
  ])
  await pool.query('analyze')
  await planned()
})

async function planned(): Promise<void> {
  await withClient(pool, async (client) => {
    await roundTrip(client, [BEGIN, PLAN_ONCE, ...STATEMENTS.map(([statement]) => statement)])
    for (const [statement, parameters, index] of STATEMENTS) {
      const { rows } = await client.query(`explain execute ${serverName(statement)}(${parameters})`)
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(plan).toContain(index)
      expect(plan.match(/Scan/g)?.length, plan).toBeLessThanOrEqual(2)
      expect(plan).not.toContain('usage_day')
    }
    await client.query('rollback')
  })
}
