// A lock that one process holds for a long piece of work, and that ends with the process, however that ends.
//
// A lock of a transaction, not of a session: behind a pooler in transaction mode a session's lock would stay with the
// server connection. The transaction is open and idle all the while; it has no snapshot then, so that it keeps no vacuum
// from its work.
import type { Pool } from 'pg'

/**
 * Runs `work` while no other process does under the same key. Takes one connection of the pool.
 *
 * @param key any number, the same in every process: of one kind of work
 * @returns null where another process is at it; then nothing is done
 */
export async function withAdvisoryLock<T>(
  pool: Pool,
  key: number,
  work: () => Promise<T>,
): Promise<T | null> {
  const client = await pool.connect()
  try {
    await client.query('begin; set local idle_in_transaction_session_timeout = 0')
    // Without a parameter: sent with one, the statement's portal would stay open, and its snapshot with it.
    const { rows } = await client.query<{ taken: boolean }>(
      `select pg_try_advisory_xact_lock(${Math.trunc(key)}) as taken`,
    )
    return rows[0]?.taken ? await work() : null
  } finally {
    // Closed rather than rolled back: that ends the transaction even where the connection is dead.
    client.release(true)
  }
}
