// The times of receipt. Each line gets its own microsecond, so that the time of receipt is also the order of
// receipt within this process.
//
// The wall clock may be set back: by seconds where NTP corrects it, by days where it was wrong. A small step back is
// bridged: times go on from the last one, and the wall clock catches up. After a larger one they follow the wall
// clock at once: lines that are stamped far ahead would lie in tables of days to come, above all that comes later.
// Microseconds that were given out before are left out then, for as long as the bound allows that.
import { DAY_MICROS } from '../logs/utc-day.ts'

/**
 * How far a time of receipt may lie ahead of the wall clock. A corrected clock steps by less, and a reader hardly
 * notices a minute in which new lines are stamped late.
 */
export const MAX_LEAD_MICROS = 60_000_000
/** What was given out is remembered as the last microsecond of each slot. */
const SLOT_MICROS = 10_000_000
/** Slots remembered: more than two days without a pause. About 50 bytes each. */
const MAX_SLOTS = 20_000

export class ReceiptClock {
  readonly #nowMicros: () => number
  readonly #lastInSlot = new Map<number, number>()
  #last = Number.NEGATIVE_INFINITY

  constructor(nowMicros: () => number) {
    this.#nowMicros = nowMicros
  }

  /**
   * Claims `count` microseconds in a row and returns the first. Never goes back while the wall clock steps back by less
   * than MAX_LEAD_MICROS, and never crosses midnight (UTC) within one claim: a delivery belongs to one day's partition.
   */
  claim(count: number): number {
    const now = this.#nowMicros()
    const isBridged = this.#last >= now && this.#last - now < MAX_LEAD_MICROS
    const from = isBridged ? this.#last + 1 : now
    const first = this.#findFree(from, count, now + MAX_LEAD_MICROS) ?? withinOneDay(now, count)
    this.#last = first + count - 1
    this.#remember(first, this.#last)
    return first
  }

  /** Null where there is none up to the limit. */
  #findFree(from: number, count: number, limit: number): number | null {
    for (let first = withinOneDay(from, count); first <= limit; ) {
      const taken = slotsOf(first, first + count - 1).map((slot) => this.#lastInSlot.get(slot) ?? 0)
      const lastTaken = Math.max(...taken)
      if (lastTaken < first) return first
      first = withinOneDay(lastTaken + 1, count)
    }
    return null
  }

  #remember(first: number, end: number): void {
    for (const slot of slotsOf(first, end)) {
      const before = this.#lastInSlot.get(slot) ?? 0
      this.#lastInSlot.delete(slot)
      this.#lastInSlot.set(slot, Math.max(before, Math.min(end, (slot + 1) * SLOT_MICROS - 1)))
      const oldest = this.#lastInSlot.keys().next().value
      if (this.#lastInSlot.size > MAX_SLOTS && oldest !== undefined) this.#lastInSlot.delete(oldest)
    }
  }
}

function slotsOf(first: number, end: number): number[] {
  const [from, to] = [first, end].map((micros) => Math.floor(micros / SLOT_MICROS)) as [number, number]
  return Array.from({ length: to - from + 1 }, (_, at) => from + at)
}

function withinOneDay(first: number, count: number): number {
  const midnight = (Math.floor(first / DAY_MICROS) + 1) * DAY_MICROS
  return first + count > midnight ? midnight : first
}
