// Every line of a query in a time, the newest first, over any store, until that has taken long enough. `matches` decides
// here as everywhere, so the lines that may match are read; what is bounded is how many of them, and for how long.
import type { LogLine } from '../logplex/framed-line.ts'
import { between } from '../query/between.ts'
import type { Effort, LineQuery, LogStore } from './log-store.ts'

export interface Walking extends Pick<LineQuery, 'resourceNumber' | 'search' | 'apps' | 'signal'> {
  /** Of `sentAt`: `from` inclusive, `to` exclusive. */
  from: Date
  to: Date
  /** `lines` that match. */
  effort: Effort
}

export interface Walked {
  lines: number
  /** RFC 3339: how far back it came; null where that is all the way. */
  countedTo: string | null
}

const PAGE_LINES = 1_000

export async function walkLines(
  logs: Pick<LogStore, 'read'>,
  { from, to, search, effort, ...query }: Walking,
  onLine: (line: LogLine) => void,
): Promise<Walked> {
  const bounded = between(search, from, to)
  const deadline = performance.now() + effort.ms
  let lines = 0
  let before: string | null = null
  for (;;) {
    const page = await logs.read({
      ...query,
      search: bounded,
      limit: Math.min(PAGE_LINES, effort.lines - lines),
      effort: { lines: Number.MAX_SAFE_INTEGER, ms: Math.max(0, deadline - performance.now()) },
      ...(before === null ? {} : { before }),
    })
    for (const line of page.lines) onLine(line)
    lines += page.lines.length
    before = page.older
    if (before === null) return { lines, countedTo: null }
    if (lines >= effort.lines || performance.now() >= deadline) {
      return { lines, countedTo: page.searchedTo ?? page.lines.at(-1)?.sentAt ?? to.toISOString() }
    }
  }
}

/** Where not `complete`, the count ended early and there may be more. */
export interface Count {
  lines: number
  complete: boolean
}

/**
 * Where every line is meant, not only some of them, and the times are whole seconds, the store counts by itself; else the
 * lines are read.
 */
export async function countMatches(
  logs: Pick<LogStore, 'read' | 'countLines'>,
  walking: Walking,
): Promise<Count> {
  const { resourceNumber, search, from, to, effort, signal } = walking
  const isWhole = from.getTime() % 1_000 === 0 && to.getTime() % 1_000 === 0
  if (search.kind !== 'everything' || !isWhole || effort.lines <= PAGE_LINES) {
    const { lines, countedTo } = await walkLines(logs, walking, () => {})
    return { lines, complete: countedTo === null }
  }
  const steps = await logs.countLines({
    resourceNumber,
    from: from.getTime() * 1_000,
    to: to.getTime() * 1_000,
    stepSeconds: 1,
    ...(signal === undefined ? {} : { signal }),
  })
  return { lines: steps.reduce((sum, { lines }) => sum + lines, 0), complete: true }
}
