// All SQL on `tail_watch` and `tail_news`: which resources have subscribers, and which of their lines were stored.
import type { Pool, QueryResult } from 'pg'
import type { Statement } from '../../database/round-trip.ts'
import type { LineBatch, StoredRef } from '../line-table.ts'
import type { Delivery } from '../log-store.ts'
import { batchValues, resourceNumbersOf } from './parameters.ts'
import { REF_COLUMNS, type RefRow, toRef } from './ref-columns.ts'
import { describe, itemValues } from './stored-items.ts'

/** How long writers record news after the last renewal: longer than a reconnect takes. */
export const WATCH_SECONDS = 60
/** News older than this are deleted. */
const NEWS_SECONDS = 120

/** Lines that one transaction stored for one resource. */
export interface News extends StoredRef {
  lines: number
  bytes: number
}

/** The statement that selects the watched ones of these resources. After the transaction's first write. */
export function readWatched(deliveries: readonly Delivery[]): Statement {
  return {
    name: 'read_watched',
    text: 'select resource_number from tail_watch where until > now() and resource_number = any($1::integer[])',
    values: [resourceNumbersOf(deliveries)],
  }
}

/** The statement that records the stored lines; null if none of the resources is watched. */
export function writeNews(
  watched: QueryResult<{ resource_number: number }>,
  stored: readonly Delivery[],
  batch: LineBatch | null,
): Statement | null {
  if (watched.rows.length === 0) return null
  const numbers = new Set(watched.rows.map((row) => row.resource_number))
  const items = stored.filter(({ resourceNumber }) => numbers.has(resourceNumber)).flatMap(describe)
  if (items.length === 0) return null
  return {
    name: 'write_news',
    text: `
      insert into tail_news (writer, batch, resource_number, received_from, received_to, bins, lines, bytes)
      select $1::integer, $2::bigint, number, received_from, received_to, bins::integer[], lines, bytes
        from unnest($3::integer[], $4::bigint[], $5::bigint[], $6::text[], $7::integer[], $8::integer[])
          as t (number, received_from, received_to, bins, lines, bytes)`,
    values: [
      ...batchValues(batch),
      items.map(({ resourceNumber }) => resourceNumber),
      ...itemValues(items),
      items.map(({ bytes }) => bytes),
    ],
  }
}

/** A renewal this close to its expiry may be expired for a writer that reads it now. */
const MARGIN_SECONDS = 5

/**
 * Registers or renews these resources as watched.
 *
 * @returns since when the first of them has been watched without a break: milliseconds, by the database's clock
 */
export async function watch(pool: Pool, resourceNumbers: readonly number[]): Promise<number> {
  // One lock order everywhere, against deadlocks.
  const { rows } = await pool.query<{ resource_number: number; since: string }>(
    `insert into tail_watch (resource_number, since, until)
     select number, now(), now() + make_interval(secs => $2) from unnest($1::integer[]) as number order by number
     on conflict (resource_number) do update
       set since = case when tail_watch.until > now() + make_interval(secs => $3) then tail_watch.since else now() end,
           until = greatest(tail_watch.until, excluded.until)
     returning resource_number, (extract(epoch from since) * 1000)::bigint as since`,
    [resourceNumbers, WATCH_SECONDS, MARGIN_SECONDS],
  )
  return Number(rows.find((row) => row.resource_number === resourceNumbers[0])?.since)
}

export interface Moment {
  /** pg_snapshot as text. */
  snapshot: string
  /** Milliseconds since 1970, by the database's clock. */
  now: number
}

export async function readMoment(pool: Pool): Promise<Moment> {
  const { rows } = await pool.query<{ snapshot: string; now: string }>(
    'select pg_current_snapshot()::text as snapshot, (extract(epoch from clock_timestamp()) * 1000)::bigint as now',
  )
  const { snapshot, now } = rows[0] as { snapshot: string; now: string }
  return { snapshot, now: Number(now) }
}

/** What was committed since that snapshot, of any resource or of one, and the snapshot now. Each item once if requested. */
export async function readNews(
  pool: Pool,
  since: string,
  resourceNumber: number | null = null,
): Promise<Moment & { news: News[] }> {
  const { rows } = await pool.query<RefRow & { snapshot: string; now: string; lines: number; bytes: number }>(
    `select moment.*, ${REF_COLUMNS}, lines, bytes
       from (select pg_current_snapshot()::text as snapshot,
                    (extract(epoch from clock_timestamp()) * 1000)::bigint as now) as moment
       left join tail_news
         on xid >= pg_snapshot_xmin($1::pg_snapshot) and not pg_visible_in_snapshot(xid, $1::pg_snapshot)
            and ($2::integer is null or resource_number = $2)`,
    [since, resourceNumber],
  )
  const { snapshot, now } = rows[0] as { snapshot: string; now: string }
  // Without news there is one row, with the snapshot only.
  const news = rows
    .filter(({ xid }) => xid !== null)
    .map((row) => ({ ...toRef(row), lines: row.lines, bytes: row.bytes }))
  return { snapshot, now: Number(now), news }
}

export async function forgetNews(pool: Pool): Promise<void> {
  await pool.query(`delete from tail_news where created_at < now() - interval '${NEWS_SECONDS} seconds'`)
  await pool.query(`delete from tail_watch where until < now() - interval '${NEWS_SECONDS} seconds'`)
}
