// What a reader asks for in the address -> a query of the log store.
import { z } from 'zod'
import type { LineQuery } from '../logs/log-store.ts'
import type { Hint } from '../query/parse.ts'
import type { Query } from '../query/query.ts'
import { readSearch, searchShape } from './line.ts'
import { check } from './operation.ts'

export const MAX_LIMIT = 1_000
export const cursorSchema = z.string().min(1).max(200)

export const lineQuerySchema = z
  .object({
    ...searchShape,
    before: cursorSchema.optional().describe('A cursor, or `older` of an answer: lines that come earlier.'),
    after: cursorSchema.optional().describe('A cursor, or `newer` of an answer: lines that come later.'),
    limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(200),
  })
  .refine((query) => query.before === undefined || query.after === undefined, {
    error: 'give before or after, not both',
  })

export interface AskedLines {
  /** The search as typed. */
  typed: string
  /** The search as understood. */
  understood: Query
  /** What of it was taken as text. */
  hints: readonly Hint[]
  query: Omit<LineQuery, 'resourceNumber'>
}

/** @throws AppError invalid_params */
export function readLineQuery(query: unknown): AskedLines {
  return toLineQuery(check(lineQuerySchema, query))
}

/** @throws AppError invalid_params */
export function toLineQuery(asked: z.output<typeof lineQuerySchema>): AskedLines {
  const { q, before, after, limit } = asked
  const { query: understood, bounded: search, hints } = readSearch(asked)
  return {
    typed: q.trim(),
    understood,
    hints,
    query: {
      search,
      limit,
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    },
  }
}
