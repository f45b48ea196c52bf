// The columns by which lines that a transaction stored are found again: of news and of what waits in feeds.
import type { StoredRef } from '../line-table.ts'

/** In a select. */
export const REF_COLUMNS = 'xid::text, resource_number, writer, batch, received_from, received_to, bins'

export interface RefRow {
  xid: string
  resource_number: number
  /** Null where Postgres keeps the lines. */
  writer: number | null
  batch: string | null
  received_from: string
  received_to: string
  bins: number[]
}

export function toRef(row: RefRow): StoredRef {
  return {
    xid: BigInt(row.xid),
    batch: row.writer === null ? null : { writer: row.writer, batch: Number(row.batch) },
    resourceNumber: row.resource_number,
    from: Number(row.received_from),
    to: Number(row.received_to),
    bins: row.bins,
  }
}
