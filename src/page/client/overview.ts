// The script of the overview: the figures that people open dashboards for, on one screen. One request; every chart is
// drawn from its answer, and says what it does not know.
import { HEROKU_CODES, herokuCode } from '../../query/heroku-codes.ts'
import { fullTime } from '../reading/times.ts'
import { count, duration, whole } from '../reading/units.ts'
import { address, get, sentence } from './api.ts'
import { type ChartParts, type Curve, chartOf, resizeCharts } from './chart-of.ts'
import { button, h, part } from './dom.ts'
import { startSheet } from './start.ts'

interface Overview {
  from: string
  to: string
  step_seconds: number
  requests: {
    at: string
    total: number
    s2xx: number
    s3xx: number
    s4xx: number
    s5xx: number
    p50_ms: number | null
    p95_ms: number | null
    p99_ms: number | null
  }[]
  codes: { code: string; meaning: string; lines: number }[]
  dynos: {
    process: string
    memory: { at: string; mb: number }[]
    quota_mb: number | null
    load: { at: string; value: number }[]
  }[]
  slowest: { path: string; requests: number; p95_ms: number }[]
  errors: { at: string; lines: number }[]
  looked_at: number
  complete: boolean
  counted_to: string | null
}

const SPANS: readonly (readonly [text: string, hours: number])[] = [
  ['1 hour', 1],
  ['6 hours', 6],
  ['24 hours', 24],
  ['3 days', 72],
  ['7 days', 168],
]
const REFRESH_MS = 60_000

const preferences = startSheet()

const charts = part('charts')
const looked = part('looked')
let hours = Number(new URLSearchParams(location.search).get('hours')) || 1
let loading = new AbortController()

showSpans()
void load()
setInterval(() => document.visibilityState === 'visible' && hours === 1 && void load(), REFRESH_MS)
addEventListener('resize', resizeCharts)

function showSpans(): void {
  part('spans').replaceChildren(
    ...SPANS.map(([text, span]) =>
      button(
        text,
        () => {
          hours = span
          history.replaceState(null, '', `${location.pathname}?hours=${span}`)
          showSpans()
          void load()
        },
        { 'aria-pressed': String(span === hours) },
      ),
    ),
  )
}

async function load(): Promise<void> {
  loading.abort()
  loading = new AbortController()
  const { signal } = loading
  charts.setAttribute('aria-busy', 'true')
  const to = Date.now()
  try {
    const parameters = {
      from: new Date(to - hours * 3_600_000).toISOString(),
      to: new Date(to).toISOString(),
    }
    const overview = await get<Overview>('/figures', parameters, signal)
    charts.replaceChildren(...cards(overview))
    looked.textContent = told(overview)
    resizeCharts()
  } catch (error) {
    if (signal.aborted) return
    looked.textContent = sentence(error)
  }
  charts.setAttribute('aria-busy', 'false')
}

function told({ looked_at, complete, counted_to }: Overview): string {
  const lines = `From ${count(looked_at, 'line')}`
  if (complete || counted_to === null) return lines
  return `${lines}, back to ${fullTime(counted_to, preferences.zone).slice(0, 19)}: there are more than could be looked at`
}

function cards(overview: Overview): Node[] {
  const { requests, codes, dynos, slowest, errors } = overview
  const span = [Date.parse(overview.from) / 1_000, Date.parse(overview.to) / 1_000] as const
  const shown = { span, zone: preferences.zone }
  const at = requests.map((step) => Date.parse(step.at) / 1_000)
  const total = requests.reduce((sum, step) => sum + step.total, 0)
  const curves = (
    names: readonly (readonly [
      label: string,
      colour: string,
      key: 's2xx' | 's3xx' | 's4xx' | 's5xx' | 'p50_ms' | 'p95_ms' | 'p99_ms',
    ])[],
  ): Curve[] =>
    names.map(([label, colour, key]) => ({ label, colour, values: requests.map((step) => step[key]) }))
  return [
    card('Requests by status', `${whole(total)} requests`, () =>
      total === 0
        ? null
        : chartOf({
            ...shown,
            at,
            kind: 'stacked',
            format: whole,
            curves: curves([
              ['2xx', 'good', 's2xx'],
              ['3xx', 'blue', 's3xx'],
              ['4xx', 'warn', 's4xx'],
              ['5xx', 'bad', 's5xx'],
            ]),
          }),
    ),
    card('Response time', 'connect and service', () =>
      total === 0
        ? null
        : chartOf({
            ...shown,
            at,
            kind: 'lines',
            format: duration,
            curves: curves([
              ['median', 'blue', 'p50_ms'],
              ['95 of 100', 'violet', 'p95_ms'],
              ['99 of 100', 'bad', 'p99_ms'],
            ]),
          }),
    ),
    card('Memory of dynos', '', () => dynoChart(dynos, 'memory', shown)),
    card('Load of dynos', 'one minute', () => dynoChart(dynos, 'load', shown)),
    card(
      'Errors',
      count(
        errors.reduce((sum, { lines }) => sum + lines, 0),
        'line',
      ),
      () =>
        errors.every(({ lines }) => lines === 0)
          ? null
          : chartOf({
              ...shown,
              at: errors.map((step) => Date.parse(step.at) / 1_000),
              kind: 'bars',
              format: whole,
              curves: [{ label: 'errors', colour: 'bad', values: errors.map(({ lines }) => lines) }],
            }),
    ),
    card('Heroku’s error codes', '', () => codesTable(codes)),
    card('Slowest paths', '95 of 100 requests within', () => slowestTable(slowest), 'wide-card'),
  ]
}

function card(title: string, total: string, content: () => HTMLElement | null, look = ''): HTMLElement {
  const shown = content() ?? h('p', { class: 'none' }, 'Nothing in this time.')
  return h(
    'section',
    { class: `card ${look}`.trim(), 'aria-label': title },
    h('h2', {}, title, h('span', { class: 'total' }, total)),
    shown,
  )
}

const DYNO_COLOURS = ['blue', 'violet', 'teal', 'pink', 'olive', 'brown', 'good', 'faint']
/** More curves than this are a tangle. */
const MAX_DYNOS = 12

/** All dynos over one axis of time, which none of them shares with another. */
function dynoChart(
  dynos: Overview['dynos'],
  what: 'memory' | 'load',
  over: Pick<ChartParts, 'span' | 'zone'>,
): HTMLElement | null {
  const points = (dyno: Overview['dynos'][number]) =>
    what === 'memory'
      ? dyno.memory.map(({ at, mb }) => [Date.parse(at) / 1_000, mb] as const)
      : dyno.load.map(({ at, value }) => [Date.parse(at) / 1_000, value] as const)
  const shown = dynos.filter((dyno) => points(dyno).length > 0).slice(0, MAX_DYNOS)
  if (shown.length === 0) return null
  const at = [...new Set(shown.flatMap((dyno) => points(dyno).map(([time]) => time)))].sort((a, b) => a - b)
  const quotas = new Set(shown.map(({ quota_mb }) => quota_mb).filter((quota) => quota !== null))
  const curves: Curve[] = shown.map((dyno, index) => {
    const byTime = new Map(points(dyno))
    return {
      label: dyno.process,
      colour: DYNO_COLOURS[index % DYNO_COLOURS.length] as string,
      values: at.map((time) => byTime.get(time)),
    }
  })
  if (what === 'memory') {
    for (const quota of quotas)
      curves.push({ label: 'quota', colour: 'bad', values: at.map(() => quota), isDashed: true })
  }
  const format = what === 'memory' ? (mb: number) => `${whole(mb)} MB` : (load: number) => load.toFixed(2)
  return chartOf({ at, kind: 'lines', format, curves, ...over })
}

function codesTable(codes: Overview['codes']): HTMLElement | null {
  const linked = ({ code, meaning }: Overview['codes'][number]) =>
    HEROKU_CODES.includes(code)
      ? h('a', { href: herokuCode(code)?.url, target: '_blank', rel: 'noreferrer' }, meaning)
      : meaning
  return table(
    [{ title: 'Code' }, { title: 'Meaning' }, { title: 'Lines', isNumber: true }],
    codes.map((row) => [
      h('a', { href: address('', { q: `code:${row.code}` }) }, row.code),
      linked(row),
      whole(row.lines),
    ]),
  )
}

function slowestTable(slowest: Overview['slowest']): HTMLElement | null {
  return table(
    [{ title: 'Path' }, { title: 'Requests', isNumber: true }, { title: 'Time', isNumber: true }],
    slowest.map(({ path, requests, p95_ms }) => [h('code', {}, path), whole(requests), duration(p95_ms)]),
  )
}

/** Null without rows. */
function table(
  columns: readonly { title: string; isNumber?: boolean }[],
  rows: readonly (readonly (Node | string)[])[],
): HTMLElement | null {
  if (rows.length === 0) return null
  const numbers = columns.map(({ isNumber }) => (isNumber ? { class: 'number' } : {}))
  const heads = columns.map(({ title }, at) => h('th', { scope: 'col', ...numbers[at] }, title))
  const cells = (row: readonly (Node | string)[]) => row.map((cell, at) => h('td', { ...numbers[at] }, cell))
  return h(
    'table',
    {},
    h('thead', {}, h('tr', {}, ...heads)),
    h('tbody', {}, ...rows.map((row) => h('tr', {}, ...cells(row)))),
  )
}
