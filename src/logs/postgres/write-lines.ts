// Lines into log_line: COPY in the binary format, straight into the day's partition.
import { pipeline } from 'node:stream/promises'
import type { PoolClient } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Delivery } from '../log-store.ts'
import { COPY_COLUMNS, encodeCopy } from './copy-encoder.ts'
import { partitionName } from './partitions.ts'

/** Buffers kept for the next commits, and how large a kept one may be. */
const SPARE_BUFFERS = 4
const SPARE_BUFFER_BYTES = 16_000_000

export type WriteLines = (client: PoolClient, deliveries: readonly Delivery[]) => Promise<void>

export function createWrite(): WriteLines {
  // A group is some megabytes. A new buffer for each would be garbage that only a full collection takes away.
  const spare: Buffer[] = []

  async function copy(client: PoolClient, partition: string, deliveries: readonly Delivery[]): Promise<void> {
    const buffer = spare.pop()
    const rows = encodeCopy(deliveries, buffer)
    const stream = client.query(
      copyFrom(`copy ${partition} (${COPY_COLUMNS.join(', ')}) from stdin (format binary)`),
    )
    await pipeline([rows], stream)
    // Only now: until the server has answered, the socket may still hold parts of it.
    const used = Buffer.from(rows.buffer)
    if (spare.length < SPARE_BUFFERS && used.length <= SPARE_BUFFER_BYTES) spare.push(used)
  }

  return async (client, deliveries) => {
    for (const [partition, group] of byPartition(deliveries)) await copy(client, partition, group)
  }
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
