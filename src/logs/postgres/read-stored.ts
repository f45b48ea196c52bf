// The lines that certain transactions stored.
import type { Pool, QueryResult } from 'pg'
import { withClient } from '../../database/pool.ts'
import { formatMicros } from '../../logplex/frame-form.ts'
import { BIN_SECONDS, type StoredLine, type StoredRef } from '../line-table.ts'
import { BIN, LINE_COLUMNS, type LineRow, micros, toLine } from './line-rows.ts'

interface Row extends LineRow {
  at: number
  is_own: boolean
}

const XID_MODULUS = 2n ** 32n

/**
 * By the index, one after the other; what lies between the first and the last receipt of all of them tells the planner
 * which days to leave aside. Each finds its lines by their times of receipt; another process may have received lines in
 * the same microseconds, and then the transaction tells whose they are. It cannot always: lines that move to another
 * partition, as when a plan changes, are written again.
 */
export async function readStored(pool: Pool, refs: readonly StoredRef[]): Promise<StoredLine[][]> {
  const found: StoredLine[][] = refs.map(() => [])
  if (refs.length === 0) return found
  const least = Math.min(...refs.map(({ from }) => from))
  const most = Math.max(...refs.map(({ to }) => to))
  const values = refs.map(
    ({ resourceNumber, xid, from, to, bins }, at) =>
      `(${at}, ${resourceNumber}, '${xid % XID_MODULUS}'::xid, ${from}::bigint, ${to}::bigint, '{${bins.join(',')}}'::integer[])`,
  )
  // In one round trip, for this statement alone: walking the index is the plan whose work is bounded by the refs.
  const results = await withClient(pool, async (client) => {
    return (await client.query(`
      begin; set local enable_seqscan = off; set local jit = off;
      select ref.at, line.*
        from (values ${values.join(', ')}) as ref (at, resource_number, xid, received_from, received_to, bins)
        cross join lateral (
          select ${LINE_COLUMNS}, xmin = ref.xid as is_own
            from log_line
           where resource_number = ref.resource_number
             and ${BIN} = any(array(
               select timestamptz 'epoch' + bin * interval '${BIN_SECONDS} seconds' from unnest(ref.bins) as bin))
             and received_at between ${micros('ref.received_from')} and ${micros('ref.received_to')}
             and received_at between timestamptz '${formatMicros(least)}' and timestamptz '${formatMicros(most)}'
        ) as line
       order by ref.at, line.received_micros;
      commit`)) as unknown as QueryResult<Row>[]
  })
  for (const row of (results[3] as QueryResult<Row>).rows) {
    found[row.at]?.push({ line: toLine(row), isOwn: row.is_own })
  }
  return found
}
