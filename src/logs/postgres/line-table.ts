// The table of lines in Postgres: one file for each operation.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'pg'
import { eachAlone } from '../../job.ts'
import type { LineTable } from '../line-table.ts'
import { utcDay } from '../utc-day.ts'
import { countLines } from './count-lines.ts'
import { dropTable, findExpired, makeDayTables, makeTables } from './partitions.ts'
import { readHistory, readLines } from './read-lines.ts'
import { readStored } from './read-stored.ts'
import { changeRetention, purge } from './resource-lines.ts'
import { createWrite } from './write-lines.ts'

/** After a table could not be dropped. Most of what holds one holds the others too. */
const PAUSE_MS = 1_000

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
    changeRetention: (...change) => changeRetention(pool, ...change),
    purge: (...purged) => purge(pool, ...purged),
    makeTables: (retentionClasses, now) => makeTables(pool, retentionClasses, now),
    async makeTablesFor(deliveries) {
      const wanted = deliveries.map(({ retentionDays, receivedAtMicros }) => ({
        retentionDays,
        day: utcDay(receivedAtMicros),
      }))
      return (await makeDayTables(pool, wanted)).length > 0
    },
    housekeeping: [
      {
        name: 'drop-expired-tables',
        run: async (now, signal) => {
          const expired = await findExpired(pool, now)
          await eachAlone(expired, async (name) => {
            if (signal.aborted) return
            try {
              await dropTable(pool, name)
            } catch (error) {
              // Whatever came meanwhile has waited for us: let it pass.
              await sleep(PAUSE_MS)
              throw error
            }
          })
        },
      },
    ],
  }
}
