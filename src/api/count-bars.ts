// Counting into bars, from the newest to the oldest. Without a search the store counts all lines, part by part of the time,
// and how bad they are is looked up behind it: that means reading messages. With one, both come out of the same walk.

import { formatMicros } from '../logplex/frame-form.ts'
import type { LogStore } from '../logs/log-store.ts'
import { and } from '../query/and.ts'
import type { Apps } from '../query/line-view.ts'
import { parse } from '../query/parse.ts'
import type { Query } from '../query/query.ts'
import { searched } from '../query/searched-line.ts'
import { readMicros } from '../query/time-span.ts'
import type { Bars } from './bars.ts'
import { inOrder } from './in-order.ts'
import { reached, walk } from './walk.ts'

/**
 * Parts that are counted at a time: two connections keep two cores of Postgres busy. More would take too many of the
 * connections that searches have (six, by default) for one reader. Two are no danger to the others even where there are
 * only two: each is given back after its part, and none is kept while waiting for the other.
 */
const AT_ONCE = 2
/**
 * How long the parts are, the newest first, so that the first bars are there soon. In pairs, so that both connections are
 * busy to the end.
 */
const SHARES = [1, 1, 2, 2, 3, 3]
const PAGE_LINES = 5_000
const MAX_MATCHES = 10_000_000

export interface CountParts {
  logs: Pick<LogStore, 'read' | 'countLines'>
  resourceNumber: number
  apps: Apps
}

/** How far back lines, and their levels, have been counted: RFC 3339; null before the first of them was. */
export interface Progress {
  countedTo: string | null
  levelsCountedTo: string | null
}

/** Yields after each part. */
export async function* countBars(
  parts: CountParts,
  bars: Bars,
  search: Query,
  signal: AbortSignal,
): AsyncGenerator<Progress> {
  const span = [`time:>=${formatMicros(bars.from)}`, `time:<${formatMicros(bars.to)}`].map(
    (text) => parse(text).query,
  )
  if (search.kind !== 'everything') {
    for await (const to of countMatches(parts, bars, and([search, ...span]), true, signal)) {
      yield { countedTo: to, levelsCountedTo: to }
    }
    return
  }
  let countedTo = ''
  const { resourceNumber, logs } = parts
  const { stepSeconds } = bars
  const counting = inOrder(partsOf(bars), AT_ONCE, signal, async ({ from, to }, partSignal) => ({
    from,
    counts: await logs.countLines({ resourceNumber, from, to, stepSeconds, signal: partSignal }),
  }))
  for await (const { from, counts } of counting) {
    for (const { at, lines } of counts) bars.add(at, lines)
    countedTo = formatMicros(from)
    yield { countedTo, levelsCountedTo: null }
  }
  const bad = and([parse('level:>=warn').query, ...span])
  for await (const to of countMatches(parts, bars, bad, false, signal))
    yield { countedTo, levelsCountedTo: to }
}

/** Whole steps each, the newest first; as many as there are steps for. */
function partsOf({ from, to, stepSeconds }: Bars): { from: number; to: number }[] {
  const step = stepSeconds * 1_000_000
  const steps = (to - from) / step
  const whole = SHARES.reduce((sum, share) => sum + share, 0)
  const parts: { from: number; to: number }[] = []
  let end = to
  let shares = 0
  for (const share of SHARES) {
    shares += share
    const start = to - Math.ceil((steps * shares) / whole) * step
    if (start < end) parts.push({ from: start, to: end })
    end = start
  }
  return parts
}

async function* countMatches(
  { logs, resourceNumber, apps }: CountParts,
  bars: Bars,
  search: Query,
  countsLines: boolean,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let counted = 0
  for await (const page of walk(logs, { resourceNumber, search, apps, limit: PAGE_LINES }, signal)) {
    for (const line of page.lines) {
      const at = readMicros(line.sentAt)
      if (countsLines) bars.add(at, 1)
      bars.addLevel(at, searched(line, apps).level)
    }
    yield reached(page) ?? formatMicros(bars.from)
    counted += page.lines.length
    if (counted >= MAX_MATCHES) return
  }
}
