// Which lines of ClickHouse are seen: those whose transaction in Postgres has committed. lanes.ts says how that is told.
// Pure, but for the one question.
import type { Pool, PoolClient } from 'pg'
import { bug } from '../../errors.ts'

/**
 * What had been committed at a moment: of each writer that still has a row the last batch, in the order of their numbers.
 * One below the last of them that has none ended long ago, and all that is left of it is committed.
 */
export type Committed = readonly (readonly [writer: number, batch: number])[]

/** Lines that are in another partition by now, and may still be where they were, too. */
export interface Moved {
  retentionDays: number
  /** Of receipt, in microseconds since 1970; `to` exclusive. */
  from: number
  to: number
  committed: Committed
}

export interface Seen {
  /** Exact, of a row at hand. */
  isSeen(writer: number, batch: number): boolean
  /**
   * A condition on rows that is true of every one that is seen, and false of all that had been written and not
   * committed. What is written only now may pass.
   */
  condition: string
  committed: Committed
  /** The pg_snapshot of the same moment, as text. */
  snapshot: string
}

/** As of one moment; moved are the lines of this resource. */
export async function readSeen(pool: Pool | PoolClient, resourceNumber: number): Promise<Seen> {
  const seen = await readSeenOf(pool, [resourceNumber])
  return seen.get(resourceNumber) as Seen
}

/** Of each of these resources, as of the same moment. */
export async function readSeenOf(
  pool: Pool | PoolClient,
  resourceNumbers: readonly number[],
): Promise<Map<number, Seen>> {
  const { rows } = await pool.query<{
    snapshot: string
    writers: Committed | null
    moved:
      | {
          resource_number: number
          retention_days: number
          received_from: number
          received_to: number
          committed: Committed
        }[]
      | null
  }>(
    `select pg_current_snapshot()::text as snapshot,
            (select json_agg(json_build_array(id, batch) order by id) from line_writer) as writers,
            (select json_agg(line_moved) from line_moved where resource_number = any($1)) as moved`,
    [resourceNumbers],
  )
  const [row] = rows
  if (row === undefined) throw bug('a select without from has one row')
  const committed = row.writers ?? []
  const of = (resourceNumber: number) => {
    const moved = (row.moved ?? [])
      .filter((one) => one.resource_number === resourceNumber)
      .map((one) => ({
        retentionDays: one.retention_days,
        from: one.received_from,
        to: one.received_to,
        committed: one.committed,
      }))
    return { ...seenBy(committed, moved), snapshot: row.snapshot }
  }
  return new Map(resourceNumbers.map((number) => [number, of(number)]))
}

export function seenBy(committed: Committed, moved: readonly Moved[]): Omit<Seen, 'snapshot'> {
  const batches = new Map(committed)
  const last = lastOf(committed)
  const isSeen = (writer: number, batch: number) => {
    const known = batches.get(writer)
    return known === undefined ? writer < last : batch <= known
  }
  // A writer has one batch open at the most: it ends with the first that fails.
  const open = committed.map(([writer, batch]) => `(${Number(writer)}, ${Number(batch) + 1})`)
  const conditions = [
    ...(open.length > 0 ? [`(writer, batch) not in (${open.join(', ')})`] : []),
    ...moved.map((one) => `not (${movedCondition(one)})`),
  ]
  return { isSeen, condition: conditions.length === 0 ? 'true' : conditions.join(' and '), committed }
}

/** Of the rows that are where they were before they were moved. */
export function movedCondition({ retentionDays, from, to, committed }: Moved): string {
  return `retention_days = ${Number(retentionDays)} and received_at >= ${Number(from)} and received_at < ${Number(to)}
          and ${committedCondition(committed)}`
}

/** Exactly the rows that had been committed. */
function committedCondition(committed: Committed): string {
  const known = committed.map(([writer, batch]) => `writer = ${Number(writer)} and batch <= ${Number(batch)}`)
  const others = [
    `writer < ${lastOf(committed)}`,
    ...committed.map(([writer]) => `writer != ${Number(writer)}`),
  ].join(' and ')
  return `(${[others, ...known].join(' or ')})`
}

function lastOf(committed: Committed): number {
  return Number(committed.at(-1)?.[0] ?? 0)
}
