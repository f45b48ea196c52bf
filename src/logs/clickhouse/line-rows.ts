// Lines as rows of the table in ClickHouse.
import type { LogLine } from '../../logplex/framed-line.ts'
import type { Place } from '../place.ts'
import { type StoredColumns, storedLine } from '../stored-line.ts'

/** 64-bit times are whole microseconds, and far below 2^53. */
export interface LineRow extends StoredColumns {
  sent_at: number
  received_at: number
  /** Base64: bytes do not go through JSON. */
  frame: string
  writer: number
  batch: number
}

/** In a select on the table: what LineRow has. */
export const LINE_COLUMNS =
  'sent_at, received_at, drain_id, priority, form, source, process, message, base64Encode(original) as frame, writer, batch'

export function placeOf(row: Pick<LineRow, 'sent_at' | 'received_at'>): Place {
  return { sentAt: row.sent_at, receivedAt: row.received_at }
}

export function toLine(row: LineRow): LogLine {
  return storedLine(row, placeOf(row), () => Buffer.from(row.frame, 'base64'))
}
