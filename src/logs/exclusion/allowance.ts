/** Time that may be spent: so much of each second, and what was not used of the second before. Pure over its clock. */
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

  /** False where nothing is left. What was spent beyond is owed: one dear line is paid for by those after it. */
  spend(ms: number): boolean {
    const now = this.#clock()
    this.#leftMs += ((now - this.#filledAt) / 1_000) * this.#msPerSecond
    this.#leftMs = Math.min(this.#leftMs, this.#msPerSecond * 2) - ms
    this.#filledAt = now
    return this.#leftMs > 0
  }
}
