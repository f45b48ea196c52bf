// Bars of a chart over time: which span it shows, and the bars as they are drawn. Pure.
import type { ViewState } from './view-state.ts'

export interface Counted {
  /** RFC 3339. */
  from: string
  to: string
  step_seconds: number
  bars: readonly { at: string; lines: number; errors: number; warnings: number }[]
}

export interface Bar {
  /** Milliseconds since 1970. */
  at: number
  lines: number
  errors: number
  warnings: number
}

const HOUR = 3_600_000
/** Around a time that was asked for. */
const AROUND = HOUR / 2

/** Milliseconds since 1970: the last hour while live, the span or the surroundings of the time otherwise. */
export function spanOfChart(
  state: Pick<ViewState, 'from' | 'to' | 'at'>,
  now: number,
): { from: number; to: number } {
  if (state.at !== null) {
    const at = Date.parse(state.at)
    return { from: at - AROUND, to: Math.min(now, at + AROUND) }
  }
  const to = state.to === null ? now : Date.parse(state.to)
  const from = state.from === null ? to - HOUR : Date.parse(state.from)
  return from < to ? { from, to } : { from: to - HOUR, to }
}

/** So many bars of equal width, whatever the steps were that lines were counted in. */
export function barsIn(counted: Counted, wanted: number): { bars: Bar[]; most: number } {
  const from = Date.parse(counted.from)
  const to = Date.parse(counted.to)
  const width = (to - from) / wanted
  const bars = Array.from({ length: wanted }, (_, at) => ({
    at: from + at * width,
    lines: 0,
    errors: 0,
    warnings: 0,
  }))
  const step = Math.max(1, counted.step_seconds * 1_000)
  for (const { at, lines, errors, warnings } of counted.bars) {
    // A step may be wider than a bar: its lines are spread over all that it covers.
    const start = Date.parse(at)
    const first = Math.max(0, Math.floor((start - from) / width))
    const last = Math.min(wanted - 1, Math.max(first, Math.ceil((start + step - from) / width) - 1))
    if (first >= wanted || last < 0) continue
    const share = 1 / (last - first + 1)
    for (let index = first; index <= last; index++) {
      const bar = bars[index] as Bar
      bar.lines += lines * share
      bar.errors += errors * share
      bar.warnings += warnings * share
    }
  }
  for (const bar of bars) {
    bar.lines = Math.round(bar.lines)
    bar.errors = Math.round(bar.errors)
    bar.warnings = Math.round(bar.warnings)
  }
  return { bars, most: Math.max(1, ...bars.map(({ lines }) => lines)) }
}
