// Reading lines back: newest first, a page at a time, found by words.
import type { Pool } from 'pg'
import { AppError } from '../../errors.ts'
import { formatMicros, writeFrame } from '../frame-form.ts'
import type { LogLine } from '../line.ts'
import type { LinePage, LineQuery } from '../log-store.ts'

interface Row {
  sent_micros: string
  received_micros: string
  drain_id: number
  priority: number
  form: number
  source: string
  process: string
  message: string
  original: Buffer
}

/** A place in the order of lines, in microseconds since 1970. */
interface Place {
  sentAt: number
  receivedAt: number
}

export async function readLines(pool: Pool, query: LineQuery): Promise<LinePage> {
  const forward = query.after !== undefined
  const anchor = query.after ?? query.before
  const { text, values } = statement(query, anchor === undefined ? null : parseCursor(anchor), forward)
  const { rows } = await pool.query<Row>(text, values)
  if (forward) rows.reverse()
  const lines = rows.map(toLine)
  const full = rows.length >= query.limit
  return {
    lines,
    older: full || forward ? (lines.at(-1)?.cursor ?? null) : null,
    newer: lines[0]?.cursor ?? null,
  }
}

function statement(
  query: LineQuery,
  place: Place | null,
  forward: boolean,
): { text: string; values: unknown[] } {
  const values: unknown[] = []
  const bind = (value: unknown) => `$${values.push(value)}`
  const where = [`resource_number = ${bind(query.resourceNumber)}`]
  if (place) {
    const sentAt = `${micros(bind(place.sentAt))}`
    const receivedAt = `${micros(bind(place.receivedAt))}`
    // The first condition is for the index, the second makes it exact.
    where.push(
      forward
        ? `sent_at >= ${sentAt} and (sent_at > ${sentAt} or received_at > ${receivedAt})`
        : `sent_at <= ${sentAt} and (sent_at < ${sentAt} or received_at < ${receivedAt})`,
    )
  }
  for (const word of query.words) {
    const pattern = bind(`%${word.replace(/[\\%_]/g, '\\$&')}%`)
    where.push(`(message ilike ${pattern} or process ilike ${pattern} or source ilike ${pattern})`)
  }
  const order = forward ? 'asc' : 'desc'
  // With ties: two processes may have received lines in the same microsecond, and a page must not end between them.
  const text = `
    select (extract(epoch from sent_at) * 1000000)::bigint as sent_micros,
           (extract(epoch from received_at) * 1000000)::bigint as received_micros,
           drain_id, priority, form, source, process, message, original
    from log_line
    where ${where.join('\n      and ')}
    order by sent_at ${order}, received_at ${order}
    fetch first ${bind(query.limit)} rows with ties`
  return { text, values }
}

/** Microseconds as a timestamptz, exactly: to_timestamp() goes through a double and would round. */
function micros(parameter: string): string {
  return `(timestamptz 'epoch' + ${parameter}::bigint * interval '1 microsecond')`
}

function toLine(row: Row): LogLine {
  const sentAtMicros = Number(row.sent_micros)
  const receivedAtMicros = Number(row.received_micros)
  return {
    cursor: `${sentAtMicros}-${receivedAtMicros}`,
    sentAt: formatMicros(sentAtMicros),
    receivedAt: formatMicros(receivedAtMicros),
    drainId: row.drain_id,
    priority: row.priority === -1 ? null : row.priority,
    source: row.source || null,
    process: row.process || null,
    message: row.message,
    frame: row.original.length > 0 ? row.original : writeFrame({ ...row, sentAtMicros }),
  }
}

function parseCursor(cursor: string): Place {
  const match = /^(\d{1,16})-(\d{1,16})$/.exec(cursor)
  if (!match) throw new AppError('invalid_params', { reason: 'the cursor is not one of ours' })
  return { sentAt: Number(match[1]), receivedAt: Number(match[2]) }
}
