// The LogStore: what is claimed and counted of lines, here in Postgres, and the table that keeps them. One file for each
// operation.
import type { Pool } from 'pg'
import { withClient } from '../../database/pool.ts'
import { retryUnprepared, roundTrip } from '../../database/round-trip.ts'
import { formatMicros } from '../../logplex/frame-form.ts'
import type { LineTable } from '../line-table.ts'
import type { LogStore } from '../log-store.ts'
import { parseCursor } from '../place.ts'
import { createAppend } from './append.ts'
import { deleteOldCounts } from './counts.ts'
import { deleteExpiredFrameKeys } from './frame-keys.ts'
import { readGaps, recordGaps } from './gaps.ts'
import { purgeCounts } from './purge-counts.ts'
import { readSavedSince } from './saved.ts'
import { findHeavyUsers, readUsage, readUsageSince } from './usage.ts'

export function createLogStore(pool: Pool, lines: LineTable): LogStore {
  return {
    append: createAppend(pool, lines),
    read: lines.read,
    timeOf: (cursor) => formatMicros(parseCursor(cursor).sentAt),
    countLines: lines.countLines,
    usage: (resourceNumber, day) => readUsage(pool, resourceNumber, day),
    heavyUsers: (day, atLeastBytes) => findHeavyUsers(pool, day, atLeastBytes),
    usageSince: (resourceNumber, since) => readUsageSince(pool, resourceNumber, since),
    savedSince: (resourceNumber, since) => readSavedSince(pool, resourceNumber, since),
    gaps: (resourceNumber, since) => readGaps(pool, resourceNumber, since),
    async recordLosses(resourceNumber, drainId, at, losses) {
      const statement = recordGaps([{ resourceNumber, drainId, atMicros: at.getTime() * 1000, losses }])
      if (statement === null) return
      await retryUnprepared(() => withClient(pool, (client) => roundTrip(client, [statement])))
    },
    changeRetention: lines.changeRetention,
    purge: async (resourceNumber, signal) =>
      (await lines.purge(resourceNumber, signal)) && (await purgeCounts(pool, resourceNumber, signal)),
    makeTables: lines.makeTables,
    housekeeping: [
      ...lines.housekeeping,
      { name: 'delete-expired-frame-keys', run: (now, signal) => deleteExpiredFrameKeys(pool, now, signal) },
      { name: 'delete-old-counts', run: (now, signal) => deleteOldCounts(pool, now, signal) },
    ],
  }
}
