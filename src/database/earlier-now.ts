import type pg from 'pg'

/**
 * The earlier of our clock and the database's. For what deletes by age: a clock that runs days ahead must not cost lines
 * that are kept for days.
 *
 * @param ourMs milliseconds since 1970
 */
export async function earlierNow(pool: pg.Pool, ourMs: number): Promise<Date> {
  const { rows } = await pool.query<{ now: Date }>('select clock_timestamp() as now')
  return new Date(Math.min(ourMs, rows[0]?.now.getTime() ?? ourMs))
}
