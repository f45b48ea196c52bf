// What exclusion rules dropped, counted in the transaction that stores the rest: so that what is kept and what is
// excluded is what was received, whatever crashes.
import type { Pool } from 'pg'
import type { Statement } from '../../database/round-trip.ts'
import { addCounts, addExcluded, toCount } from '../count.ts'
import type { Delivery, Saved } from '../log-store.ts'
import { dayOf, SHARDS } from './usage.ts'

/** The statement that adds what rules dropped of the deliveries; null where they dropped nothing. */
export function countSaved(deliveries: readonly Delivery[]): Statement | null {
  const sums = new Map<string, SavedRow>()
  for (const delivery of deliveries) {
    for (const { exclusionId, lines, bytes } of delivery.excluded ?? []) {
      const { resourceNumber } = delivery
      const day = dayOf(delivery)
      const key = `${resourceNumber} ${exclusionId} ${day}`
      const sum = sums.get(key) ?? { resourceNumber, exclusionId, day, lines: 0, bytes: 0 }
      sum.lines = addCounts(sum.lines, lines)
      sum.bytes = addCounts(sum.bytes, bytes)
      sums.set(key, sum)
    }
  }
  if (sums.size === 0) return null
  // In one order everywhere: two writers that share a shard wait for each other and do not deadlock.
  const rows = [...sums.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
  return {
    name: 'count_saved',
    text: `
      insert into exclusion_saved (resource_number, exclusion_id, day, shard, lines, bytes)
      select resource_number, exclusion_id, day, pg_backend_pid() % ${SHARDS}, lines, bytes
        from unnest($1::integer[], $2::uuid[], $3::date[], $4::bigint[], $5::bigint[])
          as t (resource_number, exclusion_id, day, lines, bytes)
      on conflict (resource_number, exclusion_id, day, shard) do update set
        ${addExcluded('exclusion_saved', 'lines')},
        ${addExcluded('exclusion_saved', 'bytes')}`,
    values: [
      rows.map((row) => row.resourceNumber),
      rows.map((row) => row.exclusionId),
      rows.map((row) => row.day),
      rows.map((row) => row.lines),
      rows.map((row) => row.bytes),
    ],
  }
}

interface SavedRow extends Saved {
  resourceNumber: number
}

export async function readSavedSince(pool: Pool, resourceNumber: number, since: string): Promise<Saved[]> {
  const { rows } = await pool.query<{ exclusion_id: string; day: string; lines: string; bytes: string }>(
    `select exclusion_id, day::text as day, sum(lines) as lines, sum(bytes) as bytes from exclusion_saved
      where resource_number = $1 and day >= $2 group by exclusion_id, exclusion_saved.day order by 2, 1`,
    [resourceNumber, since],
  )
  return rows.map((row) => ({
    exclusionId: row.exclusion_id,
    day: row.day,
    lines: toCount(row.lines),
    bytes: toCount(row.bytes),
  }))
}
