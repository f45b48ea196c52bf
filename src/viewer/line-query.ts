// What a reader asks for in the address -> a query of the log store.
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { LineQuery } from '../logs/log-store.ts'
import { type Hint, parse } from '../logs/query/parse.ts'
import { countTerms } from '../logs/query/query.ts'

const MAX_TERMS = 50

const querySchema = z
  .object({
    q: z.string().max(500).default(''),
    before: z.string().min(1).max(200).optional(),
    after: z.string().min(1).max(200).optional(),
    limit: z.coerce.number().int().min(1).max(1_000).default(200),
  })
  .refine((query) => query.before === undefined || query.after === undefined, {
    error: 'give before or after, not both',
  })

export interface AskedLines {
  /** The search as typed. */
  typed: string
  /** What of it was taken as text. */
  hints: readonly Hint[]
  query: Omit<LineQuery, 'resourceNumber'>
}

/** @throws AppError invalid_params */
export function readLineQuery(query: unknown): AskedLines {
  const read = querySchema.safeParse(query)
  if (!read.success) {
    throw new AppError('invalid_params', {
      reason: read.error.issues
        .map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': '))
        .join('; '),
    })
  }
  const { q, before, after, limit } = read.data
  const { query: search, hints } = parse(q)
  if (countTerms(search) > MAX_TERMS) {
    throw new AppError('invalid_params', { reason: `q: search for ${MAX_TERMS} words at most` })
  }
  return {
    typed: q.trim(),
    hints,
    query: {
      search,
      limit,
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    },
  }
}
