// Applies exclusion rules to one delivery: which lines stay, and how much each rule dropped. Pure; the caller sets the
// pace.
import { setImmediate as otherWork } from 'node:timers/promises'
import { formatMicros } from '../../logplex/frame-form.ts'
import { type FramedLine, isBelieved } from '../../logplex/framed-line.ts'
import { LinePacker } from '../../logplex/packed-lines.ts'
import type { Apps } from '../../query/line-view.ts'
import { matches, type Query } from '../../query/query.ts'
import { type AskedLine, searched } from '../../query/searched-line.ts'
import type { Delivery, Excluded } from '../log-store.ts'
import { shownText } from '../shown-text.ts'

export interface Rule {
  /** A uuid in lower case. */
  id: string
  query: Query
}

export interface Pace {
  /** Asked before each line: continue, yield first, or store the rest unmatched. */
  next(): 'go' | 'wait' | 'stop'
}

export interface Sifted<D extends Delivery> {
  delivery: D
  /** Lines stored unmatched. */
  unread: number
}

/**
 * Drops the lines that a rule matches; the first matching rule is credited. A line's share of the body is its frame plus
 * whatever precedes it since the previous line, so stored and excluded bytes sum up to the bytes received.
 *
 * Losses that a delivery reports are read before: dropping the line that reports them does not close the gap.
 */
export async function exclude<D extends Delivery>(
  delivery: D,
  rules: readonly Rule[],
  apps: Apps,
  pace: Pace,
): Promise<Sifted<D>> {
  const { lines } = delivery
  const kept = new LinePacker(lines.length)
  const dropped = new Map<string, { lines: number; bytes: number }>()
  let endBefore = 0
  let unread = 0
  for (let at = 0; at < lines.length; at++) {
    const line = lines.at(at) as FramedLine
    const turn = unread > 0 ? 'stop' : pace.next()
    if (turn === 'wait') await otherWork()
    const rule = turn === 'stop' ? undefined : firstMatch(rules, delivery, line, at, apps)
    if (turn === 'stop') unread++
    if (rule === undefined) kept.add(line)
    else {
      const sum = dropped.get(rule.id) ?? { lines: 0, bytes: 0 }
      sum.lines++
      sum.bytes += line.end - endBefore
      dropped.set(rule.id, sum)
    }
    endBefore = line.end
  }
  if (dropped.size === 0) return { delivery, unread }
  const excluded = [...dropped].map(([exclusionId, sum]): Excluded => ({ exclusionId, ...sum }))
  return { delivery: { ...delivery, lines: kept.pack(), excluded }, unread }
}

function firstMatch(
  rules: readonly Rule[],
  delivery: Delivery,
  line: FramedLine,
  at: number,
  apps: Apps,
): Rule | undefined {
  const asked = searched(readLine(delivery, line, at), apps)
  return rules.find(({ query }) => matches(query, asked))
}

/** As the store returns it. */
function readLine({ body, drainId, receivedAtMicros }: Delivery, line: FramedLine, at: number): AskedLine {
  const text = (start: number, end: number) => shownText(body, line, start, end)
  return {
    drainId,
    // Rarely used.
    get sentAt() {
      const receivedAt = receivedAtMicros + at
      return formatMicros(isBelieved(line, receivedAt) ? line.sentAtMicros : receivedAt)
    },
    priority: line.priority === -1 ? null : line.priority,
    source: text(line.sourceStart, line.sourceEnd) || null,
    process: text(line.processStart, line.processEnd) || null,
    message: text(line.messageStart, line.messageEnd),
  }
}
