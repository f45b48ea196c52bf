// The whole HTTP surface as one function of its parts. Does not listen, opens nothing, ends nothing.
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { type DrainParts, drainRoutes } from './drain/routes.ts'
import { AppError } from './errors.ts'
import { type PartnerParts, partnerRoutes, type RenderErrorPage } from './partner/routes.ts'
import { type ViewerParts, viewerRoutes } from './viewer/routes.ts'

export interface ServerParts {
  log: FastifyBaseLogger
  partner: PartnerParts
  drain: DrainParts
  viewer: ViewerParts
  renderErrorPage: RenderErrorPage
}

/**
 * Longer than Logplex keeps an idle connection (144 s and some): a connection that we close first costs the sender
 * one of its three tries (heroku/logplex src/logplex_http_drain.erl). Node's own 5 s would do that all the time.
 */
const KEEP_ALIVE_TIMEOUT_MS = 310_000
/** For the head of a request and for all of it: what a slow-loris gets. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
const IDLE_SWEEP_MS = 50
/** Of any route that does not set its own; the drain does. */
const BODY_LIMIT_BYTES = 100_000

export function buildServer(parts: ServerParts): FastifyInstance {
  const app = Fastify({
    loggerInstance: parts.log,
    // A line for each delivery would be more log than the deliveries hold; the other rooms log what matters.
    logController: new LogController({ disableRequestLogging: true }),
    // Heroku's router names each request; its name in our log joins the two.
    requestIdHeader: 'x-request-id',
    bodyLimit: BODY_LIMIT_BYTES,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS },
    // While closing, what still arrives on open connections is served: a 503 would cost Logplex a try.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
  })

  closeConnectionsAsTheyFallIdle(app)

  app.get('/healthz', async () => ({ status: 'ok' }))
  app.register(partnerRoutes, parts.partner)
  app.register(drainRoutes, parts.drain)
  app.register(viewerRoutes, parts.viewer)

  app.setNotFoundHandler((request, reply) => {
    const error = new AppError('not_found')
    if (!request.headers.accept?.includes('text/html')) {
      return reply.code(error.status).send({ id: error.code, message: error.message })
    }
    const page = parts.renderErrorPage(error)
    return reply.code(page.status).headers(page.headers).send(page.body)
  })
  return app
}

/**
 * Closing ends the connections that are idle at that moment. One whose answer is still under way falls idle later,
 * and a Logplex would keep it open for minutes: it is ended then.
 */
function closeConnectionsAsTheyFallIdle(app: FastifyInstance): void {
  let sweep: NodeJS.Timeout
  app.addHook('preClose', async () => {
    sweep = setInterval(() => app.server.closeIdleConnections(), IDLE_SWEEP_MS)
  })
  app.addHook('onClose', async () => clearInterval(sweep))
}
