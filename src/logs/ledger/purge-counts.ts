// What was counted of a resource goes with its lines.
import type { Pool } from 'pg'

/** Its row in `resource` stays: the tombstone. */
const TABLES = ['usage', 'gap', 'exclusion_saved', 'exclusion_revision']

/** May be repeated. */
export async function purgeCounts(pool: Pool, resourceNumber: number): Promise<void> {
  for (const table of TABLES) {
    await pool.query(`delete from ${table} where resource_number = $1`, [resourceNumber])
  }
  await pool.query(
    'delete from delivery where drain_id in (select id from drain where resource_number = $1)',
    [resourceNumber],
  )
}
