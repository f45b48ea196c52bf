// A line as the API shows it, and the parts of an address that say which lines are meant.
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { LogLine } from '../logplex/framed-line.ts'
import { and } from '../query/and.ts'
import { isHerokuCode } from '../query/heroku-code.ts'
import type { Apps, SearchedLine } from '../query/line-view.ts'
import { type Hint, parse } from '../query/parse.ts'
import { countTerms, type Query } from '../query/query.ts'
import { searched } from '../query/searched-line.ts'
import { readTimeSpan } from '../query/time-span.ts'

/** Drain id -> name of the app whose lines come through it, where that is known. */
export type AppNames = (resourceNumber: number) => Promise<Apps>

const MAX_TERMS = 50

export const timeSchema = z.iso.datetime({ precision: 6 }).describe('RFC 3339, six digits, UTC')

export const lineSchema = z
  .object({
    cursor: z.string().describe('Its place in the order; opaque.'),
    sent_at: timeSchema.describe('When it was printed, as it says itself.'),
    received_at: timeSchema.describe('When it came to us.'),
    drain_id: z.int().describe('The drain it came through: stands for one attached app.'),
    app: z.string().nullable(),
    priority: z.int().nullable().describe('Syslog PRI, 0 to 191.'),
    level: z.string().nullable().describe('How bad it says it is, as `level:` in a search.'),
    code: z.string().nullable().describe("One of Heroku's H, R and L codes, as `code:` in a search."),
    source: z.string().nullable().describe('`app` or `heroku`.'),
    process: z.string().nullable().describe('`web.1`, `router`, …'),
    message: z.string(),
  })
  .meta({ id: 'Line' })

export const hintSchema = z
  .object({
    at: z.int().describe('Where in the search, from 0.'),
    text: z.string().describe('What of it was taken as text, and why.'),
  })
  .meta({ id: 'Hint' })

const asked = z
  .string()
  .max(40)
  .refine((text) => readTimeSpan(text) !== undefined, {
    error: 'write a time as 2026-11-21, 2026-11-21T10:15 or 2026-11-21T10:15:20.5Z',
  })

/** Which lines: in each operation that searches. */
export const searchShape = {
  q: z.string().max(500).default('').describe('The search; empty for every line.'),
  from: asked.optional().describe('Lines sent at this time or later.'),
  to: asked.optional().describe('Lines sent before this time.'),
}

export interface Search {
  /** As asked. */
  query: Query
  /** With the bounds of time. */
  bounded: Query
  hints: readonly Hint[]
}

/** @throws AppError invalid_params */
export function readSearch({
  q,
  from,
  to,
}: {
  q: string
  from?: string | undefined
  to?: string | undefined
}): Search {
  const { query, hints } = parse(q)
  if (countTerms(query) > MAX_TERMS) {
    throw new AppError('invalid_params', { reason: `q: search for ${MAX_TERMS} words at most` })
  }
  const bounds = [
    ...(from === undefined ? [] : [parse(`time:>=${from}`).query]),
    ...(to === undefined ? [] : [parse(`time:<${to}`).query]),
  ]
  return { query, bounded: and([...(query.kind === 'everything' ? [] : [query]), ...bounds]), hints }
}

/** @param asSearched the line taken apart, where that is known */
export function lineToJson(
  line: LogLine,
  apps: Apps,
  asSearched: SearchedLine = searched(line, apps),
): z.input<typeof lineSchema> {
  return {
    cursor: line.cursor,
    sent_at: line.sentAt,
    received_at: line.receivedAt,
    drain_id: line.drainId,
    app: apps.get(line.drainId) ?? null,
    priority: line.priority,
    level: asSearched.level ?? null,
    code: line.source === 'heroku' ? (asSearched.codes.find(isHerokuCode) ?? null) : null,
    source: line.source,
    process: line.process,
    message: line.message,
  }
}
