// Partitions in ClickHouse come by themselves; they are dropped when their retention is over.
import { isPastRetention } from '../retention.ts'
import { DAY_MICROS, utcDay } from '../utc-day.ts'
import type { ClickHouse } from './clickhouse.ts'
import { localTable } from './table.ts'

export async function dropExpiredPartitions(clickhouse: ClickHouse, now: Date): Promise<void> {
  const { cluster, onCluster } = clickhouse
  const table = localTable(clickhouse)
  const parts = cluster === null ? 'system.parts' : `clusterAllReplicas('${cluster}', system.parts)`
  const found = await clickhouse.rows<{ partition: string }>(
    `select distinct partition from ${parts}
      where active and database = currentDatabase() and table = {table:String}`,
    { table },
  )
  for (const { partition } of found) {
    // (7,20778)
    const [retentionDays, day] = (partition.match(/\d+/g) ?? []).map(Number) as [number, number]
    if (!isPastRetention(utcDay(day * DAY_MICROS), retentionDays, now)) continue
    // Several processes may drop it; what is not there is dropped without a word.
    await clickhouse.command(
      `alter table ${table} ${onCluster} drop partition tuple(${retentionDays}, ${day})`,
    )
  }
}
