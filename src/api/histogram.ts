// GET …/histogram: how many lines match over time, and how many of them are errors and warnings.
import { z } from 'zod'
import { formatMicros } from '../logplex/frame-form.ts'
import type { LogStore } from '../logs/log-store.ts'
import { DAY_MICROS } from '../logs/utc-day.ts'
import { readTimeSpan } from '../query/time-span.ts'
import { Bars } from './bars.ts'
import { countBars, type Progress } from './count-bars.ts'
import { type AppNames, readSearch, searchShape, timeSchema } from './line.ts'
import { formatEvent, type OpenStreams } from './live/event-stream.ts'
import { type Operation, operation } from './operation.ts'
import { streamEvents } from './stream-answer.ts'

const MIN_SPAN_MICROS = 1_000_000
/** JSON is waited for as a whole; events may take longer. */
const JSON_MS = 2_000
const EVENTS_MS = 60_000

export interface HistogramParts {
  logs: Pick<LogStore, 'read' | 'countLines'>
  appNames: AppNames
  streams: OpenStreams
  now(): Date
}

const histogramSchema = z.object({
  from: timeSchema,
  to: timeSchema.describe('Exclusive. Both are whole steps.'),
  step_seconds: z.int(),
  bars: z
    .array(z.object({ at: timeSchema, lines: z.int(), errors: z.int(), warnings: z.int() }))
    .describe('Oldest first; a step without lines has none. `errors` are of level error and fatal.'),
  complete: z.boolean().describe('All lines were counted, and their levels.'),
  counted_to: timeSchema.nullable().describe('Lines are counted from the newest back to here.'),
  levels_counted_to: timeSchema.nullable().describe('Errors and warnings are counted back to here.'),
})

export function readHistogram({ logs, appNames, streams, now }: HistogramParts): Operation {
  return operation({
    name: 'readHistogram',
    method: 'GET',
    path: '/histogram',
    summary: 'How many lines match over time',
    description:
      'Of the last day, unless `from` or `to` say otherwise. As events, the newest part comes first and each event has the bars that changed; as JSON, what could be counted in two seconds.',
    query: z.object({
      ...searchShape,
      bars: z.coerce.number().int().min(1).max(500).default(60).describe('How many bars, about.'),
    }),
    answer: histogramSchema,
    events: {
      bars: histogramSchema.describe('`bars` holds those that are new or have changed.'),
      done: histogramSchema.omit({ bars: true }),
      problem: z.object({ id: z.string(), message: z.string() }),
    },
    async handle({ reader: { resource }, query: { q, from, to, bars: count }, request, signal }) {
      const { query: search } = readSearch({ q })
      const end = (to === undefined ? undefined : readTimeSpan(to)?.from) ?? now().getTime() * 1000
      const start = (from === undefined ? undefined : readTimeSpan(from)?.from) ?? end - DAY_MICROS
      const bars = new Bars(Math.min(start, end - MIN_SPAN_MICROS), end, count)
      const parts = { logs, resourceNumber: resource.number, apps: await appNames(resource.number) }
      const head = ({ countedTo, levelsCountedTo }: Progress, complete: boolean) => ({
        from: formatMicros(bars.from),
        to: formatMicros(bars.to),
        step_seconds: bars.stepSeconds,
        complete,
        counted_to: countedTo,
        levels_counted_to: levelsCountedTo,
      })
      const nothing: Progress = { countedTo: null, levelsCountedTo: null }
      if (request.headers.accept?.includes('text/event-stream')) {
        return streamEvents({ request, signal, streams }, async function* (signal) {
          const counting = countWithin(EVENTS_MS, countBars(parts, bars, search, signal))
          let progress = nothing
          let complete = false
          for await (const step of counting) {
            progress = step.progress
            complete = step.complete
            const changed = bars.takeChanged()
            if (!complete) yield formatEvent('bars', { ...head(progress, false), bars: changed })
          }
          yield formatEvent('done', head(progress, complete))
        })
      }
      let last = { progress: nothing, complete: false }
      for await (const step of countWithin(JSON_MS, countBars(parts, bars, search, signal))) last = step
      return { ...head(last.progress, last.complete), bars: bars.all() }
    },
  })
}

/** The steps until it is late; `complete` with the one behind the last. */
async function* countWithin(
  ms: number,
  counting: AsyncGenerator<Progress>,
): AsyncGenerator<{ progress: Progress; complete: boolean }> {
  const deadline = performance.now() + ms
  let progress: Progress = { countedTo: null, levelsCountedTo: null }
  for await (progress of counting) {
    yield { progress, complete: false }
    if (performance.now() >= deadline) return
  }
  yield { progress, complete: true }
}
