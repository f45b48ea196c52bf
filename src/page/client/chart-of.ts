// A chart of values over time, by uPlot, in the page's colours.
import './known-language.ts'
import uPlot from 'uplot'
import { dayOf, timeOfDay, type Zone } from '../reading/times.ts'
import { h } from './dom.ts'

export interface Curve {
  label: string
  /** A name of COLOURS. */
  colour: string
  /** One for each time; undefined where nothing is known. */
  values: readonly (number | null | undefined)[]
  isDashed?: boolean
}

export interface ChartParts {
  /** Seconds since 1970, ascending. */
  at: readonly number[]
  curves: readonly Curve[]
  kind: 'lines' | 'stacked' | 'bars'
  /** The time that is shown, seconds since 1970, whether there is something in all of it or not. */
  span: readonly [from: number, to: number]
  zone: Zone
  format(value: number): string
}

/** Light and dark. */
const COLOURS: Record<string, readonly [light: string, dark: string]> = {
  good: ['#2f9e6b', '#4cc38a'],
  blue: ['#2f7dc4', '#70b1f0'],
  warn: ['#e09b2d', '#e6b450'],
  bad: ['#d92d3a', '#f2555f'],
  violet: ['#8250df', '#b18bff'],
  teal: ['#0f8a8a', '#4fc7c7'],
  pink: ['#c2479f', '#f08ad8'],
  olive: ['#6d8b1f', '#a9cf4f'],
  brown: ['#8a6a55', '#cdb3a2'],
  faint: ['#7a8490', '#98a2ae'],
}
const HEIGHT = 190
/** There is no half request. */
const WHOLE_STEPS = [1, 2, 5]
  .flatMap((digit) => Array.from({ length: 9 }, (_, zeros) => digit * 10 ** zeros))
  .sort((a, b) => a - b)

const drawn = new Set<{ chart: uPlot; holder: HTMLElement }>()

export function chartOf({ at, curves, kind, format, span, zone }: ChartParts): HTMLElement {
  const holder = h('div', { class: 'plot' })
  const isDark =
    getComputedStyle(document.documentElement).colorScheme === 'dark' ||
    (!document.documentElement.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches)
  const colour = (name: string) => COLOURS[name]?.[isDark ? 1 : 0] ?? '#888888'
  const shown = kind === 'stacked' ? stack(curves) : curves
  const axis: uPlot.Axis = {
    stroke: isDark ? '#98a2ae' : '#59616b',
    grid: { stroke: isDark ? '#2a313a' : '#e6e9ed', width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  }
  const isFilled = kind !== 'lines'
  const chart = new uPlot(
    {
      width: 400,
      height: HEIGHT,
      ...(zone === 'utc'
        ? { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC') }
        : {}),
      cursor: { drag: { x: false, y: false }, points: { show: kind === 'lines' } },
      legend: { live: true },
      scales: {
        x: { time: true, range: () => [span[0], span[1]] },
        y: { range: (_self, _low, high) => [0, high > 0 ? high * 1.08 : 1] },
      },
      axes: [
        {
          ...axis,
          space: 70,
          size: 32,
          values: (_self, ticks, _axis, _space, step) => ticks.map((tick) => shortTime(tick, step, zone)),
        },
        {
          ...axis,
          size: 62,
          values: (_self, ticks) => ticks.map(format),
          ...(kind === 'lines' ? {} : { incrs: WHOLE_STEPS }),
        },
      ],
      series: [
        { label: '', value: (_self, time) => (time === null ? '' : shortTime(time, 60, zone)) },
        ...shown.map((curve, index) => ({
          label: curve.label,
          stroke: colour(curve.colour),
          width: curve.isDashed === true ? 1 : isFilled ? 0 : 1.6,
          spanGaps: true,
          // A line needs two.
          points: {
            show: kind === 'lines' && curve.values.filter((value) => typeof value === 'number').length < 3,
          },
          ...(curve.isDashed === true ? { dash: [5, 4] } : {}),
          ...(isFilled ? { fill: colour(curve.colour) } : {}),
          ...(isFilled
            ? { paths: uPlot.paths.bars?.({ size: [0.9, 60], gap: 0 }) as uPlot.Series.PathBuilder }
            : {}),
          // What a stacked curve is by itself, not what it is drawn at.
          value: (_self: uPlot, _value: number | null, _series: number, dataIndex: number | null) => {
            const own =
              dataIndex === null
                ? null
                : curves[kind === 'stacked' ? curves.length - 1 - index : index]?.values[dataIndex]
            return own === null || own === undefined ? '–' : format(own)
          },
        })),
      ],
    },
    [at as number[], ...shown.map(({ values }) => values as (number | null)[])],
    holder,
  )
  drawn.add({ chart, holder })
  return holder
}

/** 10:15, or 21 Nov where the steps are days. */
function shortTime(seconds: number, step: number, zone: Zone): string {
  const at = new Date(seconds * 1_000).toISOString()
  if (step >= 86_400) return dayOf(at, zone).slice(5)
  return timeOfDay(at, zone).slice(0, step < 60 ? 8 : 5)
}

/** To call when the page has another width, and after charts were put into it. */
export function resizeCharts(): void {
  for (const one of drawn) {
    const { chart, holder } = one
    if (!holder.isConnected) {
      chart.destroy()
      drawn.delete(one)
    } else if (holder.clientWidth > 0) {
      chart.setSize({ width: holder.clientWidth, height: HEIGHT })
    }
  }
}

/** The highest is drawn first, so that the others stand before it. */
function stack(curves: readonly Curve[]): Curve[] {
  const sums = curves[0]?.values.map(() => 0) ?? []
  return curves
    .map((curve) => ({
      ...curve,
      values: curve.values.map((value, at) => {
        sums[at] = (sums[at] ?? 0) + (value ?? 0)
        return sums[at]
      }),
    }))
    .reverse()
}
