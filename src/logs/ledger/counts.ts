// Usage, gaps and what rules saved are small, and outlive the lines they speak of by a while: for a bill, a graph, a question.
import type { Pool } from 'pg'
import { deleteInBatches } from '../../database/delete-in-batches.ts'
import { eachAlone } from '../../job.ts'

const KEEP_DAYS = 90

export async function deleteOldCounts(pool: Pool, now: Date, signal?: AbortSignal): Promise<void> {
  const before = new Date(now.getTime() - KEEP_DAYS * 86_400_000)
  await eachAlone(
    [
      { table: 'usage', condition: 'day < $1', values: [before] },
      { table: 'gap', condition: 'minute < $1', values: [before] },
      { table: 'exclusion_saved', condition: 'day < $1', values: [before] },
    ],
    (old) => deleteInBatches(pool, old, signal),
  )
}
