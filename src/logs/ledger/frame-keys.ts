// What makes a retry harmless: the frame keys of what was delivered, claimed in the transaction that stores the lines.
import type { Pool, QueryResult } from 'pg'
import { deleteInBatches } from '../../database/delete-in-batches.ts'
import type { Statement } from '../../database/round-trip.ts'
import type { Delivery } from '../log-store.ts'
import { toTimes } from './parameters.ts'

const DAY_MS = 86_400_000

const CLAIM = `
  insert into delivery (drain_id, frame_key, received_at, expires_at)
  select * from unnest($1::integer[], $2::uuid[], $3::timestamptz[], $4::timestamptz[])
  on conflict (drain_id, frame_key) do update
    set received_at = excluded.received_at, expires_at = excluded.expires_at
    where delivery.expires_at <= excluded.received_at
  returning drain_id || ':' || replace(frame_key::text, '-', '') as row_key`

/**
 * The statement that claims the keys of the deliveries; it returns those that are new. It waits where another process
 * is just claiming the same key, until that one has committed or failed.
 */
export function claimFrameKeys(deliveries: readonly Delivery[]): Statement {
  // In one order everywhere, so that two processes claiming the same keys wait for each other and do not deadlock.
  const ordered = [...deliveries].sort((a, b) => (rowKey(a) < rowKey(b) ? -1 : 1))
  return {
    name: 'claim_frame_keys',
    text: CLAIM,
    values: [
      ordered.map((delivery) => delivery.drainId),
      ordered.map((delivery) => delivery.frameKey.id),
      toTimes(ordered.map((delivery) => delivery.receivedAtMicros)),
      toTimes(
        ordered.map(({ receivedAtMicros, frameKey }) => receivedAtMicros + frameKey.rememberSeconds * 1e6),
      ),
    ],
  }
}

/** Which of the deliveries are new, by what the statement returned. */
export function areClaimed(
  claimed: QueryResult<{ row_key: string }>,
  deliveries: readonly Delivery[],
): boolean[] {
  const keys = new Set(claimed.rows.map((row) => row.row_key))
  return deliveries.map((delivery) => keys.has(rowKey(delivery)))
}

/**
 * Deletes the keys that have expired, a day after that: a delivery may have been received long before it is stored,
 * and its retries with it.
 */
export function deleteExpiredFrameKeys(pool: Pool, now: Date, signal?: AbortSignal): Promise<void> {
  const before = new Date(now.getTime() - DAY_MS)
  return deleteInBatches(pool, { table: 'delivery', condition: 'expires_at < $1', values: [before] }, signal)
}

function rowKey(delivery: Delivery): string {
  return `${delivery.drainId}:${delivery.frameKey.id}`
}
