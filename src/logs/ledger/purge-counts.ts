// What was counted of a resource goes with its lines.
import type { Pool } from 'pg'
import { deleteInBatches } from '../../database/delete-in-batches.ts'

/** Its row in `resource` stays: the tombstone. */
const TABLES = ['usage', 'gap', 'exclusion_saved', 'exclusion_revision']

/** May be repeated. @returns whether all is gone; false where the signal ended it */
export async function purgeCounts(
  pool: Pool,
  resourceNumber: number,
  signal?: AbortSignal,
): Promise<boolean> {
  for (const table of TABLES) {
    await deleteInBatches(
      pool,
      { table, condition: 'resource_number = $1', values: [resourceNumber] },
      signal,
    )
  }
  const condition = 'drain_id in (select id from drain where resource_number = $1)'
  await deleteInBatches(pool, { table: 'delivery', condition, values: [resourceNumber] }, signal)
  return !signal?.aborted
}
