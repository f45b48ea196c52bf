// Usage, gaps and what rules saved are small, and outlive the lines they speak of by a while: for a bill, a graph, a question.
import type { Pool } from 'pg'

const KEEP_DAYS = 90

export async function forgetCounts(pool: Pool, now: Date): Promise<void> {
  const before = new Date(now.getTime() - KEEP_DAYS * 86_400_000)
  await pool.query('delete from usage where day < $1', [before])
  await pool.query('delete from gap where minute < $1', [before])
  await pool.query('delete from exclusion_saved where day < $1', [before])
}
