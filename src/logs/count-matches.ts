// Counting the lines of a query in a time, over any store. `matches` decides here as everywhere, so the lines that may
// match are read; what is bounded is how many of them, and for how long.
import type { Effort, LineQuery, LogStore } from './log-store.ts'
import { between } from './query/between.ts'

export interface Counting extends Pick<LineQuery, 'resourceNumber' | 'search' | 'apps' | 'signal'> {
  /** Of `sentAt`: `from` inclusive, `to` exclusive. */
  from: Date
  to: Date
  /** The count may end here. */
  enough?: number
  effort: Effort
}

/** Where not `complete`, it ended early and there may be more. */
export interface Count {
  lines: number
  complete: boolean
}

const PAGE_LINES = 1_000

/** The newest first. */
export async function countMatches(logs: Pick<LogStore, 'read'>, counting: Counting): Promise<Count> {
  const { from, to, search, enough = Number.POSITIVE_INFINITY, effort, ...rest } = counting
  const bounded = between(search, from, to)
  const deadline = performance.now() + effort.ms
  let lines = 0
  let before: string | null = null
  for (;;) {
    const page = await logs.read({
      ...rest,
      search: bounded,
      limit: Math.min(PAGE_LINES, enough - lines),
      effort: { lines: effort.lines, ms: Math.max(0, deadline - performance.now()) },
      ...(before === null ? {} : { before }),
    })
    lines += page.lines.length
    before = page.older
    if (before === null) return { lines, complete: true }
    if (lines >= enough || performance.now() >= deadline) return { lines, complete: false }
  }
}
