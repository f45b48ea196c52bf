// The LogStore on Postgres.
import { pipeline } from 'node:stream/promises'
import type { Pool, PoolClient } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { withTransaction } from '../../database/pool.ts'
import type { Delivery, Filed, LogStore, Loss } from '../log-store.ts'
import { COPY_COLUMNS, encodeCopy } from './copy-encoder.ts'
import { forgetCounts } from './counts.ts'
import { claimFrameKeys, forgetFrameKeys } from './frame-keys.ts'
import { type DrainLosses, readGaps, recordGaps } from './gaps.ts'
import { createPartitions, dropExpiredPartitions, partitionName } from './partitions.ts'
import { readLines } from './read-lines.ts'
import { changeRetention, purge } from './resource-lines.ts'
import { countUsage, findOverQuota, readUsage } from './usage.ts'

export function createPostgresLogStore(pool: Pool): LogStore {
  return {
    append: (deliveries) => withTransaction(pool, (client) => append(client, deliveries)),
    read: (query) => readLines(pool, query),
    usage: (resourceNumber, day) => readUsage(pool, resourceNumber, day),
    gaps: (resourceNumber, since) => readGaps(pool, resourceNumber, since),
    recordLosses: (resourceNumber, drainId, at, losses) =>
      recordGaps(pool, [{ resourceNumber, drainId, atMicros: at.getTime() * 1000, losses }]),
    changeRetention: (resourceNumber, retentionDays, now) =>
      changeRetention(pool, resourceNumber, retentionDays, now),
    purge: (resourceNumber) => purge(pool, resourceNumber),
    async maintain(retentionClasses, now) {
      await createPartitions(pool, retentionClasses, now)
      await dropExpiredPartitions(pool, now)
      await forgetFrameKeys(pool, now)
      await forgetCounts(pool, now)
    },
  }
}

/** Keys, lines and counts in one transaction: after a crash either all of it is there, or nothing. */
async function append(client: PoolClient, deliveries: readonly Delivery[]): Promise<Filed[]> {
  const isNew = await claimFrameKeys(client, deliveries)
  const fresh = deliveries.filter((_, at) => isNew[at])
  if (fresh.length === 0) return deliveries.map(() => 'duplicate')
  const isOver = await findOverQuota(client, fresh)
  for (const [partition, group] of byPartition(fresh.filter((_, at) => !isOver[at]))) {
    await copy(client, partition, encodeCopy(group))
  }
  await countUsage(client, fresh, isOver)
  await recordGaps(
    client,
    fresh.map((delivery, at) => lossesOf(delivery, isOver[at] === true)),
  )
  const over = new Set(fresh.filter((_, at) => isOver[at]))
  return deliveries.map((delivery, at) =>
    !isNew[at] ? 'duplicate' : over.has(delivery) ? 'over_quota' : 'stored',
  )
}

function lossesOf(delivery: Delivery, isOver: boolean): DrainLosses {
  const { resourceNumber, drainId, receivedAtMicros, losses, lines } = delivery
  const dropped: Loss[] = isOver ? [{ kind: 'quota', lines: lines.length }] : []
  return { resourceNumber, drainId, atMicros: receivedAtMicros, losses: [...losses, ...dropped] }
}

/** Usually one or two: today, of one or two retention classes. */
function byPartition(deliveries: readonly Delivery[]): Map<string, Delivery[]> {
  const groups = new Map<string, Delivery[]>()
  for (const delivery of deliveries) {
    const name = partitionName(delivery.retentionDays, delivery.receivedAtMicros)
    const group = groups.get(name)
    if (group) group.push(delivery)
    else groups.set(name, [delivery])
  }
  return groups
}

async function copy(client: PoolClient, partition: string, rows: Buffer): Promise<void> {
  const stream = client.query(
    copyFrom(`copy ${partition} (${COPY_COLUMNS.join(', ')}) from stdin (format binary)`),
  )
  await pipeline([rows], stream)
}
