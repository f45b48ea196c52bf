// One tail subscriber: drops what its history already contains, and buffers parts until the history is read. Pure apart
// from its callbacks.
import type { LogLine } from '../../logplex/framed-line.ts'
import { asSkipped, joinSkipped, type SkippedLines, type TailPart } from '../log-tail.ts'
import { isVisible, readSnapshot, type Snapshot } from './snapshot.ts'

/** Bound of the buffer while the history is read. */
const MAX_EARLY_LINES = 5_000

/** A part with its transactions: a new subscriber may know some of its lines. */
export interface Batch {
  xid: bigint
  lines: LogLine[]
  skipped: SkippedLines | null
}

export interface Follower {
  /** The snapshot of the history; null until it is read. */
  since: Snapshot | null
  /** Parts that came before the subscriber listened. */
  waiting: TailPart[]
  /** Batches from before `since` is known. */
  early: { batches: Batch[]; position: string }[]
  onPart: ((part: TailPart) => void) | null
  onEnd: (() => void) | null
  hasEnded: boolean
}

export function newFollower(): Follower {
  return { since: null, waiting: [], early: [], onPart: null, onEnd: null, hasEnded: false }
}

/** The history is read, as of this snapshot. */
export function begin(follower: Follower, snapshot: string): void {
  follower.since = readSnapshot(snapshot) as Snapshot
  for (const { batches, position } of follower.early.splice(0)) hand(follower, batches, position)
}

export function offer(follower: Follower, batches: readonly Batch[], position: string): void {
  if (follower.since === null) putAside(follower, batches, position)
  else hand(follower, batches, position)
}

/** Buffers while the history is read; drops the oldest lines beyond the bound. */
function putAside({ early }: Follower, batches: readonly Batch[], position: string): void {
  if (batches.length === 0) return
  early.push({ batches: [...batches], position })
  let lines = 0
  for (const { batches: parts } of early.toReversed()) {
    for (const [at, batch] of parts.entries()) {
      lines += batch.lines.length
      if (lines <= MAX_EARLY_LINES) continue
      parts[at] = { xid: batch.xid, lines: [], skipped: joinSkipped(batch.skipped, asSkipped(batch.lines)) }
    }
  }
}

/** Removes the lines that the history contains. */
function hand(follower: Follower, batches: readonly Batch[], position: string): void {
  const since = follower.since as Snapshot
  const part = toPart(
    batches.filter(({ xid }) => !isVisible(xid, since)),
    position,
  )
  if (follower.onPart) follower.onPart(part)
  else if (part.lines.length > 0 || part.skipped) follower.waiting.push(part)
}

export function toPart(batches: readonly Batch[], position: string): TailPart {
  const lines = batches.flatMap((batch) => batch.lines)
  // Each is sorted; several have to be merged.
  if (batches.length > 1) lines.sort(byPlace)
  const skipped = batches.reduce<SkippedLines | null>((sum, batch) => joinSkipped(sum, batch.skipped), null)
  return { lines, skipped, position }
}

/** In the order in which they were sent. */
export function byPlace(a: LogLine, b: LogLine): number {
  if (a.sentAt !== b.sentAt) return a.sentAt < b.sentAt ? -1 : 1
  return a.receivedAt < b.receivedAt ? -1 : a.receivedAt > b.receivedAt ? 1 : 0
}

export function end(follower: Follower): void {
  follower.hasEnded = true
  follower.onEnd?.()
}
