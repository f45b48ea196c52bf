// GET /resources/:id/lines: the lines for programs. As JSON, or as the very frames that came in, which is how to take
// logs out again without losing a byte.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { LogLine } from '../logs/line.ts'
import type { LinePage, LogStore } from '../logs/log-store.ts'
import { print } from '../logs/query/query.ts'
import type { Apps } from '../logs/query/searched-line.ts'
import { readLineQuery } from './line-query.ts'
import { readerOf } from './session.ts'

/** Drain id -> name of the app whose lines come through it, where that is known. */
export type AppNames = (resourceNumber: number) => Promise<Apps>

export interface ReadLinesParts {
  logs: Pick<LogStore, 'read'>
  appNames: AppNames
}

export function readLines({ logs, appNames }: ReadLinesParts) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const { resource } = readerOf(request)
    const { query, hints } = readLineQuery(request.query)
    // By the drain, not in the log table: an app's name may change, and then does so for its older lines as well.
    const apps = await appNames(resource.number)
    const page = await logs.read({ ...query, apps, resourceNumber: resource.number, signal: request.signal })
    reply.header('vary', 'accept')
    if (request.headers.accept?.includes('application/logplex-1')) {
      return reply
        .headers(pageLinks(request.url, page))
        .type('application/logplex-1')
        .send(frames(page.lines))
    }
    return reply.send({
      lines: page.lines.map((line) => lineToJson(line, apps.get(line.drainId) ?? null)),
      older: page.older,
      newer: page.newer,
      searched_to: page.searchedTo,
      query: print(query.search),
      hints,
    })
  }
}

function lineToJson(line: LogLine, app: string | null): object {
  return {
    cursor: line.cursor,
    sent_at: line.sentAt,
    received_at: line.receivedAt,
    drain_id: line.drainId,
    app,
    priority: line.priority,
    source: line.source,
    process: line.process,
    message: line.message,
  }
}

/** Octet-counted and oldest first, as a drain would deliver them. */
function frames(newestFirst: readonly LogLine[]): Buffer {
  return Buffer.concat(
    newestFirst.toReversed().flatMap(({ frame }) => [Buffer.from(`${frame.length} `), Buffer.from(frame)]),
  )
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
