// The tables under log_line: one for each retention class and day of receipt, `log_line_7d_20261121`. Retention is
// dropping them. Each is made and dropped in a transaction of its own, which waits for locks only briefly.
//
// What that locks, as readers and writers see it:
//   make    the table is made by itself and then attached, which readers and writers of the others pass by
//           (SHARE UPDATE EXCLUSIVE on its parent); `create table … partition of` would need the parent alone
//   drop    needs the table and its parent alone (ACCESS EXCLUSIVE): every reader of log_line reads the parent
import type { Pool, PoolClient } from 'pg'
import { withBriefLocks } from '../../database/brief-locks.ts'
import { eachAlone } from '../../job.ts'
import { isPastRetention } from '../retention.ts'
import { utcDay } from '../utc-day.ts'

const DAY_MS = 86_400_000
/** Made ahead: a service that cannot make tables for two days still takes lines without a pause. */
const DAYS_AHEAD = 3
/** Any number, the same in every process: one of them makes or drops a table at a time. */
const TABLES_LOCK = 7_201_001
/** Processes that start together wait for each other's tables. */
const MAKE_WITHIN_MS = 3_000

export interface Partition {
  name: string
  retentionDays: number
  /** The UTC day of receipt: 2026-11-21 */
  day: string
}

/** The partition that takes a delivery. Lines are copied straight into it: a quarter faster than through the parent. */
export function partitionName(retentionDays: number, receivedAtMicros: number): string {
  return nameOf(retentionDays, utcDay(receivedAtMicros))
}

/**
 * Makes the tables of each class from yesterday (a delivery may arrive just after midnight) to some days ahead, today's
 * first.
 */
export async function makeTables(pool: Pool, classes: readonly number[], now: Date): Promise<void> {
  const ahead = Array.from({ length: DAYS_AHEAD + 1 }, (_, at) => at)
  const days = [...ahead, -1].map((at) => utcDay((now.getTime() + at * DAY_MS) * 1_000))
  await makeDayTables(
    pool,
    days.flatMap((day) => classes.map((retentionDays) => ({ retentionDays, day }))),
  )
}

/** Makes those that are missing. Returns their names. */
export async function makeDayTables(
  pool: Pool,
  wanted: readonly Omit<Partition, 'name'>[],
): Promise<string[]> {
  const existing = await findExisting(
    pool,
    wanted.map(({ retentionDays, day }) => nameOf(retentionDays, day)),
  )
  const missing = wanted.filter(({ retentionDays, day }) => !existing.has(nameOf(retentionDays, day)))
  await eachAlone(missing, ({ retentionDays, day }) => {
    const make = async (client: PoolClient) => {
      await makeClass(client, retentionDays)
      await makeDay(client, retentionDays, day)
    }
    return withTablesLock(pool, make, MAKE_WITHIN_MS)
  })
  return missing.map(({ retentionDays, day }) => nameOf(retentionDays, day))
}

/** The names of those whose youngest possible line is past the retention of its class. */
export async function findExpired(pool: Pool, now: Date): Promise<string[]> {
  const all = await classPartitions(pool)
  return all
    .filter(({ day, retentionDays }) => isPastRetention(day, retentionDays, now))
    .map(({ name }) => name)
}

/** @throws where the table or its parent is in use for longer than a moment; nothing is changed then */
export function dropTable(pool: Pool, name: string): Promise<void> {
  return withTablesLock(pool, async (client) => {
    await client.query(`drop table if exists ${name}`)
  })
}

/** All day partitions there are, oldest first. */
export async function classPartitions(client: Pool | PoolClient): Promise<Partition[]> {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class
      where relnamespace = current_schema()::regnamespace and relkind = 'r' and relname ~ '^log_line_\\d+d_\\d{8}$'`,
  )
  return rows.map((row) => parseName(row.name)).sort((a, b) => (a.day < b.day ? -1 : 1))
}

async function makeClass(client: PoolClient, retentionDays: number): Promise<void> {
  const name = className(retentionDays)
  if ((await findExisting(client, [name])).has(name)) return
  await client.query(
    `create table ${name} (like log_line including defaults) partition by range (received_at)`,
  )
  await client.query(`alter table log_line attach partition ${name} for values in (${retentionDays})`)
}

async function makeDay(client: PoolClient, retentionDays: number, day: string): Promise<void> {
  const name = nameOf(retentionDays, day)
  if ((await findExisting(client, [name])).has(name)) return
  const dayAfter = utcDay((Date.parse(day) + DAY_MS) * 1_000)
  await client.query(`create table ${name} (like log_line including defaults)`)
  await client.query(
    `alter table ${className(retentionDays)} attach partition ${name}
     for values from ('${day} 00:00:00+00') to ('${dayAfter} 00:00:00+00')`,
  )
}

/** Reads the catalogue as a table: to_regclass() may answer from what this connection believed before the lock. */
async function findExisting(client: Pool | PoolClient, names: readonly string[]): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class
      where relnamespace = current_schema()::regnamespace and relname = any($1)`,
    [names],
  )
  return new Set(rows.map(({ name }) => name))
}

function className(retentionDays: number): string {
  return `log_line_${retentionDays}d`
}

function nameOf(retentionDays: number, day: string): string {
  return `${className(retentionDays)}_${day.replaceAll('-', '')}`
}

function parseName(name: string): Partition {
  const [, days, year, month, day] = /^log_line_(\d+)d_(\d{4})(\d{2})(\d{2})$/.exec(name) ?? []
  return { name, retentionDays: Number(days), day: `${year}-${month}-${day}` }
}

function withTablesLock<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  tryForMs?: number,
): Promise<T> {
  return withBriefLocks(
    pool,
    async (client) => {
      await client.query('select pg_advisory_xact_lock($1)', [TABLES_LOCK])
      return work(client)
    },
    tryForMs,
  )
}
