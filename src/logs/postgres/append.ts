// Filing deliveries: keys, lines and counts in one transaction. After a crash either all of it is there, or nothing.
//
//   begin, claim the frame keys, read what their resources have used,
//   which of them somebody reads live, and which are sent on             one round trip
//   COPY the new ones, straight into the day's partition                 one for each partition, usually one
//   count usage, gaps and what rules excluded, tell who reads live and
//   who sends on, commit                                                 one round trip
//
// A commit of small deliveries spends its time in round trips, each of them a turn of a busy event loop. As statements
// of their own these were eight, and with 1,000 drains of 10 lines Postgres mostly waited for us.
import { pipeline } from 'node:stream/promises'
import type { Pool, PoolClient, QueryResult } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { checkCommitted, withClient } from '../../database/pool.ts'
import type { Delivery, Filed, Loss } from '../log-store.ts'
import { COPY_COLUMNS, encodeCopy } from './copy-encoder.ts'
import { feed, readFeeds } from './feeds.ts'
import { areClaimed, claimFrameKeys } from './frame-keys.ts'
import { type DrainLosses, recordGaps } from './gaps.ts'
import { partitionName } from './partitions.ts'
import { countSaved } from './saved.ts'
import { readWatched, writeNews } from './tail-store.ts'
import { countUsage, findOverQuota, readUsed } from './usage.ts'

/** Buffers kept for the next commits, and how large a kept one may be. */
const SPARE_BUFFERS = 4
const SPARE_BUFFER_BYTES = 16_000_000

export type Append = (deliveries: readonly Delivery[]) => Promise<Filed[]>

export function createAppend(pool: Pool): Append {
  // A group is some megabytes. A new buffer for each would be garbage that only a full collection takes away.
  const spare: Buffer[] = []

  async function copy(client: PoolClient, partition: string, deliveries: readonly Delivery[]): Promise<void> {
    const buffer = spare.pop()
    const rows = encodeCopy(deliveries, buffer)
    const stream = client.query(
      copyFrom(`copy ${partition} (${COPY_COLUMNS.join(', ')}) from stdin (format binary)`),
    )
    await pipeline([rows], stream)
    // Only now: until the server has answered, the socket may still hold parts of it.
    const used = Buffer.from(rows.buffer)
    if (spare.length < SPARE_BUFFERS && used.length <= SPARE_BUFFER_BYTES) spare.push(used)
  }

  return (deliveries) =>
    withClient(pool, async (client) => {
      const [, claimed, used, watched, feeds] = await several(client, [
        'begin',
        claimFrameKeys(deliveries),
        readUsed(deliveries),
        readWatched(deliveries),
        readFeeds(deliveries),
      ])
      const isNew = areClaimed(claimed as QueryResult, deliveries)
      const fresh = deliveries.filter((_, at) => isNew[at])
      const isOver = await findOverQuota(client, fresh, used as QueryResult)
      const kept = fresh.filter(({ lines }, at) => !isOver[at] && lines.length > 0)
      for (const [partition, group] of byPartition(kept)) await copy(client, partition, group)
      const counts = fresh.length > 0 ? [countUsage(fresh, isOver)] : []
      const gaps = recordGaps(fresh.map((delivery, at) => lossesOf(delivery, isOver[at] === true)))
      const news = writeNews(watched as QueryResult, kept)
      const fed = feed(feeds as QueryResult, kept)
      const rest = [countSaved(fresh), gaps, news, fed].filter((statement) => statement !== null)
      const results = await several(client, [...counts, ...rest, 'commit'])
      checkCommitted(results.at(-1) as QueryResult)

      const over = new Set(fresh.filter((_, at) => isOver[at]))
      return deliveries.map((delivery, at) =>
        !isNew[at] ? 'duplicate' : over.has(delivery) ? 'over_quota' : 'stored',
      )
    })
}

/** Sends the statements in one round trip: the simple query protocol, without parameters. One result for each. */
async function several(client: PoolClient, statements: readonly string[]): Promise<QueryResult[]> {
  const results = (await client.query(statements.join(';\n'))) as unknown as QueryResult | QueryResult[]
  return Array.isArray(results) ? results : [results]
}

function lossesOf(delivery: Delivery, isOver: boolean): DrainLosses {
  const { resourceNumber, drainId, receivedAtMicros, losses, lines } = delivery
  const dropped: Loss[] = isOver ? [{ kind: 'quota', lines: lines.length }] : []
  return { resourceNumber, drainId, atMicros: receivedAtMicros, losses: [...losses, ...dropped] }
}

/** Usually one or two: today, of one or two retention classes. */
function byPartition(deliveries: readonly Delivery[]): Map<string, Delivery[]> {
  const groups = new Map<string, Delivery[]>()
  for (const delivery of deliveries) {
    const name = partitionName(delivery.retentionDays, delivery.receivedAtMicros)
    const group = groups.get(name)
    if (group) group.push(delivery)
    else groups.set(name, [delivery])
  }
  return groups
}
