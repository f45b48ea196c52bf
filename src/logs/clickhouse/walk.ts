// What a search asks ClickHouse on its way along a resource's lines, in the one direction that its query has.

import type { Condition } from '../../query/condition.ts'
import { conditionSql } from '../../query/condition-sql.ts'
import { mayMatch, timeRange } from '../../query/prefilter.ts'
import { isForward, MAX_HANDED_OVER, MAX_HANDED_OVER_BYTES } from '../found-lines.ts'
import type { LineQuery } from '../log-store.ts'
import type { Place } from '../place.ts'
import { type ClickHouse, isTooLarge, type RowsOptions } from './clickhouse.ts'
import { LINE_COLUMNS, type LineRow, placeOf } from './line-rows.ts'
import { type Bind, parameters } from './parameters.ts'
import { clickHouseDialect, isIndexed } from './query/dialect.ts'
import type { Seen } from './seen.ts'
import { TABLE } from './table.ts'

const FIRST_ROWS = 100

export interface Start extends Place {
  isIncluded: boolean
}

/** From behind `start`, or from where the lines begin, up to and with `end`, or to where they end. */
export interface Stretch {
  start: Start | null
  end: Place | null
}

export interface Candidates {
  rows: LineRow[]
  /** How far they go. */
  last: Place | null
  /** There are others in the stretch behind the last. */
  isMore: boolean
}

export class Walk {
  readonly #clickhouse: ClickHouse
  readonly #seen: Seen
  readonly #query: LineQuery
  readonly #forward: boolean
  readonly #order: string
  readonly #mayMatch: Condition
  /** Where the way ends. */
  #last: Place | null = null
  /** Rows handed over at once: at first what fills a page if all of them match, and fewer once they were too long. */
  #limit: number
  #mostRows = MAX_HANDED_OVER

  constructor(clickhouse: ClickHouse, seen: Seen, query: LineQuery) {
    this.#clickhouse = clickhouse
    this.#seen = seen
    this.#query = query
    this.#forward = isForward(query)
    this.#order = order(this.#forward)
    this.#limit = Math.min(Math.max(query.limit, FIRST_ROWS), MAX_HANDED_OVER)
    this.#mayMatch = mayMatch(query.search, query.apps ?? new Map())
  }

  /** Whether the index leaves out most of the lines that do not match. */
  get isSparse(): boolean {
    return isIndexed(this.#mayMatch)
  }

  /** The places of the next line, and of the one that is so many lines on; `end` is null where there are fewer. */
  async lines(start: Start | null, lines: number): Promise<{ first: Place | null; end: Place | null }> {
    const { values, bind } = parameters()
    const rows = await this.#rows<{ lines: number; least: [number, number]; most: [number, number] }>(
      `select count() as lines, min((sent_at, received_at)) as least, max((sent_at, received_at)) as most
         from (select sent_at, received_at from ${TABLE} where ${this.#within({ start, end: null }, bind)}
                order by ${this.#order} limit ${Number(lines)})`,
      values,
    )
    const found = rows[0]
    if (found === undefined || found.lines === 0) return { first: null, end: null }
    const [least, most] = [found.least, found.most].map(([sentAt, receivedAt]) => ({ sentAt, receivedAt }))
    const [first, last] = this.#forward ? [least, most] : [most, least]
    return { first: first as Place, end: found.lines < lines ? null : (last as Place) }
  }

  /** Where a span of time ends; null where no line is behind it. */
  async timeEnd(start: Start, micros: number): Promise<Place | null> {
    this.#last ??= await this.#lastPlace(start)
    if (this.#last === null) return null
    const last = this.#last.sentAt
    if (this.#forward) {
      const sentAt = start.sentAt + micros
      return sentAt >= last ? null : { sentAt, receivedAt: Number.MAX_SAFE_INTEGER }
    }
    const sentAt = start.sentAt - micros
    return sentAt <= last ? null : { sentAt, receivedAt: 0 }
  }

  async #lastPlace(start: Start): Promise<Place | null> {
    const { values, bind } = parameters()
    const rows = await this.#rows<Pick<LineRow, 'sent_at' | 'received_at'>>(
      `select sent_at, received_at from ${TABLE} where ${this.#within({ start, end: null }, bind)}
        order by ${order(!this.#forward)} limit 1`,
      values,
    )
    return rows[0] ? placeOf(rows[0]) : null
  }

  /**
   * The lines of a stretch that may match, in order, or the first of them where they are too many. Never ends between
   * two that share a place.
   *
   * @throws what isTimeout knows, after `giveUpMs`
   */
  async candidates(stretch: Stretch, giveUpMs?: number): Promise<Candidates> {
    const { values, bind } = parameters()
    const where = [
      this.#within(stretch, bind),
      ...(this.#mayMatch.kind === 'always' ? [] : [conditionSql(this.#mayMatch, clickHouseDialect(bind))]),
    ]
    const statement = `
      select ${LINE_COLUMNS} from ${TABLE}
       where ${where.join('\n         and ')}
       order by ${this.#order} limit {limit:UInt32}`
    // Ties are asked for only where they must be: with them, all of the stretch is read.
    for (let ties = ''; ; ) {
      const limit = this.#limit
      // A single line is handed over however long it is.
      const maxBytes = limit === 1 ? undefined : MAX_HANDED_OVER_BYTES
      let rows: LineRow[]
      try {
        rows = await this.#rows<LineRow>(
          statement + ties,
          { ...values, limit },
          { maxMs: giveUpMs, maxBytes },
        )
      } catch (error) {
        if (limit === 1 || !isTooLarge(error)) throw error
        this.#mostRows = Math.ceil(limit / 8)
        this.#limit = this.#mostRows
        continue
      }
      const isMore = rows.length >= limit
      if (isMore) this.#limit = Math.min(limit * 4, this.#mostRows)
      // Without ties, the last place may have lost some of its lines.
      const whole = isMore && ties === '' ? beforeLastPlace(rows) : rows
      const last = whole.at(-1)
      if (isMore && last === undefined) {
        ties = ' with ties'
        continue
      }
      return {
        rows: whole.filter(({ writer, batch }) => this.#seen.isSeen(writer, batch)),
        last: last === undefined ? null : placeOf(last),
        isMore,
      }
    }
  }

  #rows<Row>(
    statement: string,
    values: Readonly<Record<string, string | number>>,
    options: RowsOptions = {},
  ): Promise<Row[]> {
    return this.#clickhouse.rows<Row>(statement, values, { ...options, signal: this.#query.signal })
  }

  #within({ start, end }: Stretch, bind: Bind): string {
    const { resourceNumber, search } = this.#query
    const where = [`resource_number = ${Number(resourceNumber)}`, this.#seen.condition]
    if (start) where.push(this.#beside(start, this.#forward ? '>' : '<', start.isIncluded, bind))
    if (end) where.push(this.#beside(end, this.#forward ? '<' : '>', true, bind))
    const { from, to } = timeRange(search)
    if (Number.isFinite(from)) where.push(`sent_at >= ${bind('Int64', from)}`)
    if (Number.isFinite(to)) where.push(`sent_at < ${bind('Int64', to)}`)
    return where.join(' and ')
  }

  #beside({ sentAt, receivedAt }: Place, side: '<' | '>', isIncluded: boolean, bind: Bind): string {
    const [sent, received] = [bind('Int64', sentAt), bind('Int64', receivedAt)]
    // Compared as pairs, it would take several times as long.
    const tie = `${side}${isIncluded ? '=' : ''}`
    return `sent_at ${side}= ${sent} and (sent_at ${side} ${sent} or received_at ${tie} ${received})`
  }
}

function beforeLastPlace(rows: LineRow[]): LineRow[] {
  const last = rows.at(-1)
  return rows.filter((row) => row.sent_at !== last?.sent_at || row.received_at !== last.received_at)
}

function order(forward: boolean): string {
  const direction = forward ? 'asc' : 'desc'
  return `sent_at ${direction}, received_at ${direction}`
}
