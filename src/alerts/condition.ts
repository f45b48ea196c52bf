// What is watched of a search, and what the counts say about it. Pure.
import type { Count } from '../logs/walk-lines.ts'

/** `query` below is the alert's own search. */
export type Condition =
  /** More than `lines` lines of the query within `minutes`. */
  | { kind: 'more_than'; lines: number; minutes: number }
  /**
   * Of the lines that match `ofQ`, more than `percent` match the query too. Not of fewer than `atLeastLines`: one
   * failure of two requests is no trend.
   */
  | { kind: 'ratio'; ofQ: string; percent: number; minutes: number; atLeastLines: number }
  /** No line of the query for `minutes`. */
  | { kind: 'silence'; minutes: number }

export interface Counts {
  /** Of the query; for a ratio, of those that match `ofQ` too. */
  lines: Count
  /** Of `ofQ`. */
  of?: Count
}

/** unknown: too much to count in time, and what was counted does not settle it. */
export type Verdict = 'holds' | 'does_not_hold' | 'unknown'

/** Beyond so many lines the count need not go on: the verdict is clear. */
export function enoughLines(condition: Condition): number {
  switch (condition.kind) {
    case 'more_than':
      return condition.lines + 1
    case 'silence':
      return 1
    case 'ratio':
      return Number.POSITIVE_INFINITY
  }
}

export function judge(condition: Condition, { lines, of }: Counts): Verdict {
  switch (condition.kind) {
    case 'more_than':
      if (lines.lines > condition.lines) return 'holds'
      return lines.complete ? 'does_not_hold' : 'unknown'
    case 'silence':
      if (lines.lines > 0) return 'does_not_hold'
      return lines.complete ? 'holds' : 'unknown'
    case 'ratio': {
      if (of === undefined || !of.complete || !lines.complete) return 'unknown'
      const isEnough = of.lines >= Math.max(1, condition.atLeastLines)
      return isEnough && lines.lines * 100 > condition.percent * of.lines ? 'holds' : 'does_not_hold'
    }
  }
}

const MINUTE_MS = 60_000
/**
 * The time that is looked at ends this long ago: a line is stored within a second of its receipt, but its sender may
 * have held it for some. What the spool stores later still is counted as long as it falls into a window to come.
 */
const LAG_MS = 15_000

export function windowOf({ minutes }: Condition, now: Date): { from: Date; to: Date } {
  const to = new Date(Math.floor((now.getTime() - LAG_MS) / 1_000) * 1_000)
  return { from: new Date(to.getTime() - minutes * MINUTE_MS), to }
}

const EVERY_MS = 30_000
const EVERY_AT_MOST_MS = 300_000

/** Twenty times in each window, but not more than every half minute, nor less than every five. */
export function evaluatedEveryMs({ minutes }: Condition): number {
  return Math.min(EVERY_AT_MOST_MS, Math.max(EVERY_MS, (minutes * MINUTE_MS) / 20))
}

/**
 * False where a silence cannot be told yet: nobody knows what came before the alert was made, and a new drain takes a
 * while to be heard of.
 */
export function isWatchedLongEnough(condition: Condition, watchedSince: Date, now: Date): boolean {
  return condition.kind !== 'silence' || watchedSince <= windowOf(condition, now).from
}
