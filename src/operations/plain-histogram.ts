// A histogram for the path of a delivery: one comparison a bucket and three additions, no labels, no allocation.
// Turned into Prometheus' form when somebody asks.

export interface HistogramState {
  /** Upper bounds, and how many values were at most that; the last one is infinite. */
  buckets: readonly (readonly [bound: number, count: number])[]
  sum: number
  count: number
}

export class PlainHistogram {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0

  /** @param bounds upper bounds, rising */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Array<number>(bounds.length + 1).fill(0)
  }

  record(value: number): void {
    let at = 0
    while (at < this.#bounds.length && value > (this.#bounds[at] as number)) at++
    this.#counts[at] = (this.#counts[at] as number) + 1
    this.#sum += value
  }

  state(): HistogramState {
    let count = 0
    const buckets = this.#counts.map((ofBucket, at) => {
      count += ofBucket
      return [this.#bounds[at] ?? Number.POSITIVE_INFINITY, count] as const
    })
    return { buckets, sum: this.#sum, count }
  }
}
