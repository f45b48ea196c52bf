// Live tail: the lines of a resource as they are committed, by any process. Every implementation must pass
// test/logs/log-tail-contract.ts.
import type { LogLine } from '../logplex/framed-line.ts'
import { readMicros } from '../query/time-span.ts'
import type { LinePage, LineQuery } from './log-store.ts'

/** Committed lines that were not delivered, because there were too many at once. */
export interface SkippedLines {
  lines: number
  /** Microseconds since 1970: they were sent between these times, as were others. */
  from: number
  to: number
}

export interface TailPart {
  /** Committed since the previous part, oldest first. Late lines may be older than the previous part. */
  lines: readonly LogLine[]
  skipped: SkippedLines | null
  /** Everything up to here is delivered: pass it as `since` to resume from here, in any process. */
  position: string
}

export interface FollowQuery {
  resourceNumber: number
  /**
   * The position of an earlier part: parts resume from there if it is recent enough. Otherwise, and without it, they start
   * after `history`.
   */
  since?: string
  /** Which past lines to read. */
  history: Omit<LineQuery, 'resourceNumber' | 'before' | 'after' | 'oldestFirst' | 'including' | 'signal'>
  signal: AbortSignal
}

export interface Following {
  /** Disjoint from the parts, and without a hole before the first part. Null if `since` was resumed. */
  history: LinePage | null
  position: string
  /**
   * Delivers buffered parts first, then new ones. `onEnd`: there may be a hole from here on, so the subscriber must restart
   * from history.
   */
  listen(onPart: (part: TailPart) => void, onEnd: () => void): void
  stop(): void
}

export interface LogTail {
  /** @throws as LogStore.read does, and the signal's reason */
  follow(query: FollowQuery): Promise<Following>
  /** Number of subscribers. */
  readonly followers: number
  close(): Promise<void>
}

/** Merges two. */
export function joinSkipped(a: SkippedLines | null, b: SkippedLines | null): SkippedLines | null {
  if (a === null || b === null) return a ?? b
  return { lines: a.lines + b.lines, from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) }
}

/** Lines that the subscriber does not get; null for none. */
export function asSkipped(lines: readonly LogLine[]): SkippedLines | null {
  let skipped: SkippedLines | null = null
  for (const line of lines) {
    const at = readMicros(line.sentAt)
    skipped = joinSkipped(skipped, { lines: 1, from: at, to: at + 1 })
  }
  return skipped
}
