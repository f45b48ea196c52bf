// Reading live: what is committed of a resource, by any process, as it is committed. Postgres implements it
// (postgres/tail.ts), a second engine can: test/logs/log-tail-contract.ts is the suite for it.
import type { LogLine } from '../logplex/framed-line.ts'
import { readMicros } from '../query/time-span.ts'
import type { LinePage, LineQuery } from './log-store.ts'

/** Lines committed and not handed out, because there were too many of them at once. */
export interface SkippedLines {
  lines: number
  /** Microseconds since 1970: between these times they were sent, and others with them. */
  from: number
  to: number
}

export interface TailPart {
  /** What has been committed since the part before, oldest first. Late ones may be older than the part before. */
  lines: readonly LogLine[]
  skipped: SkippedLines | null
  /** Everything up to here was handed out: pass it as `since` to go on from here, in any process. */
  position: string
}

export interface FollowQuery {
  resourceNumber: number
  /**
   * The position of an earlier part: then the parts go on from there, if that is not too long ago. Otherwise, and
   * without it, they begin behind `history`.
   */
  since?: string
  /** What to read of the past. */
  history: Omit<LineQuery, 'resourceNumber' | 'before' | 'after' | 'oldestFirst' | 'including' | 'signal'>
  signal: AbortSignal
}

export interface Following {
  /** No line of it comes again in a part, and none between it and the first part is missing. Null where `since` did. */
  history: LinePage | null
  position: string
  /**
   * Hands over the parts from now on, those that came meanwhile first. `onEnd`: there may be a hole from here on, so
   * that the reader must begin anew.
   */
  listen(onPart: (part: TailPart) => void, onEnd: () => void): void
  stop(): void
}

export interface LogTail {
  /** @throws as LogStore.read does, and the signal's reason */
  follow(query: FollowQuery): Promise<Following>
  /** How many are following. */
  readonly followers: number
  close(): Promise<void>
}

/** Both, as one. */
export function joinSkipped(a: SkippedLines | null, b: SkippedLines | null): SkippedLines | null {
  if (a === null || b === null) return a ?? b
  return { lines: a.lines + b.lines, from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) }
}

/** Lines that a reader is not given; null for none. */
export function asSkipped(lines: readonly LogLine[]): SkippedLines | null {
  let skipped: SkippedLines | null = null
  for (const line of lines) {
    const at = readMicros(line.sentAt)
    skipped = joinSkipped(skipped, { lines: 1, from: at, to: at + 1 })
  }
  return skipped
}
