// Lines into log_line: COPY in the binary format, straight into the day's partition.
import type { Statement } from '../../database/round-trip.ts'
import { inSlices } from '../../time-slices.ts'
import type { Written } from '../line-table.ts'
import type { Delivery } from '../log-store.ts'
import { COPY_COLUMNS, encodeCopy } from './copy-encoder.ts'
import { partitionName } from './partitions.ts'

/** Buffers kept for the next commits, and how large a kept one may be. */
const SPARE_BUFFERS = 4
const SPARE_BUFFER_BYTES = 16_000_000

export type WriteLines = (deliveries: readonly Delivery[]) => Promise<Written>

export function createWrite(): WriteLines {
  // A group is some megabytes. A new buffer for each would be garbage that only a full collection takes away.
  const spare: Buffer[] = []

  function keep(rows: Buffer): void {
    const used = Buffer.from(rows.buffer)
    if (spare.length < SPARE_BUFFERS && used.length <= SPARE_BUFFER_BYTES) spare.push(used)
  }

  return async (deliveries) => {
    const copies: (Statement & { rows: Buffer })[] = []
    for (const [partition, group] of byPartition(deliveries)) {
      copies.push({ ...copyInto(partition), rows: await inSlices(encodeCopy(group, spare.pop())) })
    }
    return {
      // Lines are part of the transaction that stores them, and tell it by their xmin.
      batch: null,
      statements: copies,
      settle(hasCommitted) {
        // Otherwise the socket may still hold parts of them.
        if (hasCommitted) for (const { rows } of copies) keep(rows)
      },
    }
  }
}

/** Of another table each day: not worth remembering. */
function copyInto(partition: string): Statement {
  return { name: '', text: `copy ${partition} (${COPY_COLUMNS.join(', ')}) from stdin (format binary)` }
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
