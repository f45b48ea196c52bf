// Filing deliveries: keys, lines and counts in one transaction. After a crash either all of it is there, or nothing.
//
//   begin, claim the frame keys, read what their resources have used,
//   which of them somebody reads live, and which are sent on             one round trip
//   the new ones into the table of lines, count usage, gaps and what
//   rules excluded, tell who reads live and who sends on, commit         one round trip, where Postgres has that table
//
// A commit of small deliveries spends its time in round trips, each of them a turn of a busy event loop. As statements
// of their own these were nine, and with 1,000 drains of 10 lines Postgres mostly waited for us.
import type { Pool, QueryResult } from 'pg'
import { checkCommitted, withClient } from '../../database/pool.ts'
import { BEGIN, COMMIT, retryUnprepared, roundTrip, type Statement } from '../../database/round-trip.ts'
import type { LineTable } from '../line-table.ts'
import type { Delivery, Filed, Loss } from '../log-store.ts'
import { settled } from '../settled.ts'
import { feed, readFeeds } from './feeds.ts'
import { areClaimed, claimFrameKeys } from './frame-keys.ts'
import { type DrainLosses, recordGaps } from './gaps.ts'
import { countSaved } from './saved.ts'
import { readWatched, writeNews } from './tail-store.ts'
import { countUsage, findOverQuota, readUsed } from './usage.ts'

/**
 * Each statement is planned once for a connection, whatever the parameters: left to itself Postgres plans it for each group
 * anew, which takes longer than to run it. By index, because a table that is empty at that moment will not stay so.
 */
export const PLAN_ONCE: Statement = {
  name: 'plan_once',
  text: `select set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)`,
}

const NOTHING_WRITTEN = { batch: null, statements: [] }

export type Append = (deliveries: readonly Delivery[]) => Promise<Filed[]>

/** undefined_table */
const NO_TABLE = '42P01'

export function createAppend(pool: Pool, lines: Pick<LineTable, 'write' | 'makeTablesFor'>): Append {
  const append = createAppendOnce(pool, lines)
  return (deliveries) =>
    retryUnprepared(async () => {
      try {
        return await append(deliveries)
      } catch (error) {
        // Of a day that nobody made a table for: a clock ran ahead, or housekeeping has failed for days.
        const noTable = (error as { code?: unknown }).code === NO_TABLE
        if (!noTable || !(await lines.makeTablesFor(deliveries))) throw error
        return append(deliveries)
      }
    })
}

function createAppendOnce(pool: Pool, lines: Pick<LineTable, 'write'>): Append {
  return (deliveries) =>
    settled((keep) =>
      withClient(pool, async (client) => {
        const [, , claimed, used, watched, feeds] = await roundTrip(client, [
          BEGIN,
          PLAN_ONCE,
          claimFrameKeys(deliveries),
          readUsed(deliveries),
          readWatched(deliveries),
          readFeeds(deliveries),
        ])
        const isNew = areClaimed(claimed as QueryResult, deliveries)
        const fresh = deliveries.filter((_, at) => isNew[at])
        const isOver = await findOverQuota(client, fresh, used as QueryResult)
        const kept = fresh.filter((delivery, at) => !isOver[at] && delivery.lines.length > 0)
        const { batch, statements } =
          kept.length > 0 ? keep(await lines.write(client, kept)) : NOTHING_WRITTEN
        const counts = fresh.length > 0 ? [countUsage(fresh, isOver)] : []
        const gaps = recordGaps(fresh.map((delivery, at) => lossesOf(delivery, isOver[at] === true)))
        const news = writeNews(watched as QueryResult, kept, batch)
        const fed = feed(feeds as QueryResult, kept, batch)
        const rest = [countSaved(fresh), gaps, news, fed].filter((statement) => statement !== null)
        const results = await roundTrip(client, [...statements, ...counts, ...rest, COMMIT])
        checkCommitted(results.at(-1) as QueryResult)

        const over = new Set(fresh.filter((_, at) => isOver[at]))
        return deliveries.map((delivery, at) =>
          !isNew[at] ? 'duplicate' : over.has(delivery) ? 'over_quota' : 'stored',
        )
      }),
    )
}

function lossesOf(delivery: Delivery, isOver: boolean): DrainLosses {
  const { resourceNumber, drainId, receivedAtMicros, losses, lines } = delivery
  const dropped: Loss[] = isOver ? [{ kind: 'quota', lines: lines.length }] : []
  return { resourceNumber, drainId, atMicros: receivedAtMicros, losses: [...losses, ...dropped] }
}
