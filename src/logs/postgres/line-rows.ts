// Lines as rows of log_line, and their place in the order: by the time they were sent, then by their receipt.
import type { LogLine } from '../../logplex/framed-line.ts'
import { BIN_SECONDS } from '../line-table.ts'
import type { Place } from '../place.ts'
import { type StoredColumns, storedLine } from '../stored-line.ts'

export interface LineRow extends StoredColumns {
  sent_micros: string
  received_micros: string
  original: Buffer
}

/** In a select on log_line: what LineRow has. */
export const LINE_COLUMNS = `
  (extract(epoch from sent_at) * 1000000)::bigint as sent_micros,
  (extract(epoch from received_at) * 1000000)::bigint as received_micros,
  drain_id, priority, form, source, process, message, original`

export function binOf(time: string): string {
  return `date_bin('${BIN_SECONDS} seconds', ${time}, timestamptz 'epoch')`
}

/** The coarse time that the index is made of, letter for letter: migrations/0002-log-line.sql. */
export const BIN = binOf('sent_at')

/**
 * Microseconds as a timestamptz, exactly: to_timestamp() goes through a double and would round. Made of what Postgres holds
 * for immutable, which `timestamptz + interval` is not, so that it is computed once and not for each line.
 */
export function micros(parameter: string): string {
  return `((timestamp 'epoch' + ${parameter}::bigint * interval '1 microsecond') at time zone 'UTC')`
}

export function toLine(row: LineRow): LogLine {
  return storedLine(row, placeOf(row), () => row.original)
}

export function placeOf(row: LineRow): Place {
  return { sentAt: Number(row.sent_micros), receivedAt: Number(row.received_micros) }
}
