// How far the next step of a search goes. Pure.
//
//   LINES  so many lines, four times as many each time, up to 64,000. A common word fills a page early on.
//   TIME   from then on a span of time, which grows eight times as long as long as steps are quick: where the skipping
//          indexes leave out nearly everything, a step over a month is as quick as one over an hour. A step that is
//          given up is made again an eighth as long; back at the span of 64,000 lines it is LINES again.

/** Long enough for a step: others wait for the engine, and a reader who leaves should not leave work behind. */
const LONG_STEP_MS = 150
/** A step over a span of time may have grown too much. */
const GIVE_UP_MS = 600
const LINES_GROWTH = 4
const TIME_GROWTH = 8
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
  /** How long MAX_LINES were when last seen. */
  #denseMicros = 1

  constructor(firstLines: number) {
    this.#lines = firstLines
  }

  /** @param most lines at the most, about */
  next(most: number): Step {
    if (this.#micros === null) {
      const length = Math.max(Math.min(this.#lines, most), 1)
      return { by: 'lines', length, lines: length }
    }
    const linesPerMicro = MAX_LINES / this.#denseMicros
    const length = Math.max(Math.min(this.#micros, Math.floor(most / linesPerMicro)), 1)
    return { by: 'time', length, lines: length * linesPerMicro, giveUpMs: GIVE_UP_MS }
  }

  /** The step took `ms`, and went over `micros`. */
  went({ by, length }: Step, ms: number, micros: number): void {
    if (by === 'time') {
      const growth =
        ms < LONG_STEP_MS / 2 ? TIME_GROWTH : ms < LONG_STEP_MS ? 2 : ms > 2 * LONG_STEP_MS ? 0.5 : 1
      this.#micros = Math.min(Math.ceil(length * growth), MAX_MICROS)
    } else if (ms > 2 * LONG_STEP_MS) {
      this.#lines = Math.max(Math.floor(length / 2), 1)
    } else if (ms < LONG_STEP_MS && length < MAX_LINES) {
      this.#lines = Math.min(length * LINES_GROWTH, MAX_LINES)
    } else if (ms < LONG_STEP_MS) {
      this.#denseMicros = Math.max(micros, 1)
      this.#micros = Math.min(this.#denseMicros * TIME_GROWTH, MAX_MICROS)
    }
  }

  gaveUp({ length }: Step): void {
    const micros = Math.floor(length / TIME_GROWTH)
    this.#micros = micros > this.#denseMicros ? micros : null
  }
}
