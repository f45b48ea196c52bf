// All SQL on `line_copy`: how far the lines of a resource have been copied.
import type { Pool } from 'pg'
import type { Place } from '../place.ts'

export interface CopyState {
  /** Microseconds since 1970: what is older was not asked for. */
  since: number
  reached: Place
}

export async function readCopyState(pool: Pool, resourceNumber: number): Promise<CopyState | null> {
  const { rows } = await pool.query<{ since: string; sent_at: string; received_at: string }>(
    'select since, sent_at, received_at from line_copy where resource_number = $1',
    [resourceNumber],
  )
  const [row] = rows
  if (row === undefined) return null
  return {
    since: Number(row.since),
    reached: { sentAt: Number(row.sent_at), receivedAt: Number(row.received_at) },
  }
}

export async function writeCopyState(
  pool: Pool,
  resourceNumber: number,
  { since, reached }: CopyState,
  copiedLines: number,
): Promise<void> {
  await pool.query(
    `insert into line_copy (resource_number, since, sent_at, received_at, copied_lines) values ($1, $2, $3, $4, $5)
     on conflict (resource_number) do update set
       since = excluded.since, sent_at = excluded.sent_at, received_at = excluded.received_at,
       copied_lines = line_copy.copied_lines + excluded.copied_lines`,
    [resourceNumber, since, reached.sentAt, reached.receivedAt, copiedLines],
  )
}
