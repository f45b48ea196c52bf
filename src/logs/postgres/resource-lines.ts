// What happens to all lines of a resource at once: they change their retention class, or they go. In batches, each a
// transaction of its own, with a rest between them: deliveries share the disk.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'
import { withBriefLocks } from '../../database/brief-locks.ts'
import { isPastRetention } from '../retention.ts'
import { classPartitions, makeDayTables, type Partition } from './partitions.ts'

/** Rows moved or deleted in one transaction: a fifth of a second on a small machine. */
const BATCH_ROWS = 2_000
/** While another process drops a table. */
const TRY_FOR_MS = 2_000
const DAY_MS = 86_400_000

/**
 * Moves the lines of a resource into another class, day by day; what the new class would have dropped is deleted.
 * Postgres moves a row to another partition when its partition key is updated.
 *
 * @returns whether all are moved; false where the signal aborted
 */
export async function changeRetention(
  pool: Pool,
  resourceNumber: number,
  retentionDays: number,
  now: Date,
  signal?: AbortSignal,
): Promise<boolean> {
  for (const partition of await classPartitions(pool)) {
    if (partition.retentionDays === retentionDays) continue
    if (isPastRetention(partition.day, retentionDays, now)) {
      await inBatches(pool, 'delete from log_line', partition, resourceNumber, signal)
    } else if (await holds(pool, partition, resourceNumber)) {
      await makeDayTables(pool, [{ retentionDays, day: partition.day }])
      const move = `update log_line set retention_days = ${Number(retentionDays)}`
      await inBatches(pool, move, partition, resourceNumber, signal)
    }
  }
  return !signal?.aborted
}

/**
 * Deletes all lines of a resource.
 *
 * @returns whether all are gone; false where the signal aborted
 */
export async function purge(pool: Pool, resourceNumber: number, signal?: AbortSignal): Promise<boolean> {
  for (const partition of await classPartitions(pool)) {
    await inBatches(pool, 'delete from log_line', partition, resourceNumber, signal)
  }
  return !signal?.aborted
}

/** Runs `change` on the resource's rows of a partition, some at a time, until none is left. */
async function inBatches(
  pool: Pool,
  change: string,
  partition: Partition,
  resourceNumber: number,
  signal?: AbortSignal,
): Promise<void> {
  const from = new Date(partition.day)
  const to = new Date(from.getTime() + DAY_MS)
  while (!signal?.aborted) {
    const startedAt = performance.now()
    const changeBatch = (client: PoolClient) =>
      client.query(
        `${change}
          where retention_days = $1 and received_at >= $2 and received_at < $3
            and ctid = any(array(select ctid from ${partition.name} where resource_number = $4 limit $5))
            and resource_number = $4`,
        [partition.retentionDays, from, to, resourceNumber, BATCH_ROWS],
      )
    const { rowCount } = await withBriefLocks(pool, changeBatch, TRY_FOR_MS)
    if (rowCount === 0) return
    await sleep((performance.now() - startedAt) / 2)
  }
}

async function holds(pool: Pool, partition: Partition, resourceNumber: number): Promise<boolean> {
  const { rowCount } = await pool.query(`select from ${partition.name} where resource_number = $1 limit 1`, [
    resourceNumber,
  ])
  return rowCount === 1
}
