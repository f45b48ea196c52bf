// Reads lines back: newest first, a page at a time, found by a query.
//
// The search walks back in time by the index on resource and coarse time, in steps that grow: Postgres looks at a number of
// lines and returns those that may match (../query/prefilter.ts), and `matches` decides. It ends when the page is full, when
// there are no more lines, or when it has taken long enough: then the page says how far it came, and the next one
// continues from there. What it takes: docs/decisions/0007-matcher-and-prefilter.md.
import type { Pool, PoolClient } from 'pg'
import { withTransaction } from '../../database/pool.ts'
import { conditionSql } from '../../query/condition-sql.ts'
import { mayMatch, timeRange } from '../../query/prefilter.ts'
import { FoundLines, isForward, MAX_HANDED_OVER, MAX_HANDED_OVER_BYTES, startOf } from '../found-lines.ts'
import type { Effort, LinePage, LineQuery } from '../log-store.ts'
import type { Place } from '../place.ts'
import { BIN, binOf, LINE_COLUMNS, type LineRow, micros, placeOf, toLine } from './line-rows.ts'
import { FOLDED_COLUMNS, postgresDialect } from './query/dialect.ts'

interface Row extends LineRow {
  /** How many lines of the step had been looked at with this one. */
  looked: string
  /** The last line of the step: handed over whether it may match or not, because it says how far the step came. */
  is_last: boolean
}

/** The connections that a search runs on, and those that a word to end it goes by: with none free it could not go. */
export interface SearchPools {
  searches: Pool
  cancels: Pool
}

/** A common word fills the first page from one step; a rare one is worth longer ones. */
const FIRST_STEP_LINES = 1_000
const MAX_STEP_LINES = 64_000
/** Long enough for a step: a reader who leaves should not leave work behind. */
const LONG_STEP_MS = 100
const DEFAULT_EFFORT: Effort = { lines: 5_000_000, ms: 1_000 }

/**
 * For this transaction only. Walking the index is the one plan whose work is bounded by the step, and for a long step
 * the planner would rather sort all lines of the resource, each time again: it does not see that there is a next one.
 * Compiling a statement takes longer than most steps, and parallel workers are better left to others.
 */
const SET_UP = `
  select pg_backend_pid() as pid, pg_current_snapshot()::text as snapshot,
         set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
         set_config('enable_sort', 'off', true), set_config('jit', 'off', true),
         set_config('max_parallel_workers_per_gather', '0', true)`

export async function readLines(pools: SearchPools, query: LineQuery): Promise<LinePage> {
  const start = startOf(query)
  return inSearch(pools, query, 'read committed', (client) => search(client, query, start))
}

/**
 * A page as of one moment, and the snapshot that says which moment: what is committed later is in no part of it.
 */
export async function readHistory(
  pools: SearchPools,
  query: LineQuery,
): Promise<{ page: LinePage; snapshot: string }> {
  const start = startOf(query)
  return inSearch(pools, query, 'repeatable read', async (client, snapshot) => ({
    page: await search(client, query, start),
    snapshot,
  }))
}

/** Runs `work` in a transaction that walks the index, and ends it in the database too when the signal comes. */
export async function inSearch<T>(
  { searches, cancels }: SearchPools,
  { signal }: { signal?: AbortSignal | undefined },
  isolation: 'read committed' | 'repeatable read',
  work: (client: PoolClient, snapshot: string) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  try {
    return await withTransaction(searches, async (client) => {
      if (isolation !== 'read committed') await client.query(`set transaction isolation level ${isolation}`)
      const { rows } = await client.query<{ pid: number; snapshot: string }>(SET_UP)
      const { pid, snapshot } = rows[0] as { pid: number; snapshot: string }
      return await cancelledBy(signal, cancels, pid, () => work(client, snapshot))
    })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}

async function search(client: PoolClient, query: LineQuery, start: Place | null): Promise<LinePage> {
  const { effort = DEFAULT_EFFORT, limit, signal } = query
  const found = new FoundLines(query, effort, { placeOf, toLine })
  let place = start
  let isIncluded = query.including === true
  let looked = 0
  let step = query.search.kind === 'everything' ? limit : Math.min(FIRST_STEP_LINES, effort.lines)
  for (;;) {
    const stepStartedAt = performance.now()
    const rows = await readStep(client, query, place && { ...place, isIncluded }, step)
    isIncluded = false
    const stepMs = performance.now() - stepStartedAt
    const last = rows.at(-1)
    if (last === undefined) return found.page(null)

    const taken = await found.take(rows)
    place = placeOf(rows[taken - 1] as Row)
    if (found.isComplete) return found.page(null)
    looked += Number(last.looked)
    const atEnd = taken === rows.length && last.is_last && Number(last.looked) < step
    if (atEnd) return found.page(null)
    if (taken < rows.length || looked >= effort.lines || found.isFull || found.msLeft <= 0) {
      return found.page(place)
    }
    signal?.throwIfAborted()
    if (stepMs < LONG_STEP_MS / 2) step = Math.min(step * 2, MAX_STEP_LINES)
    else if (stepMs > LONG_STEP_MS * 2) step = Math.max(Math.floor(step / 2), 1)
  }
}

/** Looks at the next `step` lines and gives those that may match. */
async function readStep(
  client: PoolClient,
  query: LineQuery,
  place: (Place & { isIncluded: boolean }) | null,
  step: number,
): Promise<Row[]> {
  const { resourceNumber, search, apps = new Map() } = query
  const forward = isForward(query)
  const values: unknown[] = []
  const bind = (value: unknown) => `$${values.push(value)}`
  const where = [`resource_number = ${bind(resourceNumber)}`]
  if (place) {
    const sentAt = `${micros(bind(place.sentAt))}`
    const receivedAt = `${micros(bind(place.receivedAt))}`
    const beyond = forward ? '>' : '<'
    // The first condition is for the index, the second makes it exact.
    where.push(
      `${BIN} ${beyond}= ${binOf(sentAt)}
          and (sent_at, received_at) ${beyond}${place.isIncluded ? '=' : ''} (${sentAt}, ${receivedAt})`,
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
  const condition = mayMatch(search, apps)
  const isAsked = condition.kind !== 'always'
  // With ties: two processes may have received lines in the same microsecond, and nothing may end between them. They
  // are peers of the window, so that they share rank and sum, and are handed over together or not at all.
  const text = `
    select * from (
      select ${LINE_COLUMNS}, looked, is_last, bin, sent_at, received_at,
             rank() over walk as rank, sum(octet_length(message) + octet_length(original)) over walk as bytes
      from (
        select step.*, ${isAsked ? `${FOLDED_COLUMNS},` : ''}
               row_number() over walk as looked, lead(true) over walk is null as is_last
        from (
          select ${BIN} as bin, sent_at, received_at, drain_id, priority, form, source, process, message, original
          from log_line
          where ${where.join('\n            and ')}
          order by ${order}
          fetch first ${bind(step)} rows with ties
        ) as step
        window walk as (order by ${order})
      ) as looked_at
      where ${isAsked ? `is_last or ${conditionSql(condition, postgresDialect(bind))}` : 'true'}
      window walk as (order by ${order})
    ) as handed_over
    where rank = 1 or bytes <= ${MAX_HANDED_OVER_BYTES}
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
