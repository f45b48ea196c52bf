// GET …/context: what stands around a line, the search set aside.
import { z } from 'zod'
import type { LogLine } from '../logplex/framed-line.ts'
import type { LogStore } from '../logs/log-store.ts'
import { and } from '../query/and.ts'
import { EVERYTHING } from '../query/everything.ts'
import { field } from '../query/field.ts'
import { fold } from '../query/fold.ts'
import type { Query } from '../query/query.ts'
import { type AppNames, lineSchema, lineToJson, timeSchema } from './line.ts'
import { cursorSchema } from './line-query.ts'
import { type Operation, operation } from './operation.ts'

export interface ContextParts {
  logs: Pick<LogStore, 'read' | 'timeOf'>
  appNames: AppNames
}

export function readContext({ logs, appNames }: ContextParts): Operation {
  return operation({
    name: 'readContext',
    method: 'GET',
    path: '/context',
    summary: 'What stands around a line',
    query: z.object({
      cursor: cursorSchema.describe('Of the line.'),
      limit: z.coerce
        .number()
        .int()
        .min(2)
        .max(500)
        .default(100)
        .describe('Half of them before it, half behind.'),
      scope: z
        .enum(['all', 'app', 'process'])
        .default('all')
        .describe('Only lines of the same app, or of the same process of it.'),
    }),
    answer: z.object({
      lines: z.array(lineSchema).describe('Newest first.'),
      older: z.string().nullable().describe('Goes on as `before` of …/lines.'),
      newer: z.string().nullable().describe('Goes on as `after` of …/lines.'),
      found: z
        .boolean()
        .describe('False where the line is no longer kept: these are its neighbours in time.'),
      at: timeSchema.describe('When the line was sent.'),
    }),
    async handle({ reader: { resource }, query: { cursor, limit, scope }, signal }) {
      const at = logs.timeOf(cursor)
      const apps = await appNames(resource.number)
      const read = (search: Query, place: { before: string } | { after: string }, lines: number) =>
        logs.read({
          resourceNumber: resource.number,
          search,
          apps,
          limit: lines,
          including: 'after' in place,
          ...place,
          signal,
        })
      const itself = await read(EVERYTHING, { after: cursor }, 1)
      const line = itself.lines.find((one) => one.cursor === cursor)
      const search = line === undefined ? EVERYTHING : scopeOf(line, scope)
      const half = Math.ceil(limit / 2)
      const [newer, older] = await Promise.all([
        read(search, { after: cursor }, half),
        read(search, { before: cursor }, half),
      ])
      const lines = [...newer.lines, ...older.lines]
      return {
        lines: lines.map((one) => lineToJson(one, apps)),
        older: older.older,
        newer: newer.newer ?? lines[0]?.cursor ?? null,
        found: line !== undefined,
        at,
      }
    },
  })
}

function scopeOf({ drainId, process }: LogLine, scope: 'all' | 'app' | 'process'): Query {
  if (scope === 'all') return EVERYTHING
  const is = (name: string, text: string) => field(name, { kind: 'value', text, folded: fold(text) })
  const parts = [is('drain', String(drainId))]
  if (scope === 'process' && process !== null) parts.push(is('process', process))
  return and(parts)
}
