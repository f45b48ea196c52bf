// Fastly's API on our server: who calls, what is read, how it is answered. What each operation does stands beside this.
//
// Clients of all kinds come here (src/README.md names where their requests were recorded), so reading is liberal: a
// body may be a form, JSON or nothing whatever it says it is; names in a path are decoded once, after it was split.
import { STATUS_CODES } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { wrongCredential } from '../../access/wrong-credential.ts'
import { isTransient } from '../../database/sqlstate.ts'
import { toAppError } from '../../errors.ts'
import { badRequest, FastlyError, notFound, unauthorized } from '../fastly-error.ts'
import { encode } from './answers.ts'
import type { Caller, Operation } from './call.ts'
import { readFields } from './fields.ts'
import { WriteBudget } from './write-budget.ts'

export interface FastlyApiParts {
  operations: readonly Operation[]
  /** Whose API token this is; null where it is nobody's. */
  findCaller(token: string): Promise<Caller | null>
  /** Milliseconds since 1970. */
  now(): number
}

const CALLER = 'fastlyCaller'
/** A format may have 12,288 characters, and each may take nine in a form. */
const BODY_LIMIT_BYTES = 200_000

export async function fastlyApiRoutes(app: FastifyInstance, parts: FastlyApiParts): Promise<void> {
  const budget = new WriteBudget(parts.now)
  app.decorateRequest(CALLER)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: BODY_LIMIT_BYTES },
    (_request, body, done) => {
      done(null, body)
    },
  )

  app.addHook('onRequest', async (request, reply) => {
    const { 'fastly-key': key } = request.headers
    const caller = typeof key === 'string' && key !== '' ? await parts.findCaller(key) : null
    if (caller === null) {
      reply.header('retry-after', '0')
      throw wrongCredential(request, unauthorized())
    }
    request.setDecorator<Caller>(CALLER, caller)
    if (request.method === 'GET' || request.method === 'HEAD') return
    const { isLeft, remaining, resetAt } = budget.spend(caller.resourceId)
    reply.header('fastly-ratelimit-remaining', String(remaining))
    reply.header('fastly-ratelimit-reset', String(resetAt))
    if (!isLeft) throw new FastlyError(429, 'Too many requests')
  })

  app.addHook('onSend', async (_request, reply) => {
    const status = reply.statusCode
    reply.headers({
      'cache-control': 'no-store',
      pragma: 'no-cache',
      status: `${status} ${STATUS_CODES[status] ?? ''}`,
    })
  })

  app.setErrorHandler((error, request, reply) => {
    const told = asFastlyError(error)
    if (told.status >= 500) request.log.error({ err: error }, 'a call of the logging API failed')
    const { msg, detail } = told
    return reply
      .code(told.status)
      .header('content-type', 'application/json')
      .send(encode(detail === undefined ? { msg } : { msg, detail }))
  })

  for (const { method, path, answer } of parts.operations) {
    app.route({
      method,
      url: path,
      async handler(request, reply) {
        const answered = await answer({
          caller: request.getDecorator<Caller>(CALLER),
          params: request.params as Record<string, string>,
          query: request.query as Record<string, unknown>,
          fields: readFields(request.headers['content-type'], request.body),
          ip: request.ip,
          userAgent: userAgentOf(request),
        })
        return reply.header('content-type', 'application/json').send(encode(answered))
      },
    })
  }
  // What Fastly has beside these, and what is switched off.
  app.all('/service/*', async () => {
    throw notFound()
  })
}

function userAgentOf(request: FastifyRequest): string {
  return (request.headers['user-agent'] ?? '').slice(0, 200)
}

function asFastlyError(error: unknown): FastlyError {
  if (error instanceof FastlyError) return error
  if (isTransient(error)) return new FastlyError(503, 'Service unavailable')
  const { status, code } = toAppError(error)
  if (code === 'too_many_requests') return new FastlyError(429, 'Too many requests')
  if ((error as { code?: unknown }).code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return badRequest(`the body is larger than ${BODY_LIMIT_BYTES} bytes`)
  }
  return status < 500
    ? badRequest('the request is not in order')
    : new FastlyError(500, 'Internal server error')
}
