// What a search asks ClickHouse on its way along a resource's lines, in the one direction that its query has.
import { isForward, MAX_HANDED_OVER, MAX_HANDED_OVER_BYTES } from '../found-lines.ts'
import type { LineQuery } from '../log-store.ts'
import type { Place } from '../place.ts'
import { conditionSql } from '../query/condition-sql.ts'
import { mayMatch, timeRange } from '../query/prefilter.ts'
import { type ClickHouse, isTooLarge, type RowsOptions } from './clickhouse.ts'
import { LINE_COLUMNS, type LineRow, placeOf } from './line-rows.ts'
import { type Bind, parameters } from './parameters.ts'
import { clickHouseDialect } from './query/dialect.ts'
import type { Seen } from './seen.ts'
import { TABLE } from './table.ts'

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
  /** Where the way ends. */
  #last: Place | null = null
  /** Rows handed over at once: fewer once they were too long. */
  #limit = MAX_HANDED_OVER

  constructor(clickhouse: ClickHouse, seen: Seen, query: LineQuery) {
    this.#clickhouse = clickhouse
    this.#seen = seen
    this.#query = query
    this.#forward = isForward(query)
    this.#order = order(this.#forward)
  }

  /** The place of the line that is so many lines on; null where there are fewer. */
  place(start: Start | null, lines: number): Promise<Place | null> {
    return this.#place(start, this.#order, lines - 1)
  }

  /** Where a span of time ends; null where no line is behind it. */
  async timeEnd(start: Start, micros: number): Promise<Place | null> {
    this.#last ??= await this.#place(start, order(!this.#forward), 0)
    if (this.#last === null) return null
    const last = this.#last.sentAt
    if (this.#forward) {
      const sentAt = start.sentAt + micros
      return sentAt >= last ? null : { sentAt, receivedAt: Number.MAX_SAFE_INTEGER }
    }
    const sentAt = start.sentAt - micros
    return sentAt <= last ? null : { sentAt, receivedAt: 0 }
  }

  async #place(start: Start | null, order: string, offset: number): Promise<Place | null> {
    const { values, bind } = parameters()
    const rows = await this.#rows<Pick<LineRow, 'sent_at' | 'received_at'>>(
      `select sent_at, received_at from ${TABLE} where ${this.#within({ start, end: null }, bind)}
        order by ${order} limit 1 offset ${offset}`,
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
    const { search, apps = new Map() } = this.#query
    const { values, bind } = parameters()
    const condition = mayMatch(search, apps)
    const where = [
      this.#within(stretch, bind),
      ...(condition.kind === 'always' ? [] : [conditionSql(condition, clickHouseDialect(bind))]),
    ]
    const statement = `
      select ${LINE_COLUMNS} from ${TABLE}
       where ${where.join('\n         and ')}
       order by ${this.#order} limit {limit:UInt32} with ties`
    for (;;) {
      const limit = this.#limit
      // A single line is handed over however long it is.
      const maxBytes = limit === 1 ? undefined : MAX_HANDED_OVER_BYTES
      try {
        const rows = await this.#rows<LineRow>(statement, { ...values, limit }, { maxMs: giveUpMs, maxBytes })
        const last = rows.at(-1)
        return {
          rows: rows.filter(({ writer, batch }) => this.#seen.isSeen(writer, batch)),
          last: last === undefined ? null : placeOf(last),
          isMore: rows.length >= limit,
        }
      } catch (error) {
        if (limit === 1 || !isTooLarge(error)) throw error
        this.#limit = Math.ceil(limit / 8)
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
    // The first condition is for the order of the table, the second makes it exact.
    return `sent_at ${side}= ${sent} and (sent_at, received_at) ${side}${isIncluded ? '=' : ''} (${sent}, ${received})`
  }
}

function order(forward: boolean): string {
  const direction = forward ? 'asc' : 'desc'
  return `sent_at ${direction}, received_at ${direction}`
}
