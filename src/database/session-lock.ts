// A lock that is held while a long piece of work is done, and that ends with its process, however that ends.
import type pg from 'pg'

/**
 * Runs `work` while no other process does under the same key. Keeps one connection of the pool for itself.
 *
 * @param key any number, the same in every process: of one kind of work
 * @returns null where another process is at it; then nothing is done
 */
export async function withSessionLock<T>(
  pool: pg.Pool,
  key: number,
  work: () => Promise<T>,
): Promise<T | null> {
  const client = await pool.connect()
  try {
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [key])
    return rows[0]?.taken ? await work() : null
  } finally {
    // Closed, not handed on: that lets go of the lock, whatever happened.
    client.release(true)
  }
}
