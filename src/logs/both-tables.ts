// During a move from one table of lines to another: lines go into both, and are read from one of them. A transaction that
// fails leaves nothing to be seen in either.
import type { LineTable } from './line-table.ts'

/** @param main what is read */
export function bothTables(main: LineTable, other: LineTable): LineTable {
  const inBoth = async (work: (table: LineTable) => Promise<void>) => {
    await work(main)
    await work(other)
  }
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
    purge: (resourceNumber) => inBoth((table) => table.purge(resourceNumber)),
    maintain: (...maintenance) => inBoth((table) => table.maintain(...maintenance)),
  }
}
