// What a reader asks for in the address -> a query of the log store.
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { LineQuery } from '../logs/log-store.ts'

const MAX_WORDS = 20

const querySchema = z
  .object({
    // The store shows NUL as its picture, and Postgres takes no NUL in a text.
    q: z
      .string()
      .max(500)
      .default('')
      .transform((words) => words.replaceAll('\0', '\u2400')),
    before: z.string().min(1).max(200).optional(),
    after: z.string().min(1).max(200).optional(),
    limit: z.coerce.number().int().min(1).max(1_000).default(200),
  })
  .refine((query) => query.before === undefined || query.after === undefined, {
    error: 'give before or after, not both',
  })

export interface AskedLines {
  /** The search as typed. */
  search: string
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
  const words = q.split(/\s+/).filter((word) => word !== '')
  if (words.length > MAX_WORDS) {
    throw new AppError('invalid_params', { reason: `q: search for ${MAX_WORDS} words at most` })
  }
  return {
    search: q.trim(),
    query: {
      words,
      limit,
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    },
  }
}
