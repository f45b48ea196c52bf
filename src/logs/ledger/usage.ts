// What resources use of their daily volume, and what exceeds it. Counted in the transaction that stores the lines, so the
// count is right whatever crashes and however many processes write.
import type { Pool, PoolClient, QueryResult } from 'pg'
import { roundTrip, type Statement } from '../../database/round-trip.ts'
import { addCounts, addExcluded, toCount } from '../count.ts'
import { countedBytes, type Delivery, type Usage } from '../log-store.ts'
import { utcDay } from '../utc-day.ts'

/** An arbitrary constant: the first half of the lock key of a resource near its limit. */
const QUOTA_LOCK = 7_201_002
/** Rows (shards) that count one resource's day. */
export const SHARDS = 16
/**
 * Further below the limit than this, writers need no lock. More than all writers together can have in flight for one
 * resource: sixteen groups.
 */
const CAREFUL_BYTES = 64_000_000

/** The statement that reads the usage of the deliveries' resources and days. */
export function readUsed(deliveries: readonly Delivery[]): Statement {
  const asked = [...new Map(deliveries.map((delivery) => [dayKey(delivery), delivery])).values()]
  return {
    name: 'read_used',
    // Query per resource, so that the planner cannot scan the whole day.
    text: `
      select number || ' ' || day as key,
             (select sum(bytes) from usage where resource_number = number and usage.day = asked.day) as bytes
        from unnest($1::integer[], $2::date[]) as asked (number, day)`,
    values: [asked.map((delivery) => delivery.resourceNumber), asked.map(dayOf)],
  }
}

/**
 * Decides for each delivery whether it exceeds the daily volume of its resource. The delivery that crosses the limit is
 * still stored.
 *
 * Writers do not see uncommitted usage of others. So a resource that comes near its limit in this group is locked and
 * counted again: at most one delivery, over all processes, crosses the limit. A resource over its limit needs no lock,
 * since usage never falls.
 *
 * @param read what readUsed returned
 */
export async function findOverQuota(
  client: PoolClient,
  deliveries: readonly Delivery[],
  read: QueryResult<UsedRow>,
): Promise<boolean[]> {
  let used = toUsed(read)
  const near = resourcesNearLimit(deliveries, used)
  if (near.length > 0) {
    await client.query(
      'select pg_advisory_xact_lock($1, number) from unnest($2::integer[]) as number order by number',
      [QUOTA_LOCK, near],
    )
    const [again] = await roundTrip(client, [readUsed(deliveries)])
    used = toUsed(again as QueryResult<UsedRow>)
  }
  return deliveries.map((delivery) => {
    const key = dayKey(delivery)
    const before = used.get(key) ?? 0
    // A delivery that rules have emptied uses no volume.
    if (before >= delivery.dailyBytes) return delivery.lines.length > 0
    used.set(key, before + countedBytes(delivery))
    return false
  })
}

/** The statement that adds the deliveries to the usage of their resources. */
export function countUsage(deliveries: readonly Delivery[], isOver: readonly boolean[]): Statement {
  const sums = new Map<string, { delivery: Delivery; counts: [number, number, number, number] }>()
  for (const [at, delivery] of deliveries.entries()) {
    const key = dayKey(delivery)
    const sum = sums.get(key) ?? { delivery, counts: [0, 0, 0, 0] }
    const column = isOver[at] ? 2 : 0
    sum.counts[column] = addCounts(sum.counts[column] as number, delivery.lines.length)
    sum.counts[column + 1] = addCounts(sum.counts[column + 1] as number, countedBytes(delivery))
    sums.set(key, sum)
  }
  // One lock order everywhere, against deadlocks of writers that share a shard.
  const rows = [...sums.values()].sort((a, b) => a.delivery.resourceNumber - b.delivery.resourceNumber)
  return {
    name: 'count_usage',
    text: COUNT,
    values: [
      rows.map(({ delivery }) => delivery.resourceNumber),
      rows.map(({ delivery }) => dayOf(delivery)),
      ...[0, 1, 2, 3].map((column) => rows.map((row) => row.counts[column] as number)),
    ],
  }
}

const COUNT = `
  insert into usage (resource_number, day, shard, lines, bytes, dropped_lines, dropped_bytes)
  select resource_number, day, pg_backend_pid() % ${SHARDS}, lines, bytes, dropped_lines, dropped_bytes
    from unnest($1::integer[], $2::date[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
      as t (resource_number, day, lines, bytes, dropped_lines, dropped_bytes)
  on conflict (resource_number, day, shard) do update set
    ${['lines', 'bytes', 'dropped_lines', 'dropped_bytes'].map((column) => addExcluded('usage', column)).join(', ')}`

const SUMS = `coalesce(sum(lines), 0) as "lines", coalesce(sum(bytes), 0) as "bytes",
            coalesce(sum(dropped_lines), 0) as "droppedLines", coalesce(sum(dropped_bytes), 0) as "droppedBytes"`

type SumRow = Record<keyof Usage, string>

export async function readUsage(pool: Pool, resourceNumber: number, day: string): Promise<Usage> {
  const { rows } = await pool.query<SumRow>(
    `select ${SUMS} from usage where resource_number = $1 and day = $2`,
    [resourceNumber, day],
  )
  return toUsage(rows[0] as SumRow)
}

export async function readUsageSince(
  pool: Pool,
  resourceNumber: number,
  since: string,
): Promise<({ day: string } & Usage)[]> {
  const { rows } = await pool.query<SumRow & { day: string }>(
    `select day::text as day, ${SUMS} from usage where resource_number = $1 and day >= $2 group by day order by day`,
    [resourceNumber, since],
  )
  return rows.map((row) => ({ day: row.day, ...toUsage(row) }))
}

function toUsage(sum: SumRow): Usage {
  return {
    lines: toCount(sum.lines),
    bytes: toCount(sum.bytes),
    droppedLines: toCount(sum.droppedLines),
    droppedBytes: toCount(sum.droppedBytes),
  }
}

export async function findHeavyUsers(
  pool: Pool,
  day: string,
  atLeastBytes: number,
): Promise<{ resourceNumber: number; bytes: number }[]> {
  const { rows } = await pool.query<{ resourceNumber: number; bytes: string }>(
    `select resource_number as "resourceNumber", sum(bytes) as bytes from usage
      where day = $1 group by resource_number having sum(bytes) >= $2`,
    [day, Math.ceil(atLeastBytes)],
  )
  return rows.map(({ resourceNumber, bytes }) => ({ resourceNumber, bytes: toCount(bytes) }))
}

/** Resources with stored lines since that day, with their counts, the busiest last. */
export async function findStoredSince(
  pool: Pool,
  day: string,
): Promise<{ resourceNumber: number; lines: number }[]> {
  const { rows } = await pool.query<{ resourceNumber: number; lines: string }>(
    `select resource_number as "resourceNumber", sum(lines) as lines from usage
      where day >= $1 group by resource_number having sum(lines) > 0 order by sum(lines), resource_number`,
    [day],
  )
  return rows.map(({ resourceNumber, lines }) => ({ resourceNumber, lines: toCount(lines) }))
}

export interface UsedRow {
  key: string
  /** Null for nothing yet. */
  bytes: string | null
}

/** Bytes stored so far, by resource and day. */
function toUsed({ rows }: QueryResult<UsedRow>): Map<string, number> {
  return new Map(rows.map((row) => [row.key, Number(row.bytes)]))
}

function resourcesNearLimit(deliveries: readonly Delivery[], used: ReadonlyMap<string, number>): number[] {
  const after = new Map<string, number>()
  const near = new Set<number>()
  for (const delivery of deliveries) {
    const key = dayKey(delivery)
    const before = used.get(key) ?? 0
    const sum = (after.get(key) ?? before) + countedBytes(delivery)
    after.set(key, sum)
    if (before < delivery.dailyBytes && sum > delivery.dailyBytes - CAREFUL_BYTES)
      near.add(delivery.resourceNumber)
  }
  return [...near]
}

function dayKey(delivery: Delivery): string {
  return `${delivery.resourceNumber} ${dayOf(delivery)}`
}

/** Quotas reset at midnight UTC. */
export function dayOf(delivery: Delivery): string {
  return utcDay(delivery.receivedAtMicros)
}
