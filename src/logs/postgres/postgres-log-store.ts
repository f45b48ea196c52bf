// The LogStore on Postgres: one file for each operation.
import type { Pool } from 'pg'
import { formatMicros } from '../frame-form.ts'
import type { LogStore } from '../log-store.ts'
import { parseCursor } from '../place.ts'
import { createAppend } from './append.ts'
import { countLines } from './count-lines.ts'
import { forgetCounts } from './counts.ts'
import { forgetFrameKeys } from './frame-keys.ts'
import { readGaps, recordGaps } from './gaps.ts'
import { createPartitions, dropExpiredPartitions } from './partitions.ts'
import { readLines } from './read-lines.ts'
import { changeRetention, purge } from './resource-lines.ts'
import { readSavedSince } from './saved.ts'
import { findHeavyUsers, readUsage, readUsageSince } from './usage.ts'

/** @param searches connections for what may take a second, so that it does not keep others from theirs */
export function createPostgresLogStore(pool: Pool, searches: Pool = pool): LogStore {
  const pools = { searches, cancels: pool }
  return {
    append: createAppend(pool),
    read: (query) => readLines(pools, query),
    timeOf: (cursor) => formatMicros(parseCursor(cursor).sentAt),
    countLines: (query) => countLines(pools, query),
    usage: (resourceNumber, day) => readUsage(pool, resourceNumber, day),
    heavyUsers: (day, atLeastBytes) => findHeavyUsers(pool, day, atLeastBytes),
    usageSince: (resourceNumber, since) => readUsageSince(pool, resourceNumber, since),
    savedSince: (resourceNumber, since) => readSavedSince(pool, resourceNumber, since),
    gaps: (resourceNumber, since) => readGaps(pool, resourceNumber, since),
    async recordLosses(resourceNumber, drainId, at, losses) {
      const statement = recordGaps([{ resourceNumber, drainId, atMicros: at.getTime() * 1000, losses }])
      if (statement !== null) await pool.query(statement)
    },
    changeRetention: (resourceNumber, retentionDays, now) =>
      changeRetention(pool, resourceNumber, retentionDays, now),
    purge: (resourceNumber) => purge(pool, resourceNumber),
    async maintain(retentionClasses, now) {
      await createPartitions(pool, retentionClasses, now)
      await dropExpiredPartitions(pool, now)
      await forgetFrameKeys(pool, now)
      await forgetCounts(pool, now)
    },
  }
}
