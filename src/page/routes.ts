// What a signed-in person or a program with a token reads, the style sheet, and the description of the API.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { requireReader } from '../access/session.ts'
import type { SessionStore } from '../access/session-store.ts'
import { OpenStreams } from '../api/live/event-stream.ts'
import type { TailCounters } from '../api/live/tail-counters.ts'
import { TailRooms } from '../api/live/tail-rooms.ts'
import { describeApi } from '../api/openapi.ts'
import { serveOperations } from '../api/operation.ts'
import { type ApiParts, apiOperations } from '../api/operations.ts'
import type { Config } from '../config.ts'
import { isTransient } from '../database/sqlstate.ts'
import { toAppError } from '../errors.ts'
import type { LogStore } from '../logs/log-store.ts'
import type { LogTail } from '../logs/log-tail.ts'
import { assetRoutes } from './assets.ts'
import { showEndpoints } from './endpoints-page.ts'
import { createErrorPages } from './error-page.ts'
import { showOverview } from './overview-page.ts'
import { showPage } from './page.ts'
import { rememberReturnPath } from './return-path.ts'
import type { DailyBytesOf } from './usage.ts'

export interface ViewerParts extends Omit<ApiParts, 'rooms' | 'streams' | 'now'> {
  config: Pick<Config, 'sso' | 'publicUrl' | 'brand'> & ApiParts['config']
  sessions: SessionStore
  logs: Pick<LogStore, 'usage' | 'gaps'> & ApiParts['logs']
  dailyBytesOf: DailyBytesOf
  retentionDaysOf(plan: string): number
  tail: LogTail
  counters: TailCounters
  now?: () => Date
}

/** Counts up when a program that relied on it would have to change. */
const API_VERSION = '1'

export async function viewerRoutes(app: FastifyInstance, parts: ViewerParts): Promise<void> {
  const { appNames, counters } = parts
  const now = parts.now ?? (() => new Date())
  const timed = { ...parts, now }
  const streams = new OpenStreams()
  const gaps = parts.logs.gaps.bind(parts.logs)
  const rooms = new TailRooms({ gaps, appNames, counters, log: app.log, now })
  const operations = apiOperations({ ...timed, rooms, streams })
  // Before the server waits for its connections, which would stay open for as long as somebody reads.
  app.addHook('preClose', async () => streams.endAll())
  assetRoutes(app)
  const renderErrorPage = createErrorPages(parts.config.brand)
  const { publicUrl } = parts.config
  const description = JSON.stringify(describeApi(operations, { publicUrl, version: API_VERSION }), null, 2)
  app.get('/openapi.json', (_request, reply) =>
    reply
      .type('application/json; charset=utf-8')
      .header('cache-control', 'public, max-age=300')
      .send(description),
  )

  await app.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => {
      // The reader left, which ended the search. Nobody reads this answer.
      const hasLeft = reply.raw.destroyed || (request.method === 'GET' && request.signal.aborted)
      if (hasLeft) return reply.code(499).send()
      const told = toAppError(error, isTransient(error) ? 'unavailable' : 'internal')
      // Thrown as an AppError, it is an answer and no fault: too many tails, or the service ends.
      if (told.status >= 500 && told !== error) request.log.error({ err: error }, 'reading failed')
      if (!wantsPage(request)) {
        return reply.code(told.status).send({ id: told.code, message: told.message })
      }
      if (told.code === 'session_required') rememberReturnPath(request, reply, parts.config.publicUrl)
      const { status, headers, body } = renderErrorPage(told)
      return reply.code(status).headers(headers).send(body)
    })
    // Nothing but JSON is read here.
    scope.removeContentTypeParser('text/plain')
    // For JSON, frames and errors as for pages: logs are nobody else's to keep.
    scope.addHook('onSend', async (_request, reply) => {
      reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    })
    requireReader(scope, timed)
    const pages = { ...timed, brand: parts.config.brand, navHeader: parts.config.sso.navHeader }
    scope.get('/resources/:id', showPage(pages))
    scope.get('/resources/:id/overview', showOverview(pages))
    scope.get('/resources/:id/endpoints', showEndpoints(pages))
    serveOperations(scope, operations)
  })
}

/** A browser says text/html. Who says nothing of it wants what the route is for. */
function wantsPage(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? ''
  if (accept.includes('text/html')) return true
  return request.routeOptions.url === '/resources/:id' && !accept.includes('json')
}
