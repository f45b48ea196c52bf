// One reader of a live tail: what his history could see he is not given again, and what comes before that is known
// waits. Pure, but for whom it calls.
import type { LogLine } from '../../logplex/framed-line.ts'
import { asSkipped, joinSkipped, type SkippedLines, type TailPart } from '../log-tail.ts'
import { isVisible, readSnapshot, type Snapshot } from './snapshot.ts'

/** Of what comes while a reader's history is read. */
const MAX_EARLY_LINES = 5_000

/** A part, and what it is of: a reader who began a moment ago may know some of it. */
export interface Batch {
  xid: bigint
  lines: LogLine[]
  skipped: SkippedLines | null
}

export interface Follower {
  /** What its history could see; null until that is read. */
  since: Snapshot | null
  /** What came before anybody listened. */
  waiting: TailPart[]
  /** Batches that came before `since` was known. */
  early: { batches: Batch[]; position: string }[]
  onPart: ((part: TailPart) => void) | null
  onEnd: (() => void) | null
  hasEnded: boolean
}

export function newFollower(): Follower {
  return { since: null, waiting: [], early: [], onPart: null, onEnd: null, hasEnded: false }
}

/** The history is read, and could see what the snapshot tells. */
export function begin(follower: Follower, snapshot: string): void {
  follower.since = readSnapshot(snapshot) as Snapshot
  for (const { batches, position } of follower.early.splice(0)) hand(follower, batches, position)
}

export function offer(follower: Follower, batches: readonly Batch[], position: string): void {
  if (follower.since === null) putAside(follower, batches, position)
  else hand(follower, batches, position)
}

/** While the history is being read. Of what comes meanwhile the oldest lines go when there are too many. */
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

/** What the reader's history could see, he has. */
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
  // Each is in order; several have to be merged.
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
