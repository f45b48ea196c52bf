// Counting into bars, from the newest to the oldest. Without a search the store counts all lines, a part of the time after
// the other, and how bad they are is looked up behind it: that means reading messages. With one, both come out of the same
// walk.

import { formatMicros } from '../../logs/frame-form.ts'
import type { LogStore } from '../../logs/log-store.ts'
import { and } from '../../logs/query/and.ts'
import { parse } from '../../logs/query/parse.ts'
import type { Query } from '../../logs/query/query.ts'
import { type Apps, searched } from '../../logs/query/searched-line.ts'
import { readMicros } from '../../logs/query/time-span.ts'
import type { Bars } from './bars.ts'
import { reached, walk } from './walk.ts'

/** So many parts: the newest is there in a fraction of the time that all of them take. */
const PARTS = 6
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
  for (const { from, to } of partsOf(bars)) {
    const { resourceNumber } = parts
    const { stepSeconds } = bars
    for (const { at, lines } of await parts.logs.countLines({
      resourceNumber,
      from,
      to,
      stepSeconds,
      signal,
    }))
      bars.add(at, lines)
    countedTo = formatMicros(from)
    yield { countedTo, levelsCountedTo: null }
  }
  const bad = and([parse('level:>=warn').query, ...span])
  for await (const to of countMatches(parts, bars, bad, false, signal))
    yield { countedTo, levelsCountedTo: to }
}

/** Whole steps each, the newest first. */
function* partsOf({ from, to, stepSeconds }: Bars): Generator<{ from: number; to: number }> {
  const step = stepSeconds * 1_000_000
  const length = Math.ceil((to - from) / step / PARTS) * step
  for (let end = to; end > from; end -= length) yield { from: Math.max(from, end - length), to: end }
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
