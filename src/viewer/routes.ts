// What a signed-in person or program reads, and the style sheet.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { isTransient } from '../database/sqlstate.ts'
import { AppError } from '../errors.ts'
import type { LogStore } from '../logs/log-store.ts'
import { renderErrorPage } from './error-page.ts'
import { type AppNames, readLines } from './lines.ts'
import { showPage } from './page.ts'
import { type FindResource, requireSession } from './session.ts'
import type { SessionStore } from './session-store.ts'
import { STYLE, STYLE_PATH } from './style.ts'
import { type DailyBytesOf, showUsage } from './usage.ts'

export interface ViewerParts {
  config: Pick<Config, 'sso'>
  sessions: SessionStore
  logs: Pick<LogStore, 'read' | 'usage' | 'gaps'>
  dailyBytesOf: DailyBytesOf
  appNames: AppNames
  findResource: FindResource
  now?: () => Date
}

export async function viewerRoutes(app: FastifyInstance, parts: ViewerParts): Promise<void> {
  app.get(STYLE_PATH, (_request, reply) =>
    reply
      .type('text/css; charset=utf-8')
      .header('cache-control', 'public, max-age=31536000, immutable')
      .header('x-content-type-options', 'nosniff')
      .send(STYLE),
  )

  await app.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => {
      // The reader left, which ended the search. Nobody reads this answer.
      if (request.signal.aborted) return reply.code(499).send()
      const told = asAppError(error)
      if (told.status >= 500) request.log.error({ err: error }, 'reading failed')
      if (!wantsPage(request)) {
        return reply.code(told.status).send({ id: told.code, message: told.message })
      }
      const { status, headers, body } = renderErrorPage(told)
      return reply.code(status).headers(headers).send(body)
    })
    // For JSON, frames and errors as for pages: logs are nobody else's to keep.
    scope.addHook('onSend', async (_request, reply) => {
      reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    })
    const timed = { ...parts, now: parts.now ?? (() => new Date()) }
    requireSession(scope, timed)
    scope.get('/resources/:id', showPage({ ...timed, navHeader: parts.config.sso.navHeader }))
    scope.get('/resources/:id/usage', showUsage(timed))
    scope.get('/resources/:id/lines', readLines(parts))
  })
}

/** A browser says text/html. Who says nothing of it wants what the route is for. */
function wantsPage(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? ''
  if (accept.includes('text/html')) return true
  return request.routeOptions.url === '/resources/:id' && !accept.includes('json')
}

function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  return new AppError(isTransient(error) ? 'unavailable' : 'internal', {}, { cause: error })
}
