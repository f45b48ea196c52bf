// Counting all lines of a resource by time, for a histogram without a search.
import type { CountQuery, LineCount } from '../log-store.ts'
import type { ReadParts } from './read-lines.ts'
import { readSeen } from './seen.ts'
import { TABLE } from './table.ts'

/** Right to within what is being stored while it counts. */
export async function countLines(
  { pool, clickhouse }: ReadParts,
  { resourceNumber, from, to, stepSeconds, signal }: CountQuery,
): Promise<LineCount[]> {
  const { condition } = await readSeen(pool, resourceNumber)
  return clickhouse.rows<LineCount>(
    `select intDiv(sent_at, {step:Int64}) * {step:Int64} as at, count() as lines
       from ${TABLE}
      where resource_number = {resource:UInt32} and sent_at >= {from:Int64} and sent_at < {to:Int64}
        and ${condition}
      group by at`,
    { resource: resourceNumber, from, to, step: stepSeconds * 1_000_000 },
    { signal },
  )
}
