// The figures that people open an overview for, added up from Heroku's own lines: requests by status and how long they
// took, error codes, memory and load of each dyno. Pure; order does not matter.
import type { LogLine } from '../../logplex/framed-line.ts'
import { codeInText, isHerokuCode } from '../../query/heroku-code.ts'
import { herokuCode } from '../../query/heroku-codes.ts'
import { type Fields, readFields } from '../../query/message-fields.ts'
import { readQuantity } from '../../query/quantity.ts'
import { ascending, percentile } from './percentile.ts'
import { routeOfPath } from './route-of-path.ts'
import { type Steps, stepOf } from './steps.ts'

export interface RequestStep {
  /** RFC 3339: when the step begins. */
  at: string
  total: number
  /** By the first digit of the status. 1xx, and a request of which the router knows no status, are in `total` only. */
  s2xx: number
  s3xx: number
  s4xx: number
  s5xx: number
  /** Of `service` and `connect` together; null where no request says. */
  p50Ms: number | null
  p95Ms: number | null
  p99Ms: number | null
}

export interface Dyno {
  process: string
  memory: { at: string; mb: number }[]
  quotaMb: number | null
  load: { at: string; value: number }[]
}

export interface OverviewFigures {
  requests: RequestStep[]
  codes: { code: string; meaning: string; lines: number }[]
  dynos: Dyno[]
  slowest: { path: string; requests: number; p95Ms: number }[]
}

/** More routes than a chart can show; what comes when there are so many is left out of `slowest` alone. */
const MAX_ROUTES = 1_000
const SLOWEST = 10
/** An app of more dynos has the rest left out; by name, so that the same ones stay. */
const MAX_DYNOS = 50
const MAX_DYNOS_SEEN = 1_000
const MEGABYTE = 2 ** 20
/** Anybody's app may log `service=1e999ms`, and JSON has no infinity. */
const MAX_QUANTITY = 1e15

interface RequestSum {
  total: number
  byClass: [number, number, number, number]
  times: number[]
}

interface DynoSum {
  /** By step: the highest, because it is peaks that kill a dyno. */
  memory: Map<number, number>
  load: Map<number, number>
  quotaMb: number | null
}

export class OverviewSums {
  readonly #steps: Steps
  readonly #requests: RequestSum[]
  readonly #routes = new Map<string, number[]>()
  readonly #codes = new Map<string, number>()
  readonly #dynos = new Map<string, DynoSum>()

  constructor(steps: Steps) {
    this.#steps = steps
    this.#requests = Array.from({ length: steps.count }, () => ({
      total: 0,
      byClass: [0, 0, 0, 0],
      times: [],
    }))
  }

  /** @param line one of Heroku's: another's says nothing here */
  add({
    sentAt,
    source,
    process,
    message,
  }: Pick<LogLine, 'sentAt' | 'source' | 'process' | 'message'>): void {
    const step = stepOf(this.#steps, Date.parse(sentAt))
    if (step === -1 || source !== 'heroku') return
    const fields = readFields(message)
    const code = codeInText(source, message) ?? fields.get('code')?.find(isHerokuCode)
    if (code !== undefined) this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1)
    if (process === 'router') this.#addRequest(step, fields)
    else if (process !== null && message.includes('sample#')) this.#addSamples(step, process, fields)
  }

  result(): OverviewFigures {
    const { from, stepMs } = this.#steps
    const at = (step: number) => new Date(from + step * stepMs).toISOString()
    return {
      requests: this.#requests.map(({ total, byClass, times }, step) => {
        const sorted = ascending(times)
        const [s2xx, s3xx, s4xx, s5xx] = byClass
        const [p50Ms, p95Ms, p99Ms] = [50, 95, 99].map((percent) => percentile(sorted, percent)) as [
          number | null,
          number | null,
          number | null,
        ]
        return { at: at(step), total, s2xx, s3xx, s4xx, s5xx, p50Ms, p95Ms, p99Ms }
      }),
      codes: [...this.#codes]
        .map(([code, lines]) => ({ code, meaning: herokuCode(code)?.meaning ?? '', lines }))
        .sort((a, b) => b.lines - a.lines || (a.code < b.code ? -1 : 1)),
      dynos: this.#dynosByName().map(([process, { memory, load, quotaMb }]) => ({
        process,
        memory: inOrder(memory).map(([step, mb]) => ({ at: at(step), mb })),
        quotaMb,
        load: inOrder(load).map(([step, value]) => ({ at: at(step), value })),
      })),
      slowest: [...this.#routes]
        .map(([path, times]) => ({
          path,
          requests: times.length,
          p95Ms: percentile(ascending(times), 95) as number,
        }))
        .sort((a, b) => b.p95Ms - a.p95Ms)
        .slice(0, SLOWEST),
    }
  }

  /** Dev Center: "HTTP Routing". */
  #addRequest(step: number, fields: Fields): void {
    const sum = this.#requests[step] as RequestSum
    sum.total++
    const hundreds = Math.floor(Number(fields.get('status')?.[0]) / 100)
    if (hundreds >= 2 && hundreds <= 5) sum.byClass[(hundreds - 2) as 0 | 1 | 2 | 3]++
    const service = millis(fields, 'service')
    if (service === undefined) return
    const time = service + (millis(fields, 'connect') ?? 0)
    sum.times.push(time)
    const [method, path] = [fields.get('method')?.[0], fields.get('path')?.[0]]
    if (method === undefined || path === undefined) return
    const route = `${method} ${routeOfPath(path)}`
    const times = this.#routes.get(route)
    if (times) times.push(time)
    else if (this.#routes.size < MAX_ROUTES) this.#routes.set(route, [time])
  }

  /** Dev Center: "log-runtime-metrics". */
  #addSamples(step: number, process: string, fields: Fields): void {
    const memory = megabytes(fields, 'sample#memory_total')
    const load = quantity(fields, 'sample#load_avg_1m')
    if (memory === undefined && load === undefined) return
    const dyno = this.#dynos.get(process) ?? { memory: new Map(), load: new Map(), quotaMb: null }
    if (!this.#dynos.has(process) && this.#dynos.size >= MAX_DYNOS_SEEN) return
    this.#dynos.set(process, dyno)
    if (memory !== undefined) dyno.memory.set(step, Math.max(memory, dyno.memory.get(step) ?? 0))
    if (load !== undefined) dyno.load.set(step, Math.max(load, dyno.load.get(step) ?? 0))
    dyno.quotaMb = megabytes(fields, 'sample#memory_quota') ?? dyno.quotaMb
  }

  #dynosByName(): [string, DynoSum][] {
    return [...this.#dynos]
      .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
      .slice(0, MAX_DYNOS)
  }
}

function inOrder(byStep: ReadonlyMap<number, number>): [number, number][] {
  return [...byStep].sort(([a], [b]) => a - b)
}

function quantity(fields: Fields, key: string): number | undefined {
  const text = fields.get(key)?.[0]
  const scaled = text === undefined ? undefined : readQuantity(text)?.scaled
  return scaled === undefined ? undefined : Math.max(-MAX_QUANTITY, Math.min(scaled, MAX_QUANTITY))
}

function millis(fields: Fields, key: string): number | undefined {
  const value = quantity(fields, key)
  return value !== undefined && value >= 0 ? value : undefined
}

function megabytes(fields: Fields, key: string): number | undefined {
  const bytes = quantity(fields, key)
  return bytes === undefined ? undefined : Math.round((bytes / MEGABYTE) * 100) / 100
}
