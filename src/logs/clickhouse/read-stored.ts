// Finding the lines again that a transaction stored: by resource and coarse time, as the table is ordered, then by their
// times of receipt. Another process may have received lines in the same microseconds; the batch tells whose they are.
import { BIN_SECONDS, type LineBatch, type StoredLine, type StoredRef } from '../line-table.ts'
import { LINE_COLUMNS, type LineRow, toLine } from './line-rows.ts'
import type { ReadParts } from './read-lines.ts'
import { readSeenOf, type Seen } from './seen.ts'
import { TABLE } from './table.ts'

const BIN_MICROS = BIN_SECONDS * 1_000_000

interface Row extends LineRow {
  resource_number: number
}

/** The lines of each, in the order of their receipt. */
export async function readStored(
  { pool, clickhouse }: ReadParts,
  refs: readonly StoredRef[],
): Promise<StoredLine[][]> {
  if (refs.length === 0) return []
  const byResource = grouped(refs, ({ resourceNumber }) => resourceNumber)
  const seen = await readSeenOf(pool, [...byResource.keys()])
  const conditions = [...byResource].map(([resource, of]) =>
    ofResource(resource, of, seen.get(resource) as Seen),
  )
  const rows = await clickhouse.rows<Row>(
    `select resource_number, ${LINE_COLUMNS} from ${TABLE}
      where ${conditions.join('\n         or ')}
      order by received_at`,
  )
  const isSeen = ({ resource_number: resource, writer, batch }: Row) =>
    (seen.get(resource) as Seen).isSeen(writer, batch)
  const found = grouped(rows.filter(isSeen), (row) => row.resource_number)
  return refs.map((ref) => {
    const bins = new Set(ref.bins)
    return (found.get(ref.resourceNumber) ?? [])
      .filter(({ received_at: at }) => at >= ref.from && at <= ref.to)
      .filter(({ sent_at: at }) => bins.has(Math.floor(at / BIN_MICROS)))
      .map((row) => ({ line: toLine(row), isOwn: isOf(row, ref.batch) }))
  })
}

/** What may be lines of any of these: told apart afterwards. */
function ofResource(resourceNumber: number, refs: readonly StoredRef[], { condition }: Seen): string {
  const bins = [...new Set(refs.flatMap((ref) => ref.bins))].sort((a, b) => a - b)
  const [first, last] = [bins[0] as number, bins.at(-1) as number]
  const from = Math.min(...refs.map((ref) => ref.from))
  const to = Math.max(...refs.map((ref) => ref.to))
  return `(resource_number = ${Number(resourceNumber)}
           and sent_at >= ${first * BIN_MICROS} and sent_at < ${(last + 1) * BIN_MICROS}
           and intDiv(sent_at, ${BIN_MICROS}) in (${bins.map(Number).join(', ')})
           and received_at >= ${Number(from)} and received_at <= ${Number(to)} and ${condition})`
}

function isOf({ writer, batch }: LineRow, of: LineBatch | null): boolean {
  return of !== null && of.writer === writer && of.batch === batch
}

function grouped<T>(items: readonly T[], by: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>()
  for (const item of items) {
    const group = groups.get(by(item))
    if (group) group.push(item)
    else groups.set(by(item), [item])
  }
  return groups
}
