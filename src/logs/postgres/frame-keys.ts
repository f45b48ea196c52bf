// What makes a retry harmless: the frame keys of what was delivered, claimed in the transaction that stores the lines.
import type { Pool, PoolClient } from 'pg'
import type { Delivery } from '../log-store.ts'

const DAY_MS = 86_400_000
/** Rows deleted in one go; more would hold the vacuum back. */
const FORGET_BATCH = 10_000

/**
 * Claims the keys of the deliveries and tells for each whether it is new. Waits where another process is just
 * claiming the same key, until that one has committed or failed.
 */
export async function claimFrameKeys(
  client: PoolClient,
  deliveries: readonly Delivery[],
): Promise<boolean[]> {
  // In one order everywhere, so that two processes claiming the same keys wait for each other and do not deadlock.
  const ordered = [...deliveries].sort((a, b) => (rowKey(a) < rowKey(b) ? -1 : 1))
  const { rows } = await client.query<{ row_key: string }>({
    name: 'claim-frame-keys',
    text: `insert into delivery (drain_id, frame_key, received_at, expires_at)
           select * from unnest($1::integer[], $2::uuid[], $3::timestamptz[], $4::timestamptz[])
           on conflict (drain_id, frame_key) do update
             set received_at = excluded.received_at, expires_at = excluded.expires_at
             where delivery.expires_at <= excluded.received_at
           returning drain_id || ':' || replace(frame_key::text, '-', '') as row_key`,
    values: [
      ordered.map((delivery) => delivery.drainId),
      ordered.map((delivery) => delivery.frameKey.id),
      ordered.map((delivery) => receipt(delivery, 0)),
      ordered.map((delivery) => receipt(delivery, delivery.frameKey.rememberSeconds)),
    ],
  })
  const claimed = new Set(rows.map((row) => row.row_key))
  return deliveries.map((delivery) => claimed.has(rowKey(delivery)))
}

/**
 * Deletes the keys that have expired, a day after that: a delivery may have been received long before it is stored,
 * and its retries with it.
 */
export async function forgetFrameKeys(pool: Pool, now: Date): Promise<void> {
  const before = new Date(now.getTime() - DAY_MS)
  for (;;) {
    const { rowCount } = await pool.query(
      `delete from delivery where ctid = any(array(select ctid from delivery where expires_at < $1 limit $2))`,
      [before, FORGET_BATCH],
    )
    if ((rowCount ?? 0) < FORGET_BATCH) return
  }
}

function rowKey(delivery: Delivery): string {
  return `${delivery.drainId}:${delivery.frameKey.id}`
}

/** The time of receipt and some seconds. */
function receipt(delivery: Delivery, laterSeconds: number): string {
  return new Date(delivery.receivedAtMicros / 1000 + laterSeconds * 1000).toISOString()
}
