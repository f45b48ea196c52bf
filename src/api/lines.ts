// GET …/lines: the lines for programs. As JSON, or as the very frames that came in, which is how to take logs out
// again without losing a byte.
import { z } from 'zod'
import type { LogLine } from '../logplex/framed-line.ts'
import type { LinePage, LogStore } from '../logs/log-store.ts'
import { print } from '../query/query.ts'
import { type AppNames, hintSchema, lineSchema, lineToJson, timeSchema } from './line.ts'
import { lineQuerySchema, toLineQuery } from './line-query.ts'
import { type Operation, operation, RawAnswer } from './operation.ts'

export interface ReadLinesParts {
  logs: Pick<LogStore, 'read'>
  appNames: AppNames
}

export function readLines({ logs, appNames }: ReadLinesParts): Operation {
  return operation({
    name: 'readLines',
    method: 'GET',
    path: '/lines',
    summary: 'A page of lines, newest first',
    description:
      'Looks back for a second or so and answers with what it has found by then: `searched_to` says how far it came.',
    query: lineQuerySchema,
    answer: z.object({
      lines: z.array(lineSchema).describe('Newest first.'),
      older: z.string().nullable().describe('Goes on as `before`; null at the end of what is kept.'),
      newer: z.string().nullable().describe('Goes on as `after`.'),
      searched_to: timeSchema
        .nullable()
        .describe('Where the search paused before the page was full; null where it did not.'),
      query: z.string().describe('The search as it was understood.'),
      hints: z.array(hintSchema),
    }),
    others: {
      'application/logplex-1':
        'The frames as they came in, octet-counted and oldest first. The pages beside are in the Link header.',
    },
    async handle({ reader: { resource }, query: asked, request, signal }) {
      const { query, understood, hints } = toLineQuery(asked)
      // By the drain, not in the log table: an app's name may change, and then does so for its older lines as well.
      const apps = await appNames(resource.number)
      const page = await logs.read({
        ...query,
        apps,
        resourceNumber: resource.number,
        signal,
      })
      if (request.headers.accept?.includes('application/logplex-1'))
        return new RawAnswer('application/logplex-1', frames(page.lines), pageLinks(request.url, page))
      return {
        lines: page.lines.map((line) => lineToJson(line, apps)),
        older: page.older,
        newer: page.newer,
        searched_to: page.searchedTo,
        query: print(understood),
        hints: [...hints],
      }
    },
  })
}

/** Octet-counted and oldest first, as a drain would deliver them. */
function frames(newestFirst: readonly LogLine[]): Buffer {
  return Buffer.concat(newestFirst.toReversed().flatMap(counted))
}

/** A frame with its octet count (RFC 6587 §3.4.1). */
export function counted({ frame }: Pick<LogLine, 'frame'>): Buffer[] {
  return [Buffer.from(`${frame.length} `), Buffer.from(frame)]
}

/** Frames leave no room for cursors, so the neighbouring pages are in the Link header (RFC 8288). */
function pageLinks(url: string, { older, newer }: LinePage): Record<string, string> {
  const links = [
    older === null ? null : `<${withCursor(url, 'before', older)}>; rel="prev"`,
    newer === null ? null : `<${withCursor(url, 'after', newer)}>; rel="next"`,
  ].filter((link) => link !== null)
  return links.length === 0 ? {} : { link: links.join(', ') }
}

function withCursor(url: string, name: 'before' | 'after', cursor: string): string {
  const [path, query] = url.split('?', 2)
  const parameters = new URLSearchParams(query)
  parameters.delete('before')
  parameters.delete('after')
  parameters.set(name, cursor)
  return `${path}?${parameters}`
}
