// The tables under log_line: one for each retention class and day of receipt, `log_line_7d_20261121`. Retention is
// dropping them. Made ahead of time, because making one needs a lock on its parent.
import type { Pool, PoolClient } from 'pg'
import { withTransaction } from '../../database/pool.ts'

const DAY_MS = 86_400_000
/** Made ahead: a service that cannot make tables for two days still takes lines. */
const DAYS_AHEAD = 3
/** Any number, the same in every process: serialises housekeeping among them. */
const HOUSEKEEPING_LOCK = 7_201_001
/** Rather skip a round than make readers queue behind a lock we cannot get. */
const LOCK_TIMEOUT = '3s'

/** The partition that takes a delivery. Lines are copied straight into it: a quarter faster than through the parent. */
export function partitionName(retentionDays: number, receivedAtMicros: number): string {
  const day = new Date(receivedAtMicros / 1000).toISOString().slice(0, 10).replaceAll('-', '')
  return `${className(retentionDays)}_${day}`
}

/** Makes the partitions of each class from yesterday (a delivery may arrive just after midnight) to some days ahead. */
export async function createPartitions(pool: Pool, classes: readonly number[], now: Date): Promise<void> {
  await withHousekeepingLock(pool, async (client) => {
    for (const retentionDays of classes) {
      await createClass(client, retentionDays)
      for (let day = -1; day <= DAYS_AHEAD; day++) {
        await createDay(client, retentionDays, new Date(now.getTime() + day * DAY_MS))
      }
    }
  })
}

/** Drops every partition whose youngest possible line is past the retention of its class. Returns their names. */
export async function dropExpiredPartitions(pool: Pool, now: Date): Promise<string[]> {
  return withHousekeepingLock(pool, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select relname as name from pg_class
       where relnamespace = current_schema()::regnamespace and relkind = 'r' and relname ~ '^log_line_\\d+d_\\d{8}$'
       order by relname`,
    )
    const expired = rows.map((row) => row.name).filter((name) => isExpired(name, now))
    for (const name of expired) await client.query(`drop table ${name}`)
    return expired
  })
}

function isExpired(name: string, now: Date): boolean {
  const [, days, year, month, day] = /^log_line_(\d+)d_(\d{4})(\d{2})(\d{2})$/.exec(name) ?? []
  const dayAfter = Date.UTC(Number(year), Number(month) - 1, Number(day)) + DAY_MS
  return dayAfter + Number(days) * DAY_MS <= now.getTime()
}

async function createClass(client: PoolClient, retentionDays: number): Promise<void> {
  const name = className(retentionDays)
  if (await exists(client, name)) return
  await client.query(
    `create table ${name} partition of log_line for values in (${retentionDays}) partition by range (received_at)`,
  )
}

/** Made alone, then attached: attaching an empty table takes a lock that lets readers and writers go on. */
async function createDay(client: PoolClient, retentionDays: number, day: Date): Promise<void> {
  const name = partitionName(retentionDays, day.getTime() * 1000)
  if (await exists(client, name)) return
  const from = day.toISOString().slice(0, 10)
  const to = new Date(Date.parse(from) + DAY_MS).toISOString().slice(0, 10)
  await client.query(`create table ${name} (like log_line including defaults)`)
  await client.query(
    `alter table ${className(retentionDays)} attach partition ${name}
     for values from ('${from} 00:00:00+00') to ('${to} 00:00:00+00')`,
  )
}

async function exists(client: PoolClient, name: string): Promise<boolean> {
  const { rows } = await client.query<{ oid: string | null }>('select to_regclass($1) as oid', [name])
  return rows[0]?.oid !== null
}

function className(retentionDays: number): string {
  return `log_line_${retentionDays}d`
}

function withHousekeepingLock<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return withTransaction(pool, async (client) => {
    await client.query(`set local lock_timeout = '${LOCK_TIMEOUT}'`)
    await client.query('select pg_advisory_xact_lock($1)', [HOUSEKEEPING_LOCK])
    return work(client)
  })
}
