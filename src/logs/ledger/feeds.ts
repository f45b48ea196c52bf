// All SQL on `line_feed` and `line_feed_item`: what is stored of a resource, kept in mind for each of its feeds.
//
// Not a cursor over log_line: lines come late, out of order and by several writers at once, so no place in it is one
// that nothing can come before. Not one over the items either: an item may be committed after a younger one. A reader
// takes what is there, oldest first, and deletes what it has done with.
import type { Pool, PoolClient, QueryResult } from 'pg'
import type { Statement } from '../../database/round-trip.ts'
import type { FeedPage, LineFeeds } from '../line-feed.ts'
import type { LineBatch, LineTable, StoredLine } from '../line-table.ts'
import type { Delivery } from '../log-store.ts'
import { batchValues, resourceNumbersOf } from './parameters.ts'
import { REF_COLUMNS, type RefRow, toRef } from './ref-columns.ts'
import { describe, itemValues } from './stored-items.ts'

/**
 * In the where of a statement: its commit does not wait for the disk. For what sending writes down as it goes, whose
 * loss in a crash makes lines come twice: synced, it would keep those who store lines waiting for the same disk.
 */
export const UNSYNCED = `(select set_config('synchronous_commit', 'off', true)) = 'off'`

/** Looked at of a feed for one page: single lines, stored one by one, make many. */
const MAX_ITEMS = 200
const GIVE_UP_BATCH = 5_000

/** The statement that tells which feeds there are of these resources. */
export function readFeeds(deliveries: readonly Delivery[]): Statement {
  return {
    name: 'read_feeds',
    text: 'select id, resource_number from line_feed where resource_number = any($1::integer[])',
    values: [resourceNumbersOf(deliveries)],
  }
}

export interface FeedRow {
  id: string
  resource_number: number
}

/** The statement that puts down what is stored for each of the feeds; null where there is none for any of it. */
export function feed(
  feeds: QueryResult<FeedRow>,
  stored: readonly Delivery[],
  batch: LineBatch | null,
): Statement | null {
  if (feeds.rows.length === 0) return null
  const byResource = new Map<number, string[]>()
  for (const { id, resource_number: number } of feeds.rows) {
    byResource.set(number, [...(byResource.get(number) ?? []), id])
  }
  const rows = stored.flatMap((delivery) => {
    const ids = byResource.get(delivery.resourceNumber) ?? []
    return ids.length === 0 ? [] : describe(delivery).flatMap((item) => ids.map((id) => ({ id, item })))
  })
  if (rows.length === 0) return null
  const items = rows.map(({ item }) => item)
  return {
    name: 'feed',
    text: `
      insert into line_feed_item (writer, batch, feed_id, resource_number, received_from, received_to, bins, lines)
      select $1::integer, $2::bigint, feed_id, number, received_from, received_to, bins::integer[], lines
        from unnest($3::bigint[], $4::integer[], $5::bigint[], $6::bigint[], $7::text[], $8::integer[])
          as t (feed_id, number, received_from, received_to, bins, lines)`,
    values: [
      ...batchValues(batch),
      rows.map(({ id }) => id),
      items.map(({ resourceNumber }) => resourceNumber),
      ...itemValues(items),
    ],
  }
}

/** A new feed, from the end of this transaction on. */
export async function openFeed(client: PoolClient, resourceNumber: number): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    'insert into line_feed (resource_number) values ($1) returning id',
    [resourceNumber],
  )
  return (rows[0] as { id: string }).id
}

/** What waits in them is forgotten; what is being stored just now goes with the next `giveUp`. */
export async function closeFeeds(client: PoolClient, feedIds: readonly string[]): Promise<void> {
  await client.query('delete from line_feed where id = any($1)', [feedIds])
  await client.query('delete from line_feed_item where feed_id = any($1)', [feedIds])
}

/** The statement by which a reader has done with items, to be part of the one that says how that went. */
export function forgetItems(ids: string, ofFeeds: string): string {
  return `delete from line_feed_item where id = any(${ids}) and feed_id in (${ofFeeds})`
}

export function createLineFeeds(pool: Pool, table: Pick<LineTable, 'readStored'>): LineFeeds {
  return {
    next: (feedIds, lines) => readNext(pool, table, feedIds, lines),

    async waiting() {
      const { rows } = await pool.query<{ id: string }>(
        `select id from line_feed cross join lateral (${itemsOf('line_feed.id', '')} limit 1) as oldest`,
      )
      return rows.map(({ id }) => id)
    },

    async state(feedIds) {
      const { rows } = await pool.query<{ id: string; lines: string; oldest: Date | null }>(
        `select feed_id as id, sum(lines) as lines, min(stored_at) as oldest
           from line_feed_item where feed_id = any($1) group by feed_id`,
        [feedIds],
      )
      return new Map(
        rows.map(({ id, lines, oldest }) => [
          id,
          { lines: Number(lines), oldestAt: oldest?.getTime() ?? null },
        ]),
      )
    },

    async giveUp(before) {
      await pool.query(
        'delete from line_feed_item where not exists (select from line_feed where id = feed_id)',
      )
      const lost = new Map<string, number>()
      for (;;) {
        const { rows } = await pool.query<{ id: string; lines: number }>(
          `delete from line_feed_item where id = any(array(
             select id from line_feed_item where stored_at < $1 limit $2))
           returning feed_id as id, lines`,
          [before, GIVE_UP_BATCH],
        )
        for (const { id, lines } of rows) lost.set(id, (lost.get(id) ?? 0) + lines)
        if (rows.length < GIVE_UP_BATCH) return lost
      }
    },
  }
}

interface Item extends RefRow {
  id: string
  feed_id: string
  lines: number
  /** How many items of its feed were looked at. */
  of_feed: number
}

/**
 * Oldest first, by their index and no other: with `feed_id = …` the planner may rather walk the key of the table, past all
 * that waits in other feeds. A look into 26 feeds took 500 ms where two others held 100,000 items (Postgres 15), and takes 5.
 */
function itemsOf(feedId: string, columns = '*'): string {
  return `select ${columns} from line_feed_item where feed_id between ${feedId} and ${feedId} order by feed_id, id`
}

/** The oldest item of each feed, then the second ones, and so on, as long as they hold no more lines than that. */
const OLDEST = `
  select id, feed_id, ${REF_COLUMNS}, lines, of_feed
    from (
      select item.*, count(*) over (partition by feed_id)::integer as of_feed,
             sum(lines) over (order by place, item.id) - lines as before
        from unnest($1::bigint[]) as feed (id)
        cross join lateral (
          select *, row_number() over (order by oldest.id) as place
            from (${itemsOf('feed.id')} limit ${MAX_ITEMS}) as oldest
        ) as item
    ) as waiting
   where place = 1 or before < $2 order by id`

async function readNext(
  pool: Pool,
  table: Pick<LineTable, 'readStored'>,
  feedIds: readonly string[],
  lines: number,
): Promise<Map<string, FeedPage>> {
  const { rows: items } = await pool.query<Item>(OLDEST, [feedIds, lines])
  if (items.length === 0) return new Map()
  const stored = await table.readStored(items.map(toRef))
  const byFeed = new Map<string, StoredItem[]>()
  for (const [at, item] of items.entries()) {
    const found = { item, lines: linesOf(stored[at] ?? [], item.lines) }
    const of = byFeed.get(item.feed_id)
    if (of) of.push(found)
    else byFeed.set(item.feed_id, [found])
  }
  return new Map([...byFeed].map(([feedId, of]) => [feedId, toPage(of)]))
}

interface StoredItem {
  item: Item
  lines: FeedPage['lines']
}

function toPage(stored: readonly StoredItem[]): FeedPage {
  const page: FeedPage['lines'] = []
  const ends = stored.map(({ item: { id }, lines }) => {
    page.push(...lines)
    return { id, end: page.length }
  })
  const ofFeed = stored[0]?.item.of_feed ?? 0
  return { lines: page, items: ends, isMore: stored.length < ofFeed || ofFeed === MAX_ITEMS }
}

function linesOf(stored: readonly StoredLine[], expected: number): FeedPage['lines'] {
  const own = stored.filter(({ isOwn }) => isOwn)
  // Rather a line twice than not at all.
  return (stored.length > expected && own.length === expected ? own : stored).map(({ line }) => line)
}
