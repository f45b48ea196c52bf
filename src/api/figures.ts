// GET …/figures: what the overview draws: requests, codes, dynos and errors of a stretch of time, made of the newest
// lines of it that can be looked at in some seconds.
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { LogStore } from '../logs/log-store.ts'
import { walkLines } from '../logs/walk-lines.ts'
import { parse } from '../query/parse.ts'
import { readTimeSpan } from '../query/time-span.ts'
import { type AppNames, searchShape } from './line.ts'
import { instant } from './named.ts'
import { type Operation, operation } from './operation.ts'
import { OverviewSums } from './overview/overview.ts'
import { cutIntoSteps, stepOf } from './overview/steps.ts'

const DEFAULT_MS = 3_600_000
const MAX_DAYS = 31
const MAX_STEPS = 60
const PLATFORM = parse('source:heroku').query
const ERRORS = parse('level:>=error').query
/** The first is what the page is for; together they are the wait for it, at the most. */
const PLATFORM_EFFORT = { lines: 200_000, ms: 3_000 }
const ERRORS_EFFORT = { lines: 100_000, ms: 1_500 }

const millis = z.number().nullable()

const figuresSchema = z
  .object({
    from: instant.describe('On a step.'),
    to: instant,
    step_seconds: z.int(),
    requests: z
      .array(
        z.object({
          at: instant,
          total: z.int(),
          s2xx: z.int(),
          s3xx: z.int(),
          s4xx: z.int(),
          s5xx: z.int(),
          p50_ms: millis,
          p95_ms: millis,
          p99_ms: millis,
        }),
      )
      .describe("By the router's lines; times are its `service` and `connect` together, percentiles exact."),
    codes: z
      .array(z.object({ code: z.string(), meaning: z.string(), lines: z.int() }))
      .describe("Heroku's H, R and L codes, the most frequent first."),
    dynos: z
      .array(
        z.object({
          process: z.string(),
          memory: z.array(z.object({ at: instant, mb: z.number() })),
          quota_mb: z.number().nullable(),
          load: z.array(z.object({ at: instant, value: z.number() })),
        }),
      )
      .describe('The highest of each step, where the app has log-runtime-metrics on.'),
    slowest: z
      .array(z.object({ path: z.string(), requests: z.int(), p95_ms: z.number() }))
      .describe('Method and path, numbers and ids as *.'),
    errors: z
      .array(z.object({ at: instant, lines: z.int() }))
      .describe('Lines of any source that match `level:>=error`.'),
    looked_at: z.int().describe('How many lines the figures are made of.'),
    complete: z.boolean().describe('Whether those are all lines of the time that was asked for.'),
    counted_to: instant.describe('How far back they go: what is before is missing, wholly or in part.'),
  })
  .meta({ id: 'Figures' })

export interface FiguresParts {
  logs: Pick<LogStore, 'read'>
  appNames: AppNames
  now(): Date
}

export function readFigures({ logs, appNames, now }: FiguresParts): Operation {
  return operation({
    name: 'readFigures',
    method: 'GET',
    path: '/figures',
    summary: 'Requests, error codes, dynos and errors over time',
    description:
      'Made of the newest lines of the time asked for, the last hour unless said otherwise, as many as can be looked at in some seconds: `complete` and `counted_to` say how far that went.',
    query: z.object({ from: searchShape.from, to: searchShape.to }),
    answer: figuresSchema,
    async handle({ reader: { resource }, query, signal }) {
      const span = readSpan(query, now())
      const steps = cutIntoSteps(span.from, span.to, MAX_STEPS)
      const walking = {
        resourceNumber: resource.number,
        apps: await appNames(resource.number),
        from: new Date(steps.from),
        to: span.to,
        signal,
      }
      const sums = new OverviewSums(steps)
      const platform = await walkLines(
        logs,
        { ...walking, search: PLATFORM, effort: PLATFORM_EFFORT },
        (line) => sums.add(line),
      )
      const errors = new Array<number>(steps.count).fill(0)
      const failing = await walkLines(
        logs,
        { ...walking, search: ERRORS, effort: ERRORS_EFFORT },
        ({ sentAt }) => {
          const step = stepOf(steps, Date.parse(sentAt))
          if (step !== -1) errors[step] = (errors[step] as number) + 1
        },
      )
      const { requests, codes, dynos, slowest } = sums.result()
      const reached = [platform, failing].map(({ countedTo }) => countedTo).filter((at) => at !== null)
      return {
        from: instantOf(steps.from),
        to: instantOf(steps.to),
        step_seconds: steps.stepMs / 1_000,
        requests: requests.map(({ p50Ms, p95Ms, p99Ms, ...rest }) => ({
          ...rest,
          p50_ms: p50Ms,
          p95_ms: p95Ms,
          p99_ms: p99Ms,
        })),
        codes,
        dynos: dynos.map(({ quotaMb, ...rest }) => ({ ...rest, quota_mb: quotaMb })),
        slowest: slowest.map(({ p95Ms, ...rest }) => ({ ...rest, p95_ms: p95Ms })),
        errors: errors.map((lines, step) => ({ at: instantOf(steps.from + step * steps.stepMs), lines })),
        looked_at: platform.lines + failing.lines,
        complete: reached.length === 0,
        counted_to: reached.length === 0 ? instantOf(steps.from) : (reached.sort().at(-1) as string),
      }
    },
  })
}

/** @throws AppError invalid_params */
function readSpan(
  { from, to }: { from?: string | undefined; to?: string | undefined },
  now: Date,
): { from: Date; to: Date } {
  const read = (text: string) => new Date((readTimeSpan(text)?.from ?? 0) / 1_000)
  const end = to === undefined ? now : read(to)
  const start = from === undefined ? new Date(end.getTime() - DEFAULT_MS) : read(from)
  if (start >= end) throw new AppError('invalid_params', { reason: 'from: must be before to' })
  if (end.getTime() - start.getTime() > MAX_DAYS * 86_400_000) {
    throw new AppError('invalid_params', { reason: `from: ${MAX_DAYS} days at most` })
  }
  return { from: start, to: end }
}

function instantOf(millisSince1970: number): string {
  return new Date(millisSince1970).toISOString()
}
