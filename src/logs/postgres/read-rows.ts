// Rows of log_line as they are, for whoever copies them.
import type { Pool } from 'pg'
import type { Place } from '../place.ts'
import { BIN, binOf, LINE_COLUMNS, type LineRow, micros } from './line-rows.ts'

export interface StoredRow extends LineRow {
  retention_days: number
}

export interface RowSpan {
  /** Start behind this place. */
  after: Place
  /** When lines were sent, exclusive: microseconds since 1970. */
  until: number
  /** About so many: rows that share a place come together. */
  limit: number
}

/** In the order of lines. */
export async function readRows(
  pool: Pool,
  resourceNumber: number,
  { after, until, limit }: RowSpan,
): Promise<StoredRow[]> {
  const { rows } = await pool.query<StoredRow>(
    `select ${LINE_COLUMNS}, retention_days from log_line
      where resource_number = $1
        and ${BIN} >= ${binOf(micros('$2'))} and (sent_at, received_at) > (${micros('$2')}, ${micros('$3')})
        and ${BIN} <= ${binOf(micros('$4'))} and sent_at < ${micros('$4')}
      order by ${BIN}, sent_at, received_at
      fetch first $5 rows with ties`,
    [resourceNumber, after.sentAt, after.receivedAt, until, limit],
  )
  return rows
}
