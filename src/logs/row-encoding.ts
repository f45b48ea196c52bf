// The lines of deliveries as rows of a table, one after the other, by whatever writes a row. Can be paused between two
// rows, and within one that is large.
import type { FramedLine } from '../logplex/framed-line.ts'
import type { SlicedWork } from '../time-slices.ts'
import type { Delivery } from './log-store.ts'

export interface RowWriter {
  row(delivery: Delivery, line: FramedLine, receivedAtMicros: number): void
  /** The same row in pieces. */
  largeRow(delivery: Delivery, line: FramedLine, receivedAtMicros: number): Iterator<void>
}

const LARGE_BYTES = 65_536
/** Between two looks at the clock: so many rows, or kilobytes of them. */
const STEPS = 64
const STEP_BYTES = 1_024

export function rowEncoding<T>(
  deliveries: readonly Delivery[],
  writer: RowWriter,
  result: () => T,
): SlicedWork<T> {
  let delivery = 0
  let at = 0
  let large: Iterator<void> | null = null
  const run = (isOver: () => boolean) => {
    for (let steps = STEPS; ; ) {
      const current = deliveries[delivery]
      if (current === undefined) return true
      if (large !== null) {
        if (large.next().done) large = null
        steps = 0
      } else if (at === current.lines.length) {
        delivery++
        at = 0
      } else {
        const line = current.lines.at(at) as FramedLine
        const bytes = line.end - line.start
        const receivedAtMicros = current.receivedAtMicros + at
        at++
        steps -= 1 + bytes / STEP_BYTES
        if (bytes < LARGE_BYTES) writer.row(current, line, receivedAtMicros)
        else large = writer.largeRow(current, line, receivedAtMicros)
      }
      if (steps > 0) continue
      if (isOver()) return false
      steps = STEPS
    }
  }
  return { run, result }
}
