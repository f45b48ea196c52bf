// During a move from one table of lines to another: writes go to both, reads to one of them. A failed transaction leaves
// nothing visible in either.
import { eachAlone } from '../job.ts'
import type { LineTable } from './line-table.ts'

/** @param main the table that is read */
export function bothTables(main: LineTable, other: LineTable): LineTable {
  const inBoth = async (work: (table: LineTable) => Promise<boolean>) =>
    (await work(main)) && (await work(other))
  return {
    ...main,
    async write(client, deliveries) {
      const first = await main.write(client, deliveries)
      try {
        const second = await other.write(client, deliveries)
        return {
          batch: first.batch ?? second.batch,
          statements: [...first.statements, ...second.statements],
          settle(hasCommitted) {
            first.settle(hasCommitted)
            second.settle(hasCommitted)
          },
        }
      } catch (error) {
        first.settle(false)
        throw error
      }
    },
    changeRetention: (...change) => inBoth((table) => table.changeRetention(...change)),
    purge: (...purged) => inBoth((table) => table.purge(...purged)),
    async makeTables(...wanted) {
      await eachAlone([main, other], (table) => table.makeTables(...wanted))
    },
    makeTablesFor: async (deliveries) =>
      (await main.makeTablesFor(deliveries)) || (await other.makeTablesFor(deliveries)),
    housekeeping: [...main.housekeeping, ...other.housekeeping],
  }
}
