// Rows of Postgres into ClickHouse, those that are not there yet: so that a copy may be broken off and begun again, and run
// while new lines are kept in both.
import type { Pool } from 'pg'
import { withTransaction } from '../../database/pool.ts'
import type { LineBatch } from '../line-table.ts'
import type { StoredRow } from '../postgres/read-rows.ts'
import { settled } from '../settled.ts'
import type { ClickHouse } from './clickhouse.ts'
import { inLane, type Lanes } from './lanes.ts'
import { readSeen } from './seen.ts'
import { COLUMNS, TABLE } from './table.ts'
import { encodeRows } from './tsv-encoder.ts'

export interface CopyRowsParts {
  pool: Pool
  clickhouse: ClickHouse
  lanes: Lanes
}

interface Known {
  sent_at: number
  received_at: number
  drain_id: number
  lines: number
}

/**
 * @param rows of one resource, in the order of lines, and all that share a place
 * @returns how many were missing
 */
export async function copyRows(
  { pool, clickhouse, lanes }: CopyRowsParts,
  resourceNumber: number,
  rows: readonly StoredRow[],
): Promise<number> {
  const [first, last] = [rows[0], rows.at(-1)]
  if (first === undefined || last === undefined) return 0
  const { condition } = await readSeen(pool, resourceNumber)
  const known = await clickhouse.rows<Known>(
    `select sent_at, received_at, drain_id, count() as lines from ${TABLE}
      where resource_number = {resource:UInt32} and sent_at between {from:Int64} and {to:Int64} and ${condition}
      group by sent_at, received_at, drain_id`,
    { resource: resourceNumber, from: first.sent_micros, to: last.sent_micros },
  )
  const there = new Map(known.map((one) => [`${one.sent_at} ${one.received_at} ${one.drain_id}`, one.lines]))
  const missing = rows.filter((row) => {
    const key = `${row.sent_micros} ${row.received_micros} ${row.drain_id}`
    const left = there.get(key) ?? 0
    if (left > 0) there.set(key, left - 1)
    return left === 0
  })
  if (missing.length === 0) return 0
  await settled((keep) =>
    withTransaction(pool, async (client) => {
      const write = (batch: LineBatch) =>
        clickhouse.insert(TABLE, COLUMNS, encodeRows(resourceNumber, missing, batch))
      keep(await inLane(lanes, client, write))
    }),
  )
  return missing.length
}
