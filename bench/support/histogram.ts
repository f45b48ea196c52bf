// Latencies, many of them, in little memory: buckets that grow by one per cent. Pure.

const BUCKETS_PER_E = 1 / Math.log(1.01)
/** From a microsecond to some minutes. */
const BUCKETS = 2_000

export interface LatencySummary {
  count: number
  /** Milliseconds, as all of these. */
  p50: number
  p99: number
  max: number
}

export class LatencyHistogram {
  readonly #buckets = new Float64Array(BUCKETS)
  #count = 0
  #max = 0

  record(millis: number): void {
    const bucket = Math.ceil(Math.log(Math.max(1, millis * 1_000)) * BUCKETS_PER_E)
    const at = Math.min(bucket, BUCKETS - 1)
    this.#buckets[at] = (this.#buckets[at] as number) + 1
    this.#count++
    if (millis > this.#max) this.#max = millis
  }

  summary(): LatencySummary {
    return { count: this.#count, p50: this.#quantile(0.5), p99: this.#quantile(0.99), max: this.#max }
  }

  /** The upper bound of the bucket that holds it: never less than what was measured. */
  #quantile(share: number): number {
    let left = Math.ceil(this.#count * share)
    if (left === 0) return 0
    for (let at = 0; at < BUCKETS; at++) {
      left -= this.#buckets[at] as number
      if (left <= 0) return Math.min(Math.exp(at / BUCKETS_PER_E) / 1_000, this.#max)
    }
    return this.#max
  }
}
