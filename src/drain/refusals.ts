// Deliveries that were answered 503: lines that are missing, unless a later try of the same delivery brings them.
// Written down as gaps once that is decided and the store can be reached again.
import type { Delivery, LogStore } from '../logs/log-store.ts'

/** The three tries of a Logplex are over within 15 s (heroku/logplex src/logplex_http_drain.erl). */
const TRIES_OVER_MS = 20_000
/** Above this the oldest are forgotten, and counted. */
const MAX_REFUSED = 20_000

interface Refused {
  resourceNumber: number
  drainId: number
  lines: number
  at: number
}

export class Refusals {
  readonly #refused = new Map<string, Refused>()
  /** Refused deliveries that will not show as a gap, because there were too many. */
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

  /** A later try succeeded: nothing is missing. Costs nothing while nothing was refused. */
  clear(delivery: Delivery): void {
    if (this.#refused.size > 0) this.#refused.delete(keyOf(delivery))
  }

  /** Writes down what no try can bring any more. What cannot be written stays for the next time. */
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
