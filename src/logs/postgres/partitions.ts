// The tables under log_line: one for each retention class and day of receipt, `log_line_7d_20261121`. Retention is
// dropping them. Made ahead of time, because making one needs a lock on its parent.
import type { Pool, PoolClient } from 'pg'
import { withTransaction } from '../../database/pool.ts'
import { isPastRetention } from '../retention.ts'
import { utcDay } from '../utc-day.ts'

const DAY_MS = 86_400_000
/** Made ahead: a service that cannot make tables for two days still takes lines. */
const DAYS_AHEAD = 3
/** Any number, the same in every process: serialises housekeeping among them. */
const HOUSEKEEPING_LOCK = 7_201_001
/** Rather skip a round than make readers queue behind a lock we cannot get. */
const LOCK_TIMEOUT = '3s'

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

/** Makes the partitions of each class from yesterday (a delivery may arrive just after midnight) to some days ahead. */
export async function createPartitions(pool: Pool, classes: readonly number[], now: Date): Promise<void> {
  const days = Array.from({ length: DAYS_AHEAD + 2 }, (_, at) =>
    utcDay((now.getTime() + (at - 1) * DAY_MS) * 1_000),
  )
  for (const retentionDays of classes) await createDayPartitions(pool, retentionDays, days)
}

/** Makes the partitions of a class for these days, where they are missing. */
export async function createDayPartitions(
  pool: Pool,
  retentionDays: number,
  days: readonly string[],
): Promise<void> {
  const names = days.map((day) => nameOf(retentionDays, day))
  if (await allExist(pool, names)) return
  await withHousekeepingLock(pool, async (client) => {
    await createClass(client, retentionDays)
    for (const day of days) await createDay(client, retentionDays, day)
  })
}

/** Drops every partition whose youngest possible line is past the retention of its class. Returns their names. */
export async function dropExpiredPartitions(pool: Pool, now: Date): Promise<string[]> {
  const isExpired = ({ day, retentionDays }: Partition) => isPastRetention(day, retentionDays, now)
  if (!(await classPartitions(pool)).some(isExpired)) return []
  return withHousekeepingLock(pool, async (client) => {
    const expired = (await classPartitions(client)).filter(isExpired).map((partition) => partition.name)
    for (const name of expired) await client.query(`drop table ${name}`)
    return expired
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

async function createClass(client: PoolClient, retentionDays: number): Promise<void> {
  const name = className(retentionDays)
  if (await allExist(client, [name])) return
  await client.query(
    `create table ${name} partition of log_line for values in (${retentionDays}) partition by range (received_at)`,
  )
}

/** Made alone, then attached: attaching an empty table takes a lock that lets readers and writers go on. */
async function createDay(client: PoolClient, retentionDays: number, day: string): Promise<void> {
  const name = nameOf(retentionDays, day)
  if (await allExist(client, [name])) return
  const dayAfter = utcDay((Date.parse(day) + DAY_MS) * 1_000)
  await client.query(`create table ${name} (like log_line including defaults)`)
  await client.query(
    `alter table ${className(retentionDays)} attach partition ${name}
     for values from ('${day} 00:00:00+00') to ('${dayAfter} 00:00:00+00')`,
  )
}

/** Reads the catalogue as a table: to_regclass() may answer from what this connection believed before the lock. */
async function allExist(client: Pool | PoolClient, names: readonly string[]): Promise<boolean> {
  const { rows } = await client.query<{ found: number }>(
    `select count(*)::integer as found from pg_class
      where relnamespace = current_schema()::regnamespace and relname = any($1)`,
    [names],
  )
  return rows[0]?.found === names.length
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

function withHousekeepingLock<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return withTransaction(pool, async (client) => {
    await client.query(`set local lock_timeout = '${LOCK_TIMEOUT}'`)
    await client.query('select pg_advisory_xact_lock($1)', [HOUSEKEEPING_LOCK])
    return work(client)
  })
}
