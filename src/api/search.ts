// GET …/search: walks back in time and gives lines as they are found.
import { z } from 'zod'
import type { LogStore } from '../logs/log-store.ts'
import { print } from '../query/query.ts'
import {
  type AppNames,
  hintSchema,
  lineSchema,
  lineToJson,
  readSearch,
  searchShape,
  timeSchema,
} from './line.ts'
import { cursorSchema } from './line-query.ts'
import { formatEvent, type OpenStreams } from './live/event-stream.ts'
import { type Operation, operation } from './operation.ts'
import { streamEvents } from './stream-answer.ts'
import { reached, walk } from './walk.ts'

const MAX_LINES = 1_000
/** Found lines are shown in parts: a screen at once. */
const PAGE_LINES = 200

export interface SearchParts {
  logs: Pick<LogStore, 'read'>
  appNames: AppNames
  streams: OpenStreams
}

export function searchLines({ logs, appNames, streams }: SearchParts): Operation {
  return operation({
    name: 'searchLines',
    method: 'GET',
    path: '/search',
    summary: 'Searches back in time, and gives lines as they are found',
    description: `Newest first, ${MAX_LINES} lines at most; closing the connection ends the search in the database.`,
    query: z.object({
      ...searchShape,
      before: cursorSchema.optional().describe('Go on from here: a cursor, or `older` of an earlier search.'),
    }),
    events: {
      understood: z.object({ query: z.string(), hints: z.array(hintSchema) }),
      lines: z.object({ lines: z.array(lineSchema) }).describe('Newest first, also from event to event.'),
      progress: z
        .object({ searched_to: timeSchema })
        .describe('Nothing that matches is missing from there on.'),
      done: z.object({
        older: z
          .string()
          .nullable()
          .describe('`before` of the next search; null at the end of what is kept.'),
      }),
      problem: z.object({ id: z.string(), message: z.string() }).describe('The search failed in its midst.'),
    },
    async handle({ reader: { resource }, query: asked, request, signal }) {
      const { query: understood, bounded: search, hints } = readSearch(asked)
      const apps = await appNames(resource.number)
      const query = {
        resourceNumber: resource.number,
        search,
        apps,
        limit: PAGE_LINES,
        ...(asked.before === undefined ? {} : { before: asked.before }),
      }
      return streamEvents({ request, signal, streams }, async function* (signal) {
        let found = 0
        let older: string | null = null
        let isFirst = true
        for await (const page of walk(logs, query, signal)) {
          if (isFirst) yield formatEvent('understood', { query: print(understood), hints })
          isFirst = false
          if (page.lines.length > 0) {
            yield formatEvent('lines', { lines: page.lines.map((line) => lineToJson(line, apps)) })
          }
          const to = reached(page)
          if (to !== null) yield formatEvent('progress', { searched_to: to })
          found += page.lines.length
          older = found >= MAX_LINES ? page.older : null
          if (found >= MAX_LINES) break
        }
        yield formatEvent('done', { older })
      })
    },
  })
}
