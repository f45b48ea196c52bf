// The whole HTTP surface as one function of its parts. Does not listen, opens nothing, ends nothing.
import { createServer, type ServerOptions } from 'node:http'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { type DrainParts, drainRoutes } from './drain/routes.ts'
import { type FastlyApiParts, fastlyApiRoutes } from './endpoints/api/routes.ts'
import { AppError, toAppError } from './errors.ts'
import { guard } from './operations/guard.ts'
import { type ConnectionCounters, oneAtATime } from './operations/one-at-a-time.ts'
import { requestId } from './operations/request-id.ts'
import { type OperationsParts, operationsRoutes } from './operations/routes.ts'
import { type ViewerParts, viewerRoutes } from './page/routes.ts'
import { type PartnerParts, partnerRoutes, type RenderErrorPage } from './partner/routes.ts'

export interface ServerParts {
  log: FastifyBaseLogger
  operations: OperationsParts
  partner: PartnerParts
  drain: DrainParts
  viewer: ViewerParts
  fastlyApi: FastlyApiParts
  connectionCounters: ConnectionCounters
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
/** Node looks every 30 s otherwise, and both of the above come true half a minute late. */
const TIMEOUT_CHECK_MS = 2_000
const IDLE_SWEEP_MS = 50
/** What is still unanswered or unread by then is cut off: Logplex gives a delivery up after 5 s. */
const LAST_ANSWERS_MS = 8_000
/** All headers of a request together; more is answered 431. Heroku's router passes some 8 KB and adds a few of its own. */
const HEADERS_LIMIT_BYTES = 16_384
/** Node drops what is above it. */
const HEADERS_LIMIT_COUNT = 200
/** Of any route that does not set its own; the drain does. */
const BODY_LIMIT_BYTES = 100_000

const SERVER_OPTIONS: ServerOptions = {
  keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  headersTimeout: HEADERS_TIMEOUT_MS,
  connectionsCheckingInterval: TIMEOUT_CHECK_MS,
  maxHeaderSize: HEADERS_LIMIT_BYTES,
}

const MAX_PARAM_CHARACTERS = 3_000

export function buildServer(parts: ServerParts): FastifyInstance {
  const app = Fastify({
    loggerInstance: parts.log,
    // A line for each delivery would be more log than the deliveries hold; the other rooms log what matters.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestId,
    // The client is the address that the last of our proxies saw; anyone can forge what precedes it in X-Forwarded-For.
    trustProxy: (_address, hop) => hop < parts.operations.config.proxyHops,
    bodyLimit: BODY_LIMIT_BYTES,
    // Of names in a path, as they are written there: a log endpoint's name may have 255 characters of any kind.
    routerOptions: { maxParamLength: MAX_PARAM_CHARACTERS },
    serverFactory: (handle) => createServer(SERVER_OPTIONS, oneAtATime(handle, parts.connectionCounters)),
    // While closing, what still arrives on open connections is served: a 503 would cost Logplex a try.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
  })

  app.server.maxHeadersCount = HEADERS_LIMIT_COUNT
  closeConnectionsAsTheyFallIdle(app)

  app.register(async (deliveries) => {
    const { deliverySeconds } = parts.operations.metrics
    deliveries.addHook('onResponse', (_request, reply, done) => {
      deliverySeconds.record(reply.elapsedTime / 1000)
      done()
    })
    await deliveries.register(drainRoutes, parts.drain)
  })
  app.register(async (others) => {
    guard(others, { ...parts.operations, now: Date.now })
    others.register(operationsRoutes, parts.operations)
    others.register(partnerRoutes, parts.partner)
    others.register(viewerRoutes, parts.viewer)
    others.register(fastlyApiRoutes, parts.fastlyApi)
    // Before a body is read: an unknown route needs none.
    others.addHook('onRequest', async (request) => {
      if (request.is404) throw new AppError('not_found')
    })
    others.setNotFoundHandler((_request, reply) => reply.send(new AppError('not_found')))
    others.setErrorHandler((error, request, reply) => {
      answer(toAppError(error), request, reply, parts.renderErrorPage)
    })
  })
  return app
}

function answer(
  error: AppError,
  request: FastifyRequest,
  reply: FastifyReply,
  render: RenderErrorPage,
): void {
  if (!request.headers.accept?.includes('text/html')) {
    reply.code(error.status).send({ id: error.code, message: error.message })
    return
  }
  const page = render(error)
  reply.code(page.status).headers(page.headers).send(page.body)
}

/**
 * Closing ends the connections that are idle at that moment. One whose answer is still under way falls idle later,
 * and a Logplex would keep it open for minutes: it is ended then. A client that does not read its answer may keep it
 * open for ever: it has a time limit.
 */
function closeConnectionsAsTheyFallIdle(app: FastifyInstance): void {
  let sweep: NodeJS.Timeout
  let cutOff: NodeJS.Timeout
  app.addHook('preClose', async () => {
    sweep = setInterval(() => app.server.closeIdleConnections(), IDLE_SWEEP_MS)
    cutOff = setTimeout(() => app.server.closeAllConnections(), LAST_ANSWERS_MS)
  })
  app.addHook('onClose', async () => {
    clearInterval(sweep)
    clearTimeout(cutOff)
  })
}
