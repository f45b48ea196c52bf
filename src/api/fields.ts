// GET …/fields: which fields the newest matching lines have, and their most frequent values.
import { z } from 'zod'
import type { LogStore } from '../logs/log-store.ts'
import { FieldCounts } from './field-counts.ts'
import { type AppNames, readSearch, searchShape, timeSchema } from './line.ts'
import { type Operation, operation } from './operation.ts'
import { walk } from './walk.ts'

const MAX_LINES = 5_000
const PAGE_LINES = 1_000
/** The whole answer is waited for. */
const MAX_MS = 3_000

export interface FieldsParts {
  logs: Pick<LogStore, 'read'>
  appNames: AppNames
}

export function readFieldCounts({ logs, appNames }: FieldsParts): Operation {
  return operation({
    name: 'readFields',
    method: 'GET',
    path: '/fields',
    summary: 'The fields of the newest matching lines, and their most frequent values',
    description: `Looks at ${MAX_LINES} lines at most, or at what it finds in some seconds: \`looked_at\` says at how many.`,
    query: z.object(searchShape),
    answer: z.object({
      looked_at: z.int(),
      from: timeSchema.nullable().describe('When the oldest of them was sent; null where there are none.'),
      to: timeSchema.nullable(),
      fields: z
        .array(
          z.object({
            name: z.string().describe('As a search names it.'),
            lines: z.int().describe('How many of the lines have it.'),
            values: z.array(z.object({ value: z.string(), lines: z.int() })).describe('Ten at most.'),
          }),
        )
        .describe('Those that most lines have first; a hundred at most.'),
    }),
    async handle({ reader: { resource }, query: asked, signal }) {
      const { bounded: search } = readSearch(asked)
      const apps = await appNames(resource.number)
      const query = { resourceNumber: resource.number, search, apps, limit: PAGE_LINES }
      const counts = new FieldCounts(apps)
      const deadline = performance.now() + MAX_MS
      for await (const { lines } of walk(logs, query, signal)) {
        for (const line of lines.slice(0, MAX_LINES - counts.lookedAt)) counts.add(line)
        if (counts.lookedAt >= MAX_LINES || performance.now() >= deadline) break
      }
      return {
        looked_at: counts.lookedAt,
        from: counts.oldest,
        to: counts.newest,
        fields: counts.top(),
      }
    },
  })
}
