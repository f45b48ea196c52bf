// The LogStore on Postgres.
import { pipeline } from 'node:stream/promises'
import type { Pool, PoolClient } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { withTransaction } from '../../database/pool.ts'
import type { Delivery, Filed, LogStore } from '../log-store.ts'
import { COPY_COLUMNS, encodeCopy } from './copy-encoder.ts'
import { claimFrameKeys, forgetFrameKeys } from './frame-keys.ts'
import { createPartitions, dropExpiredPartitions, partitionName } from './partitions.ts'
import { readLines } from './read-lines.ts'

export function createPostgresLogStore(pool: Pool): LogStore {
  return {
    append: (deliveries) => withTransaction(pool, (client) => append(client, deliveries)),
    read: (query) => readLines(pool, query),
    async maintain(retentionClasses, now) {
      await createPartitions(pool, retentionClasses, now)
      await dropExpiredPartitions(pool, now)
      await forgetFrameKeys(pool, now)
    },
  }
}

/** Keys and lines in one transaction: either both are there after a crash, or neither. */
async function append(client: PoolClient, deliveries: readonly Delivery[]): Promise<Filed[]> {
  const isNew = await claimFrameKeys(client, deliveries)
  for (const [partition, group] of byPartition(deliveries.filter((_, at) => isNew[at]))) {
    await copy(client, partition, encodeCopy(group))
  }
  return isNew.map((fresh) => (fresh ? 'stored' : 'duplicate'))
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
