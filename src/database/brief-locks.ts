// Transactions that wait for a lock only briefly. A statement that waits for the lock of a table keeps all readers and
// writers that come after it waiting too, even where they would not be in each other's way: behind a pg_dump that holds
// its tables for an hour, a `drop table` would stop the service for that hour. So it gives up soon, and tries again.
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { withTransaction } from './pool.ts'

/** What a delivery or a page bears without being noticed. */
export const BRIEF_LOCK_MS = 250
/** Several processes that try together do not keep meeting. */
const PAUSE_MS = 100

/** lock_not_available, deadlock_detected */
const IN_USE = ['55P03', '40P01']

export function isLockTimeout(error: unknown): boolean {
  return IN_USE.includes((error as { code?: string }).code ?? '')
}

/**
 * As withTransaction, with a limit of BRIEF_LOCK_MS for each lock.
 *
 * @param tryForMs where a lock cannot be had, all of `work` is done again for so long
 */
export async function withBriefLocks<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  tryForMs = 0,
): Promise<T> {
  const deadline = performance.now() + tryForMs
  for (;;) {
    try {
      return await withTransaction(pool, async (client) => {
        await client.query(`set local lock_timeout = ${BRIEF_LOCK_MS}`)
        return work(client)
      })
    } catch (error) {
      if (!isLockTimeout(error) || performance.now() >= deadline) throw error
      await sleep(PAUSE_MS)
    }
  }
}
