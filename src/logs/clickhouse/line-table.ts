// The table of lines in ClickHouse: one file for each operation. How a line is stored exactly once: lanes.ts.
import type { Pool } from 'pg'
import type { LineTable } from '../line-table.ts'
import type { ClickHouse } from './clickhouse.ts'
import { countLines } from './count-lines.ts'
import { forgetLanes, Lanes } from './lanes.ts'
import { dropExpiredPartitions } from './partitions.ts'
import { readHistory, readLines } from './read-lines.ts'
import { readStored } from './read-stored.ts'
import { changeRetention, deleteMoved, purge } from './resource-lines.ts'
import { createTables } from './table.ts'
import { writeLines } from './write-lines.ts'

export interface ClickHouseLinesNeeds {
  clickhouse: ClickHouse
  /** Not the one of those who store lines: they wait for what is asked here. */
  pool: Pool
  /** Connections for searches, so that many of them do not keep others from theirs. */
  searches?: Pool
  /** Told of what is tried again by itself. */
  onFailure(error: unknown): void
}

export function createClickHouseLines({
  clickhouse,
  pool,
  searches = pool,
  onFailure,
}: ClickHouseLinesNeeds): LineTable {
  const lanes = new Lanes(pool, onFailure)
  const parts = { pool, clickhouse, lanes }
  const searching = { pool: searches, clickhouse }
  let made: Promise<void> | null = null
  /** Once in a process's life: where ClickHouse was away at the start, the first write makes them. */
  const makeTables = () => {
    made ??= createTables(clickhouse).catch((error: unknown) => {
      made = null
      throw error
    })
    return made
  }
  return {
    async write(client, deliveries) {
      await makeTables()
      return writeLines(clickhouse, lanes, client, deliveries)
    },
    read: (query) => readLines(searching, query),
    readHistory: (query) => readHistory(searching, query),
    readStored: (refs) => readStored(parts, refs),
    countLines: (query) => countLines(searching, query),
    changeRetention: (...change) => changeRetention(parts, ...change),
    purge: (resourceNumber) => purge(parts, resourceNumber),
    makeTables,
    // Partitions come by themselves.
    makeTablesFor: async () => false,
    housekeeping: [
      { name: 'drop-expired-partitions', run: (now) => dropExpiredPartitions(clickhouse, now) },
      { name: 'delete-moved-lines', run: () => deleteMoved(pool, clickhouse) },
      { name: 'delete-ended-line-writers', run: () => forgetLanes(pool, clickhouse) },
    ],
  }
}
