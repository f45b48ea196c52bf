// A stretch of time cut into steps of a length that people can read. Pure.

export interface Steps {
  /** Milliseconds since 1970, on a step. */
  from: number
  to: number
  stepMs: number
  count: number
}

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const LENGTHS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12, 24, 48, 168].map((hours) => hours * HOUR),
]

/** At most `max` steps and the one that the first is cut from; the first begins at or before `from`. */
export function cutIntoSteps(from: Date, to: Date, max: number): Steps {
  const span = to.getTime() - from.getTime()
  const longest = LENGTHS.at(-1) as number
  const stepMs = LENGTHS.find((length) => span / length <= max) ?? Math.ceil(span / max / longest) * longest
  const start = Math.floor(from.getTime() / stepMs) * stepMs
  const count = Math.max(1, Math.ceil((to.getTime() - start) / stepMs))
  return { from: start, to: to.getTime(), stepMs, count }
}

/** Which step a time falls into; -1 for none. */
export function stepOf({ from, to, stepMs }: Steps, at: number): number {
  return at < from || at >= to ? -1 : Math.floor((at - from) / stepMs)
}
