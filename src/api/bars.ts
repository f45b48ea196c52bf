// The bars of a histogram: whole steps of time, counted piece by piece. Pure.
import { formatMicros } from '../logplex/frame-form.ts'
import type { Level } from '../query/level.ts'

export interface Bar {
  /** RFC 3339. */
  at: string
  lines: number
  errors: number
  warnings: number
}

const SECOND = 1_000_000
/** Lengths that people can read off an axis. */
const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
]
const LONGEST_STEP = 7 * 86_400

export class Bars {
  /** Microseconds since 1970, whole steps. */
  readonly from: number
  readonly to: number
  readonly stepSeconds: number
  readonly #bars = new Map<number, Bar>()
  /** Those that have changed since they were last taken. */
  readonly #changed = new Set<number>()

  /** @param count how many bars at most, but for the rounding at both ends */
  constructor(from: number, to: number, count: number) {
    const seconds = (to - from) / SECOND / count
    this.stepSeconds =
      STEPS.find((step) => step >= seconds) ?? Math.ceil(seconds / LONGEST_STEP) * LONGEST_STEP
    const step = this.stepSeconds * SECOND
    this.from = Math.floor(from / step) * step
    this.to = Math.max(Math.ceil(to / step) * step, this.from + step)
  }

  add(sentAtMicros: number, lines: number): void {
    const bar = this.#at(sentAtMicros)
    if (bar) bar.lines += lines
  }

  addLevel(sentAtMicros: number, level: Level | undefined): void {
    if (level !== 'warn' && level !== 'error' && level !== 'fatal') return
    const bar = this.#at(sentAtMicros)
    if (bar) bar[level === 'warn' ? 'warnings' : 'errors']++
  }

  /** What has changed since the last call, oldest first. */
  takeChanged(): Bar[] {
    const bars = [...this.#changed].sort((a, b) => a - b).map((at) => this.#bars.get(at) as Bar)
    this.#changed.clear()
    return bars
  }

  /** Those with any line, oldest first. */
  all(): Bar[] {
    return [...this.#bars].sort(([a], [b]) => a - b).map(([, bar]) => bar)
  }

  #at(sentAtMicros: number): Bar | undefined {
    if (sentAtMicros < this.from || sentAtMicros >= this.to) return undefined
    const step = this.stepSeconds * SECOND
    const at = Math.floor(sentAtMicros / step) * step
    const bar = this.#bars.get(at) ?? { at: formatMicros(at), lines: 0, errors: 0, warnings: 0 }
    this.#bars.set(at, bar)
    this.#changed.add(at)
    return bar
  }
}
