// The part of a search that is the same for both engines: match each candidate line, and make a page of the matches.
import { setImmediate } from 'node:timers/promises'
import { formatMicros } from '../logplex/frame-form.ts'
import type { LogLine } from '../logplex/framed-line.ts'
import { matches } from '../query/query.ts'
import { searched } from '../query/searched-line.ts'
import type { Effort, LinePage, LineQuery } from './log-store.ts'
import { type Place, parseCursor, toCursor } from './place.ts'

/** A page of very long lines is shorter than its limit. */
const MAX_PAGE_BYTES = 8_000_000
/** How often matching yields to other requests. */
const SLICE_MS = 10

/** Rows of one answer of an engine, so in memory at once; lines that share a place come on top. */
export const MAX_HANDED_OVER = 2_000
export const MAX_HANDED_OVER_BYTES = 4_000_000

/** How an engine's rows are read. */
export interface RowReader<Row> {
  placeOf(row: Row): Place
  toLine(row: Row): LogLine
}

export class FoundLines<Row> {
  readonly #query: LineQuery
  readonly #reader: RowReader<Row>
  readonly #deadline: number
  readonly #lines: LogLine[] = []
  #characters = 0

  /** Starts the time limit. */
  constructor(query: LineQuery, { ms }: Effort, reader: RowReader<Row>) {
    this.#query = query
    this.#reader = reader
    this.#deadline = performance.now() + ms
  }

  /** The page is full. */
  get isComplete(): boolean {
    return this.#lines.length >= this.#query.limit
  }

  /** The page is at its limit in bytes. */
  get isFull(): boolean {
    return this.isComplete || this.#characters >= MAX_PAGE_BYTES
  }

  get msLeft(): number {
    return this.#deadline - performance.now()
  }

  /**
   * Adds the matching rows until the page is full or the time is up, but never stops between two rows that share a place
   * in the order.
   *
   * @returns how many rows it examined, at least one
   */
  async take(rows: readonly Row[]): Promise<number> {
    const { search, apps, signal } = this.#query
    let pauseAt = performance.now() + SLICE_MS
    let isLate = false
    for (const [at, row] of rows.entries()) {
      if (at > 0 && (isLate || this.isFull) && !this.#sharePlace(row, rows[at - 1] as Row)) return at
      const line = this.#reader.toLine(row)
      if (matches(search, searched(line, apps))) this.#add(line)
      if (performance.now() < pauseAt) continue
      await setImmediate()
      signal?.throwIfAborted()
      isLate = this.msLeft <= 0
      pauseAt = performance.now() + SLICE_MS
    }
    return rows.length
  }

  #add(line: LogLine): void {
    this.#lines.push(line)
    this.#characters += line.message.length
  }

  #sharePlace(a: Row, b: Row): boolean {
    const [one, other] = [this.#reader.placeOf(a), this.#reader.placeOf(b)]
    return one.sentAt === other.sentAt && one.receivedAt === other.receivedAt
  }

  /** @param pausedAt where the search stopped although there may be more */
  page(pausedAt: Place | null): LinePage {
    const forward = isForward(this.#query)
    const lines = forward ? this.#lines.toReversed() : [...this.#lines]
    const paused = pausedAt && toCursor(pausedAt)
    const oldest = this.isComplete || forward ? (lines.at(-1)?.cursor ?? null) : null
    const newest = lines[0]?.cursor ?? null
    return {
      lines,
      older: forward ? oldest : (paused ?? oldest),
      newer: forward ? (paused ?? newest) : newest,
      searchedTo: pausedAt && formatMicros(pausedAt.sentAt),
    }
  }
}

/** Whether a query reads towards newer lines. */
export function isForward({ after, oldestFirst }: LineQuery): boolean {
  return after !== undefined || oldestFirst === true
}

/**
 * The place after which a query starts.
 *
 * @throws AppError invalid_params
 */
export function startOf({ after, before }: LineQuery): Place | null {
  const anchor = after ?? before
  return anchor === undefined ? null : parseCursor(anchor)
}
