// How far the next step of a search goes. Pure.
//
//   LINES  so many lines. A common word fills a page with the first such step.
//   TIME   from then on a span of time, longer each time as long as steps are quick: where the skipping index leaves out
//          nearly everything, a step over a month is as quick as one over an hour. What is given up is made again an
//          eighth as long; no longer than the last step of lines, it is LINES again, and those are not given up.

/** Long enough for a step: others wait for the engine, and a reader who leaves should not leave work behind. */
const LONG_STEP_MS = 150
/** A step over a span of time may have grown too much. */
const GIVE_UP_MS = 600
const GROWTH = 8
const SPARSE_GROWTH = 64
const SHRINKING = 8
const MAX_LINES = 64_000
/** Longer than there have been logs. */
const MAX_MICROS = 2 ** 51

export interface Step {
  by: 'lines' | 'time'
  /** Lines, or microseconds. */
  length: number
  /** How many lines that is, for a step over time about. */
  lines: number
  /** Not to take longer than this. */
  giveUpMs?: number
}

export class Pace {
  #lines: number
  #micros: number | null = null
  /** How long the last step of lines was. */
  #dense = { lines: 1, micros: 1 }
  readonly #isSparse: boolean

  /** @param isSparse the index leaves out most of what does not match: so steps may grow faster. */
  constructor(firstLines: number, isSparse: boolean) {
    this.#lines = firstLines
    this.#isSparse = isSparse
  }

  /** @param most lines at the most, about */
  next(most: number): Step {
    if (this.#micros === null) {
      const length = Math.max(Math.min(this.#lines, most), 1)
      return { by: 'lines', length, lines: length }
    }
    const linesPerMicro = this.#dense.lines / this.#dense.micros
    const length = Math.max(Math.min(this.#micros, Math.floor(most / linesPerMicro)), 1)
    return { by: 'time', length, lines: length * linesPerMicro, giveUpMs: GIVE_UP_MS }
  }

  /** The step took `ms`, and went over `micros`. */
  went({ by, length }: Step, ms: number, micros: number): void {
    if (by === 'time') {
      this.#micros = Math.min(Math.ceil(length * this.#growth(ms)), MAX_MICROS)
    } else if (ms < LONG_STEP_MS) {
      this.#dense = { lines: length, micros: Math.max(micros, 1) }
      this.#micros = Math.min(Math.ceil(this.#dense.micros * this.#growth(ms)), MAX_MICROS)
    } else if (ms > 2 * LONG_STEP_MS) {
      this.#lines = Math.max(Math.floor(length / 2), 1)
    }
  }

  gaveUp({ length }: Step): void {
    const micros = Math.floor(length / SHRINKING)
    this.#micros = micros > this.#dense.micros ? micros : null
    this.#lines = MAX_LINES
  }

  #growth(ms: number): number {
    if (ms < LONG_STEP_MS / 2) return this.#isSparse ? SPARSE_GROWTH : GROWTH
    if (ms < LONG_STEP_MS) return 2
    return ms < 2 * LONG_STEP_MS ? 1 : 0.5
  }
}
