// What a delivery stores, told in few words: between which times of receipt its lines lie, and in which bins of the index.
// Whoever wants these very lines later finds them by that. Pure.
import { type FramedLine, isBelieved } from '../../logplex/framed-line.ts'
import { BIN_SECONDS } from '../line-table.ts'
import type { Delivery } from '../log-store.ts'

/** An item is closed at whichever comes first, so that what must be skipped can be skipped in parts. */
const ITEM_LINES = 500
const ITEM_BYTES = 500_000
const ITEM_BINS = 16
const BIN_MICROS = BIN_SECONDS * 1_000_000

export interface StoredItem {
  resourceNumber: number
  from: number
  to: number
  bins: Set<number>
  lines: number
  bytes: number
}

/** What tables keep of them: from, to, bins as text, lines. A column each. */
export function itemValues(items: readonly StoredItem[]): [number[], number[], string[], number[]] {
  return [
    items.map(({ from }) => from),
    items.map(({ to }) => to),
    items.map(({ bins }) => `{${[...bins].join(',')}}`),
    items.map(({ lines }) => lines),
  ]
}

/** A delivery in items; a usual one is one. */
export function describe(delivery: Delivery): StoredItem[] {
  const items: StoredItem[] = []
  let item: StoredItem | undefined
  for (let at = 0; at < delivery.lines.length; at++) {
    const line = delivery.lines.at(at) as FramedLine
    const receivedAt = delivery.receivedAtMicros + at
    const sentAt = isBelieved(line, receivedAt) ? line.sentAtMicros : receivedAt
    const bin = Math.floor(sentAt / BIN_MICROS)
    const isFull =
      item === undefined ||
      item.lines >= ITEM_LINES ||
      item.bytes >= ITEM_BYTES ||
      (item.bins.size >= ITEM_BINS && !item.bins.has(bin))
    if (item === undefined || isFull) {
      item = {
        resourceNumber: delivery.resourceNumber,
        from: receivedAt,
        to: receivedAt,
        bins: new Set(),
        lines: 0,
        bytes: 0,
      }
      items.push(item)
    }
    item.to = receivedAt
    item.bins.add(bin)
    item.lines++
    item.bytes += line.end - line.start
  }
  return items
}
