// What happens to all lines of a resource at once: they change their retention class, or they go.
import type { Pool } from 'pg'
import { isPastRetention } from '../retention.ts'
import { classPartitions, createDayPartitions, type Partition } from './partitions.ts'

/** Rows moved or deleted in one statement: a few seconds at the most, within the statement timeout. */
const BATCH_ROWS = 20_000

/**
 * Moves the lines of a resource into another class, day by day; what the new class would have dropped is deleted.
 * Postgres moves a row to another partition when its partition key is updated.
 */
export async function changeRetention(
  pool: Pool,
  resourceNumber: number,
  retentionDays: number,
  now: Date,
): Promise<void> {
  const others = (await classPartitions(pool)).filter(
    (partition) => partition.retentionDays !== retentionDays,
  )
  for (const partition of others) {
    if (isPastRetention(partition.day, retentionDays, now)) {
      await inBatches(pool, 'delete from log_line', partition, resourceNumber)
    } else if (await holds(pool, partition, resourceNumber)) {
      await createDayPartitions(pool, retentionDays, [partition.day])
      await inBatches(
        pool,
        `update log_line set retention_days = ${retentionDays}`,
        partition,
        resourceNumber,
      )
    }
  }
}

/** Deletes all lines of a resource. */
export async function purge(pool: Pool, resourceNumber: number): Promise<void> {
  for (const partition of await classPartitions(pool)) {
    await inBatches(pool, 'delete from log_line', partition, resourceNumber)
  }
}

/** Runs `change` on the resource's rows of a partition, some at a time, until none is left. */
async function inBatches(
  pool: Pool,
  change: string,
  partition: Partition,
  resourceNumber: number,
): Promise<void> {
  for (;;) {
    const { rowCount } = await pool.query(
      `${change}
        where retention_days = $1 and received_at >= $2::date and received_at < $2::date + 1
          and ctid = any(array(select ctid from ${partition.name} where resource_number = $3 limit $4))
          and resource_number = $3`,
      [partition.retentionDays, partition.day, resourceNumber, BATCH_ROWS],
    )
    if (rowCount === 0) return
  }
}

async function holds(pool: Pool, partition: Partition, resourceNumber: number): Promise<boolean> {
  const { rowCount } = await pool.query(`select from ${partition.name} where resource_number = $1 limit 1`, [
    resourceNumber,
  ])
  return rowCount === 1
}
