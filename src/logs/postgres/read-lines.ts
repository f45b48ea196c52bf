// Reading lines back: newest first, a page at a time, found by a query.
//
// The search walks back in time by the index on resource and coarse time, in steps that grow: Postgres looks at so many
// lines, hands over those that may match (query/prefilter.ts), and `matches` decides. It ends when the page is full,
// when there are no more lines, or when it has taken long enough: then the page says how far it came, and the next
// one goes on from there.
//
// One million lines of a resource among two, in one day, all in memory (Postgres 15, Node 20, 2 shared cores, 2026-11-21):
// 200 lines with a common word 14 to 23 ms; one line in 170 `level:error`, 0.4 s; one in 1,000 `status:503`, 0.8 s; a word
// that is nowhere 2.1 s, 500,000 lines a second; `status:>=500`, where Postgres hands over every line that has a status,
// 250,000 lines a second.
import type { Pool, PoolClient } from 'pg'
import { withTransaction } from '../../database/pool.ts'
import { AppError } from '../../errors.ts'
import { formatMicros, writeFrame } from '../frame-form.ts'
import type { LogLine } from '../line.ts'
import type { Effort, LinePage, LineQuery } from '../log-store.ts'
import { matches } from '../query/query.ts'
import { searched } from '../query/searched-line.ts'
import { FOLDED_COLUMNS, prefilter, timeRange } from './query/prefilter.ts'

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
  /** How many lines of the step had been looked at with this one. */
  looked: string
  /** The last line of the step: handed over whether it may match or not, because it says how far the step came. */
  is_last: boolean
}

/** A place in the order of lines, in microseconds since 1970. */
interface Place {
  sentAt: number
  receivedAt: number
}

/** A common word fills the first page from one step; a rare one is worth longer ones. */
const FIRST_STEP_LINES = 1_000
const MAX_STEP_LINES = 64_000
/** Long enough for a step: a reader who leaves should not leave work behind. */
const LONG_STEP_MS = 100
/** Handed over by Postgres in one answer, and so in memory at once; lines that share a place come on top. */
const MAX_HANDED_OVER = 2_000
const DEFAULT_EFFORT: Effort = { lines: 5_000_000, ms: 1_000 }
/** Other requests wait while lines are matched: they are let through this often. */
const SLICE_MS = 10

/**
 * For this transaction only. Walking the index is the one plan whose work is bounded by the step, and for a long step
 * the planner would rather sort all lines of the resource, each time again: it does not see that there is a next one.
 * Compiling a statement takes longer than most steps, and parallel workers are better left to others.
 */
const SET_UP = `
  select pg_backend_pid() as pid, set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
         set_config('enable_sort', 'off', true), set_config('jit', 'off', true),
         set_config('max_parallel_workers_per_gather', '0', true)`

export async function readLines(pool: Pool, query: LineQuery): Promise<LinePage> {
  const anchor = query.after ?? query.before
  const place = anchor === undefined ? null : parseCursor(anchor)
  query.signal?.throwIfAborted()
  try {
    return await withTransaction(pool, async (client) => {
      const { rows } = await client.query<{ pid: number }>(SET_UP)
      const pid = (rows[0] as { pid: number }).pid
      return await cancelledBy(query.signal, pool, pid, () => search(client, query, place))
    })
  } catch (error) {
    query.signal?.throwIfAborted()
    throw error
  }
}

async function search(client: PoolClient, query: LineQuery, start: Place | null): Promise<LinePage> {
  const { effort = DEFAULT_EFFORT, limit, signal } = query
  const deadline = performance.now() + effort.ms
  const found: LogLine[] = []
  let place = start
  let looked = 0
  let step = query.search.kind === 'everything' ? limit : Math.min(FIRST_STEP_LINES, effort.lines)
  for (;;) {
    const stepStartedAt = performance.now()
    const rows = await readStep(client, query, place, step)
    const stepMs = performance.now() - stepStartedAt
    const last = rows.at(-1)
    if (last === undefined) return page(query, found, null)

    const matched = await matchRows(query, rows, found, deadline)
    place = placeOf(rows[matched - 1] as Row)
    if (found.length >= limit) return page(query, found, null)
    looked += Number(last.looked)
    const atEnd = matched === rows.length && last.is_last && Number(last.looked) < step
    if (atEnd) return page(query, found, null)
    if (matched < rows.length || looked >= effort.lines || performance.now() >= deadline) {
      return page(query, found, place)
    }
    signal?.throwIfAborted()
    if (stepMs < LONG_STEP_MS / 2) step = Math.min(step * 2, MAX_STEP_LINES)
    else if (stepMs > LONG_STEP_MS * 2) step = Math.max(Math.floor(step / 2), 1)
  }
}

/**
 * Adds the lines that match to `found`, until there are enough or it is too late, but never ends between two lines
 * that share a place in the order.
 *
 * @returns how many rows it looked at, at least one.
 */
async function matchRows(
  { search, apps, limit, signal }: LineQuery,
  rows: readonly Row[],
  found: LogLine[],
  deadline: number,
): Promise<number> {
  let pauseAt = performance.now() + SLICE_MS
  let late = false
  for (const [at, row] of rows.entries()) {
    if (at > 0 && (late || found.length >= limit) && !samePlace(row, rows[at - 1] as Row)) return at
    const line = toLine(row)
    if (matches(search, searched(line, apps))) found.push(line)
    if (performance.now() < pauseAt) continue
    await new Promise((resolve) => setImmediate(resolve))
    signal?.throwIfAborted()
    const now = performance.now()
    late = now >= deadline
    pauseAt = now + SLICE_MS
  }
  return rows.length
}

/** @param pausedAt where the search ended although there may be more. */
function page({ after, limit }: LineQuery, found: LogLine[], pausedAt: Place | null): LinePage {
  const forward = after !== undefined
  const lines = forward ? found.reverse() : found
  const paused = pausedAt && toCursor(pausedAt)
  const oldest = lines.length >= limit || forward ? (lines.at(-1)?.cursor ?? null) : null
  const newest = lines[0]?.cursor ?? null
  return {
    lines,
    older: forward ? oldest : (paused ?? oldest),
    newer: forward ? (paused ?? newest) : newest,
    searchedTo: pausedAt && formatMicros(pausedAt.sentAt),
  }
}

/** Looks at the next `step` lines and gives those that may match. */
async function readStep(
  client: PoolClient,
  { resourceNumber, search, apps = new Map(), after }: LineQuery,
  place: Place | null,
  step: number,
): Promise<Row[]> {
  const forward = after !== undefined
  const values: unknown[] = []
  const bind = (value: unknown) => `$${values.push(value)}`
  const where = [`resource_number = ${bind(resourceNumber)}`]
  if (place) {
    const sentAt = `${micros(bind(place.sentAt))}`
    const receivedAt = `${micros(bind(place.receivedAt))}`
    // The first condition is for the index, the second makes it exact.
    where.push(
      forward
        ? `${BIN} >= ${binOf(sentAt)} and (sent_at, received_at) > (${sentAt}, ${receivedAt})`
        : `${BIN} <= ${binOf(sentAt)} and (sent_at, received_at) < (${sentAt}, ${receivedAt})`,
    )
  }
  const { from, to } = timeRange(search)
  if (Number.isFinite(from)) {
    const sentAt = micros(bind(from))
    where.push(`${BIN} >= ${binOf(sentAt)} and sent_at >= ${sentAt}`)
  }
  if (Number.isFinite(to)) {
    const sentAt = micros(bind(to))
    where.push(`${BIN} <= ${binOf(sentAt)} and sent_at < ${sentAt}`)
  }
  const direction = forward ? 'asc' : 'desc'
  // The same everywhere, so that it is sorted once.
  const order = `bin ${direction}, sent_at ${direction}, received_at ${direction}`
  const mayMatch = prefilter(search, apps, bind)
  // With ties: two processes may have received lines in the same microsecond, and nothing may end between them.
  const text = `
    select (extract(epoch from sent_at) * 1000000)::bigint as sent_micros,
           (extract(epoch from received_at) * 1000000)::bigint as received_micros,
           drain_id, priority, form, source, process, message, original, looked, is_last
    from (
      select step.*, ${mayMatch === null ? '' : `${FOLDED_COLUMNS},`}
             row_number() over walk as looked, lead(true) over walk is null as is_last
      from (
        select ${BIN} as bin, sent_at, received_at, drain_id, priority, form, source, process, message, original
        from log_line
        where ${where.join('\n          and ')}
        order by ${order}
        fetch first ${bind(step)} rows with ties
      ) as step
      window walk as (order by ${order})
    ) as looked_at
    where ${mayMatch === null ? 'true' : `is_last or ${mayMatch}`}
    order by ${order}
    fetch first ${bind(MAX_HANDED_OVER)} rows with ties`
  const { rows } = await client.query<Row>(text, values)
  return rows
}

/** Runs `work`; when the signal comes, the database stops what it does for it. */
async function cancelledBy<T>(
  signal: AbortSignal | undefined,
  pool: Pool,
  pid: number,
  work: () => Promise<T>,
): Promise<T> {
  if (!signal) return work()
  let cancelling: Promise<unknown> | undefined
  const cancel = () => {
    // With no connection free it would wait behind the very searches that are to end; those look at the signal, too.
    if (pool.idleCount === 0 && pool.totalCount >= pool.options.max) return
    cancelling = pool.query('select pg_cancel_backend($1)', [pid]).catch(() => {})
  }
  signal.addEventListener('abort', cancel, { once: true })
  try {
    signal.throwIfAborted()
    return await work()
  } finally {
    signal.removeEventListener('abort', cancel)
    // Before the connection serves somebody else, whom it would hit.
    await cancelling
  }
}

/** The coarse time that the index is made of, letter for letter: migrations/0002-log-line.sql. */
const BIN = binOf('sent_at')

function binOf(time: string): string {
  return `date_bin('8 seconds', ${time}, timestamptz 'epoch')`
}

/** Microseconds as a timestamptz, exactly: to_timestamp() goes through a double and would round. */
function micros(parameter: string): string {
  return `(timestamptz 'epoch' + ${parameter}::bigint * interval '1 microsecond')`
}

function toLine(row: Row): LogLine {
  const place = placeOf(row)
  return {
    cursor: toCursor(place),
    sentAt: formatMicros(place.sentAt),
    receivedAt: formatMicros(place.receivedAt),
    drainId: row.drain_id,
    priority: row.priority === -1 ? null : row.priority,
    source: row.source || null,
    process: row.process || null,
    message: row.message,
    frame: row.original.length > 0 ? row.original : writeFrame({ ...row, sentAtMicros: place.sentAt }),
  }
}

function placeOf(row: Row): Place {
  return { sentAt: Number(row.sent_micros), receivedAt: Number(row.received_micros) }
}

function samePlace(a: Row, b: Row): boolean {
  return a.sent_micros === b.sent_micros && a.received_micros === b.received_micros
}

function toCursor({ sentAt, receivedAt }: Place): string {
  return `${sentAt}-${receivedAt}`
}

function parseCursor(cursor: string): Place {
  const match = /^(\d{1,16})-(\d{1,16})$/.exec(cursor)
  if (!match) throw new AppError('invalid_params', { reason: 'the cursor is not one of ours' })
  return { sentAt: Number(match[1]), receivedAt: Number(match[2]) }
}
