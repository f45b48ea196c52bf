/** A time allowance: a share of each second, plus what the previous second left. Pure over its clock. */
export class Allowance {
  readonly #msPerSecond: number
  readonly #clock: () => number
  #leftMs: number
  #filledAt: number

  constructor(msPerSecond: number, clock: () => number) {
    this.#msPerSecond = msPerSecond
    this.#clock = clock
    this.#leftMs = msPerSecond
    this.#filledAt = clock()
  }

  /** False if nothing is left. An overrun is owed: the lines after an expensive one pay for it. */
  spend(ms: number): boolean {
    const now = this.#clock()
    this.#leftMs += ((now - this.#filledAt) / 1_000) * this.#msPerSecond
    this.#leftMs = Math.min(this.#leftMs, this.#msPerSecond * 2) - ms
    this.#filledAt = now
    return this.#leftMs > 0
  }
}
