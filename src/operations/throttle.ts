// For what fails many times a second while something is away: told at once, and then now and then, with a count.

/** @param kind failures of another kind are told beside it: the first of each says something new */
export type Throttled<T> = (kind: string, failure: T) => void

/** Kinds come from error codes. Should somebody's be endless, the rest share one. */
const MOST_KINDS = 50

/**
 * `tell` is called with the first of a kind at once. What follows within `everyMs` is counted; the last of it is told
 * when the time is over, with how many it stands for.
 */
export function throttle<T>(everyMs: number, tell: (failure: T, count: number) => void): Throttled<T> {
  const waiting = new Map<string, { last: T | undefined; count: number }>()
  const wait = (kind: string) => {
    waiting.set(kind, { last: undefined, count: 0 })
    setTimeout(() => {
      const { last, count } = waiting.get(kind) ?? { last: undefined, count: 0 }
      waiting.delete(kind)
      if (last === undefined) return
      wait(kind)
      tell(last, count)
    }, everyMs).unref()
  }
  return (given, failure) => {
    const kind = waiting.has(given) || waiting.size < MOST_KINDS ? given : 'others'
    const later = waiting.get(kind)
    if (later !== undefined) {
      later.last = failure
      later.count++
      return
    }
    wait(kind)
    tell(failure, 1)
  }
}
