// The times of receipt. Each line gets its own microsecond, so that the time of receipt is also the order of
// receipt within this process.
import { DAY_MICROS } from '../logs/utc-day.ts'

export class ReceiptClock {
  readonly #nowMicros: () => number
  #last = 0

  constructor(nowMicros: () => number) {
    this.#nowMicros = nowMicros
  }

  /**
   * Claims `count` microseconds in a row and returns the first. Never goes back, whatever the wall clock does, and
   * never crosses midnight (UTC) within one claim: a delivery belongs to one day's partition.
   */
  claim(count: number): number {
    let first = Math.max(this.#nowMicros(), this.#last + 1)
    const midnight = (Math.floor(first / DAY_MICROS) + 1) * DAY_MICROS
    if (first + count > midnight) first = midnight
    this.#last = first + count - 1
    return first
  }
}
