// What every benchmark is given.
import type { BenchPostgres } from './postgres.ts'
import type { Report } from './report.ts'
import type { Scope } from './scope.ts'
import type { Workplace } from './workplace.ts'

export interface Bench {
  /** Seconds instead of minutes: to see that it works, not for figures to keep. */
  quick: boolean
  /** Of the soak. */
  minutes: number
  /** Lines a second of the soak; half of the peak measured at its start, where none is given. */
  rate: number | undefined
  workplace: Workplace
  postgres: BenchPostgres
  report: Report
  /** Closed when the benchmark ends. */
  scope: Scope
}

/** What issue and README speak of, unless they say otherwise. */
export const SENDERS = 64
export const LINES_PER_DELIVERY = 300

export function sleep(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis))
}
