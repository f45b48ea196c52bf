// The table of lines in Postgres: one file for each operation.
import type { Pool } from 'pg'
import type { LineTable } from '../line-table.ts'
import { countLines } from './count-lines.ts'
import { createPartitions, dropExpiredPartitions } from './partitions.ts'
import { readHistory, readLines } from './read-lines.ts'
import { readStored } from './read-stored.ts'
import { changeRetention, purge } from './resource-lines.ts'
import { createWrite } from './write-lines.ts'

/** @param searches connections for what may take a second, so that it does not keep others from theirs */
export function createPostgresLines(pool: Pool, searches: Pool = pool): LineTable {
  const pools = { searches, cancels: pool }
  const write = createWrite()
  return {
    write: async (_client, deliveries) => write(deliveries),
    read: (query) => readLines(pools, query),
    readHistory: (query) => readHistory(pools, query),
    readStored: (refs) => readStored(pool, refs),
    countLines: (query) => countLines(pools, query),
    changeRetention: (resourceNumber, retentionDays, now) =>
      changeRetention(pool, resourceNumber, retentionDays, now),
    purge: (resourceNumber) => purge(pool, resourceNumber),
    async maintain(retentionClasses, now) {
      await createPartitions(pool, retentionClasses, now)
      await dropExpiredPartitions(pool, now)
    },
  }
}
