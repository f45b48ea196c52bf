// What surrounds every request that is not a delivery: security headers, limits on guessing, one line in the log and
// one figure. Deliveries stay outside: Logplex reads no headers, and a 429 would cost it the batch.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { countWrongCredentials } from '../access/wrong-credential.ts'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { Metrics } from './metrics.ts'
import { RateLimit } from './rate-limit.ts'

export interface GuardParts {
  config: Pick<Config, 'publicUrl' | 'limits'>
  metrics: Pick<Metrics, 'request'>
  now(): number
}

const HSTS = 'max-age=31536000'
/**
 * For whatever sets nothing of its own; pages bring a policy that lets in their style sheet. Nothing of ours is to be
 * framed, embedded or sniffed, and no address of ours is to be told to others: it names a resource.
 */
const SECURITY_HEADERS: Record<string, string> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}
/** Asked every few seconds by machines. */
const QUIET = new Set(['/healthz', '/readyz', '/metrics'])

/** For all routes of this scope, and for what no route answers if the scope has the not-found handler. */
export function guard(app: FastifyInstance, { config, metrics, now }: GuardParts): void {
  const headers = config.publicUrl.startsWith('https:')
    ? { ...SECURITY_HEADERS, 'strict-transport-security': HSTS }
    : SECURITY_HEADERS
  const signIns = new RateLimit(config.limits.signInsPerMinute, now)
  const failedLogins = new RateLimit(config.limits.failedLoginsPerMinute, now)
  // Counted apart, so that each caller is answered for its own failures.
  const failedTokens = new RateLimit(config.limits.failedLoginsPerMinute, now)
  const failedWebhooks = new RateLimit(config.limits.failedLoginsPerMinute, now)
  const limitOf = (request: FastifyRequest): RateLimit | undefined => {
    if (isWebhook(request)) return failedWebhooks
    if (takesCredentials(request)) return failedLogins
    if (bringsToken(request)) return failedTokens
    return isSignIn(request) ? signIns : undefined
  }

  /** Counts one, where there are not too many yet. */
  const excessOf = (request: FastifyRequest): AppError | null => {
    const limit = limitOf(request)
    const seconds = limit?.secondsToWait(request.ip) ?? 0
    if (seconds > 0) return new AppError('too_many_requests', { seconds })
    limit?.count(request.ip)
    return null
  }

  countWrongCredentials(app, (request, refusal) => excessOf(request) ?? refusal)
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers)
    // Each is counted, the right ones too: it makes a session.
    const excess = isSignIn(request) ? excessOf(request) : null
    if (excess) throw excess
  })

  app.addHook('onSend', async (request, reply) => {
    const seconds = reply.statusCode === 429 ? (limitOf(request)?.secondsToWait(request.ip) ?? 0) : 0
    if (seconds > 0) reply.header('retry-after', String(seconds)).removeHeader('www-authenticate')
  })

  app.addHook('onResponse', async (request, reply) => {
    const { method } = request
    const status = reply.statusCode
    const ms = Math.round(reply.elapsedTime)
    // The pattern, never the address that was asked for: that may hold a secret, and there is no end to them.
    const route = request.is404 ? undefined : request.routeOptions.url
    if (route === undefined) {
      metrics.request({ method: 'any', route: 'none', status }, reply.elapsedTime / 1000)
      request.log.debug({ status, ms }, 'no such route')
      return
    }
    metrics.request({ method, route, status }, reply.elapsedTime / 1000)
    request.log[QUIET.has(route) ? 'debug' : 'info']({ method, route, status, ms }, 'request')
  })
}

function isSignIn(request: FastifyRequest): boolean {
  return request.method === 'POST' && request.routeOptions.url === '/sso/login'
}

function isWebhook(request: FastifyRequest): boolean {
  return request.routeOptions.url?.startsWith('/heroku/webhooks/') ?? false
}

function takesCredentials(request: FastifyRequest): boolean {
  const url = request.routeOptions.url ?? ''
  return url.startsWith('/heroku/') || url === '/metrics'
}

/** An API token. A browser's session is no guess: it is looked up and not counted. */
function bringsToken(request: FastifyRequest): boolean {
  const { authorization, 'fastly-key': fastlyKey } = request.headers
  return /^Bearer /i.test(authorization ?? '') || fastlyKey !== undefined
}
