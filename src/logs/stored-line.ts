// A line as an engine keeps it -> a line as it is read. Pure.
import { formatMicros, writeFrame } from '../logplex/frame-form.ts'
import type { LogLine } from '../logplex/framed-line.ts'
import { type Place, toCursor } from './place.ts'

/** What every engine keeps of a line, by the names of its columns. */
export interface StoredColumns {
  drain_id: number
  /** -1 where it has none; source and process are empty then. */
  priority: number
  /** See frame-form.ts. */
  form: number
  source: string
  process: string
  message: string
}

/** @param original the frame, or nothing where the columns give it back */
export function storedLine(columns: StoredColumns, place: Place, original: () => Buffer): LogLine {
  return {
    cursor: toCursor(place),
    sentAt: formatMicros(place.sentAt),
    receivedAt: formatMicros(place.receivedAt),
    drainId: columns.drain_id,
    priority: columns.priority === -1 ? null : columns.priority,
    source: columns.source || null,
    process: columns.process || null,
    message: columns.message,
    // Made when somebody asks: a search looks at many lines, and hardly anybody wants their frames.
    get frame() {
      const frame = original()
      return frame.length > 0 ? frame : writeFrame({ ...columns, sentAtMicros: place.sentAt })
    },
  }
}
