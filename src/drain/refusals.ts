// Deliveries answered 503: their lines are missing unless a retry brings them. Recorded as gaps once that is certain and the
// store is reachable.
import type { Delivery, LogStore } from '../logs/log-store.ts'

/** The three tries of a Logplex are over within 15 s (heroku/logplex src/logplex_http_drain.erl). */
const TRIES_OVER_MS = 20_000
/** Beyond this the oldest are dropped and counted. */
const MAX_REFUSED = 20_000

interface Refused {
  resourceNumber: number
  drainId: number
  lines: number
  at: number
}

export class Refusals {
  readonly #refused = new Map<string, Refused>()
  /** Refused deliveries without a gap, because there were too many. */
  forgotten = 0

  get size(): number {
    return this.#refused.size
  }

  note(delivery: Delivery, at: number): void {
    const { resourceNumber, drainId, lines } = delivery
    const key = keyOf(delivery)
    if (!this.#refused.has(key) && this.#refused.size >= MAX_REFUSED) {
      this.#refused.delete(this.#refused.keys().next().value as string)
      this.forgotten++
    }
    this.#refused.set(key, { resourceNumber, drainId, lines: lines.length, at })
  }

  /** After a successful retry: nothing is missing. Free while nothing was refused. */
  clear(delivery: Delivery): void {
    if (this.#refused.size > 0) this.#refused.delete(keyOf(delivery))
  }

  /** Records deliveries that no retry can bring any more; what cannot be written stays for the next call. */
  async writeDown(logs: Pick<LogStore, 'recordLosses'>, now: number): Promise<void> {
    for (const [key, { resourceNumber, drainId, lines, at }] of this.#refused) {
      if (now - at < TRIES_OVER_MS) continue
      await logs.recordLosses(resourceNumber, drainId, new Date(at), [{ kind: 'unavailable', lines }])
      this.#refused.delete(key)
    }
  }
}

function keyOf({ drainId, frameKey }: Delivery): string {
  return `${drainId}:${frameKey.id}`
}
