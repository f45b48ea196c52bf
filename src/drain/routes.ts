// POST /drains/:resource_id: where Logplex delivers. The order is the contract: admit by drain token, read as there is room,
// parse everything, commit once, answer 204.
//
// What an answer makes the sender do (heroku/logplex src/logplex_http_drain.erl): 2xx, done; 4xx, the batch is lost;
// 5xx, two more tries within milliseconds, then it is lost; no answer for 5 s, the same. So no error that may pass
// is answered early: a delivery is held for its commit, up to `holdMs`, and only then 503. Never a chunked answer
// (every later batch would come twice), a redirect, 409 or 429.
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import { drainTokens } from '../logplex/drain-token.ts'
import { deliveryCost } from '../logs/delivery-cost.ts'
import type { Admission, AdmittedDrain } from './admission.ts'
import type { ByteGate } from './byte-gate.ts'
import type { DrainCounters } from './counters.ts'
import { Entry } from './entry.ts'
import type { HeldDeliveries } from './held-deliveries.ts'
import { Hold } from './hold.ts'
import type { Newcomer, Newcomers } from './newcomers.ts'
import type { Pace } from './pacer.ts'
import { readBody } from './read-body.ts'
import type { ReceiptClock } from './receipt-clock.ts'
import type { ReceivedDelivery } from './spool/delivery-record.ts'
import type { Kept } from './store-or-spool.ts'
import { toDelivery } from './to-delivery.ts'

/** `application/x-logplex-1` is the older name; both come with or without parameters. */
const CONTENT_TYPES = ['application/logplex-1', 'application/x-logplex-1']
/** The slowest accepted sender. Logplex allows five seconds for the whole exchange and sends its body at once. */
const BODY_PACE: Pace = { timeoutMs: 10_000, graceMs: 2_000, everyMs: 1_000, leastBytes: 1_000 }

/** During an outage every delivery fails alike: one log line a second, the counters count all. */
const TELL_EVERY_MS = 1_000

export interface DrainParts {
  admission: Admission
  gate: ByteGate
  clock: ReceiptClock
  counters: DrainCounters
  /** Resolves when the delivery is durable, in the store or in the spool; see store-or-spool.ts. */
  file(delivery: ReceivedDelivery, hold: Hold): Promise<Kept>
  /** For unknown tokens; null without OAuth, when Heroku cannot be asked. */
  newcomers?: { admit: Newcomers['admit']; keep: HeldDeliveries['keep'] } | null
  bodyLimitBytes: number
  holdMs: number
  /** Identifies our own log endpoints: their lines must not flow into a resource again. */
  ownOrigin?: string
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Present from the onRequest hook on. */
    drainEntry: Entry | null
  }
}

export async function drainRoutes(app: FastifyInstance, parts: DrainParts): Promise<void> {
  app.decorateRequest('drainEntry', null)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(CONTENT_TYPES, (request: FastifyRequest, payload: IncomingMessage) =>
    readBody(payload, {
      encoding: request.headers['content-encoding'],
      limitBytes: parts.bodyLimitBytes,
      room: request.drainEntry as Entry,
      pace: BODY_PACE,
    }),
  )
  // Before the body is read, so that an unknown token costs no parsing.
  app.addHook('onRequest', async (request, reply) => {
    const startedAt = performance.now()
    if (parts.ownOrigin !== undefined && request.headers['culvert-origin'] === parts.ownOrigin)
      throw new AppError('drain_loop')
    const drain = await admit(request, parts)
    if ((announcedBytes(request) ?? 0) > parts.bodyLimitBytes)
      throw new AppError('body_too_large', { limit: parts.bodyLimitBytes })
    const hold = new Hold(parts.holdMs - (performance.now() - startedAt))
    const entry = new Entry(drain, parts.gate.open(drain.resourceNumber), hold)
    request.drainEntry = entry
    // Answered or cut off, perhaps already.
    if (reply.raw.closed) entry.leave()
    else reply.raw.once('close', () => entry.leave())
  })
  let toldAt = Number.NEGATIVE_INFINITY
  app.setErrorHandler((thrown, request, reply) => {
    const error = toAppError(thrown)
    parts.counters.refuse(error.code)
    if (error.status < 500) request.log.debug({ code: error.code }, 'delivery refused')
    else if (performance.now() - toldAt > TELL_EVERY_MS) {
      toldAt = performance.now()
      request.log.error({ err: thrown, code: error.code }, 'delivery not stored')
    }
    reply.code(error.status).type('text/plain; charset=utf-8').send(`${error.message}\n`)
  })

  app.post('/drains/:resource_id', { bodyLimit: parts.bodyLimitBytes }, async (request, reply) => {
    const entry = request.drainEntry as Entry
    entry.use()
    try {
      await take(request, entry, parts)
    } finally {
      entry.leave()
    }
    return reply.code(204).send()
  })
}

async function take(request: FastifyRequest, entry: Entry, parts: DrainParts): Promise<void> {
  const { drain, hold } = entry
  const isKnown = 'drainId' in drain
  const of = isKnown ? drain : { ...NO_DRAIN, resourceNumber: drain.resourceNumber }
  const body = (request.body as Buffer | undefined) ?? Buffer.alloc(0)
  const parsed = toDelivery(body, request.headers, of, parts)
  const delivery = parsed instanceof Promise ? await parsed : parsed
  if (delivery === null) return
  const room = entry.settle(deliveryCost(delivery))
  if (room) await room
  if (isKnown) parts.counters.kept(delivery, await parts.file(delivery, hold))
  else await parts.newcomers?.keep(drain, delivery, hold)
}

/** Placeholder until the drain is known. */
const NO_DRAIN = { drainId: 0, retentionDays: 0, dailyBytes: 0 }

async function admit(request: FastifyRequest, parts: DrainParts): Promise<AdmittedDrain | Newcomer> {
  const tokens = drainTokens(request.headers)
  try {
    return await parts.admission.admit(tokens)
  } catch (error) {
    const isUnknown = error instanceof AppError && error.code === 'drain_token_unknown'
    if (!isUnknown || !parts.newcomers) throw error
    const { resource_id: resourceId } = request.params as { resource_id: string }
    return parts.newcomers.admit(tokens, resourceId)
  }
}

/** Undefined for a chunked body, as log-shuttle sends. */
function announcedBytes({ headers }: FastifyRequest): number | undefined {
  const length = headers['content-length']
  return length === undefined ? undefined : Number(length)
}

/** Unexpected errors are 503: they may pass, and a 4xx would lose the batch. */
function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const code = (thrown as { code?: string }).code
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new AppError('unsupported_content_type')
  return new AppError('store_unavailable', {}, { cause: thrown })
}
