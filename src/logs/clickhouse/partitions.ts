// Partitions in ClickHouse come by themselves; they are dropped when their retention is over.
import { eachAlone } from '../../job.ts'
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
  // (7,20778)
  const partitions = found.map(
    ({ partition }) => (partition.match(/\d+/g) ?? []).map(Number) as [days: number, day: number],
  )
  const expired = partitions.filter(([days, day]) => isPastRetention(utcDay(day * DAY_MICROS), days, now))
  // Several processes may drop it; what is not there is dropped without a word.
  await eachAlone(expired, ([days, day]) =>
    clickhouse.command(`alter table ${table} ${onCluster} drop partition tuple(${days}, ${day})`),
  )
}
