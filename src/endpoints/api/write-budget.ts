// Fastly's limit on changes: so many of one customer in an hour of the clock. In memory, so each process has its own.

interface Spent {
  hour: number
  count: number
}

export const WRITES_PER_HOUR = 1_000
const HOUR_MS = 3_600_000
/** Beyond it the resource that was first seen longest ago is forgotten. */
const MAX_RESOURCES = 10_000

export class WriteBudget {
  readonly #now: () => number
  readonly #spent = new Map<string, Spent>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Takes one. `resetAt` in seconds since 1970. */
  spend(resourceId: string): { isLeft: boolean; remaining: number; resetAt: number } {
    const hour = Math.floor(this.#now() / HOUR_MS)
    const before = this.#spent.get(resourceId)
    const count = before?.hour === hour ? before.count + 1 : 1
    this.#spent.delete(resourceId)
    const oldest = this.#spent.keys().next().value
    if (this.#spent.size >= MAX_RESOURCES && oldest !== undefined) this.#spent.delete(oldest)
    this.#spent.set(resourceId, { hour, count })
    return {
      isLeft: count <= WRITES_PER_HOUR,
      remaining: Math.max(0, WRITES_PER_HOUR - count),
      resetAt: ((hour + 1) * HOUR_MS) / 1000,
    }
  }
}
