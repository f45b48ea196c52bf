// Lines known to be missing. One row for each drain, kind and minute, however many losses are told in it.
import type { Pool } from 'pg'
import type { Statement } from '../../database/round-trip.ts'
import { addCounts, addExcluded, toCount } from '../count.ts'
import type { Gap, Loss } from '../log-store.ts'
import { toTimes } from './parameters.ts'

const MAX_GAPS = 1_000
const MINUTE_MICROS = 60_000_000

export interface DrainLosses {
  resourceNumber: number
  drainId: number
  atMicros: number
  losses: readonly Loss[]
}

/** The statement that adds the losses to the gaps of their drains; null where nothing is missing. */
export function recordGaps(told: readonly DrainLosses[]): Statement | null {
  const sums = new Map<string, GapRow>()
  for (const { resourceNumber, drainId, atMicros, losses } of told) {
    const minute = Math.floor(atMicros / MINUTE_MICROS) * MINUTE_MICROS
    for (const { kind, lines } of losses) {
      const key = `${resourceNumber} ${drainId} ${minute} ${kind}`
      const sum = sums.get(key) ?? { resourceNumber, drainId, minute, kind, lines: 0 }
      sum.lines = addCounts(sum.lines, lines)
      sums.set(key, sum)
    }
  }
  if (sums.size === 0) return null
  // In one order everywhere: two writers that tell of the same minute wait for each other and do not deadlock.
  const rows = [...sums.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
  return {
    name: 'record_gaps',
    text: `
      insert into gap (resource_number, drain_id, minute, kind, lines)
      select * from unnest($1::integer[], $2::integer[], $3::timestamptz[], $4::text[], $5::bigint[])
      on conflict (resource_number, minute, drain_id, kind) do update set ${addExcluded('gap', 'lines')}`,
    values: [
      rows.map((row) => row.resourceNumber),
      rows.map((row) => row.drainId),
      toTimes(rows.map((row) => row.minute)),
      rows.map((row) => row.kind),
      rows.map((row) => row.lines),
    ],
  }
}

interface GapRow {
  resourceNumber: number
  drainId: number
  /** Microseconds since 1970. */
  minute: number
  kind: Loss['kind']
  lines: number
}

export async function readGaps(pool: Pool, resourceNumber: number, since: Date): Promise<Gap[]> {
  const { rows } = await pool.query<{ drain_id: number; minute: Date; kind: Gap['kind']; lines: string }>(
    `select drain_id, minute, kind, lines from gap
      where resource_number = $1 and minute >= $2
      order by minute desc, drain_id, kind limit ${MAX_GAPS}`,
    [resourceNumber, since],
  )
  return rows.map((row) => ({
    drainId: row.drain_id,
    minute: `${row.minute.toISOString().slice(0, 16)}Z`,
    kind: row.kind,
    lines: toCount(row.lines),
  }))
}
