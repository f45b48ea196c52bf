// Many rows deleted a few at a time: a long delete holds its rows' locks and the vacuum back.
import type pg from 'pg'
import { withBriefLocks } from './brief-locks.ts'

const BATCH_ROWS = 5_000

/**
 * @param table and condition become part of the statement: never input of a caller's
 * @param signal stops between two batches; what is left is for another call
 */
export async function deleteInBatches(
  pool: pg.Pool,
  { table, condition, values }: { table: string; condition: string; values: readonly unknown[] },
  signal?: AbortSignal,
): Promise<void> {
  const limit = `$${values.length + 1}`
  while (!signal?.aborted) {
    const { rowCount } = await withBriefLocks(pool, (client) =>
      client.query(
        `delete from ${table} where ctid = any(array(select ctid from ${table} where ${condition} limit ${limit}))`,
        [...values, BATCH_ROWS],
      ),
    )
    if ((rowCount ?? 0) < BATCH_ROWS) return
  }
}
