// POST /drains/:resource_id: where Logplex delivers. The order of things is the contract of this room:
// admit by drain token, wait for room, read, parse all of it, commit once, answer 204.
//
// What an answer makes the sender do (heroku/logplex src/logplex_http_drain.erl): 2xx, done; 4xx, the batch is lost;
// 5xx, two more tries within milliseconds, then it is lost; no answer for 5 s, the same. So nothing that might pass
// is answered early: a delivery is held for its commit, up to `holdMs`, and only then 503. Never a chunked answer
// (every later batch would come twice), a redirect, 409 or 429.
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import { drainTokens } from '../logplex/drain-token.ts'
import { parseFrames } from '../logplex/frame-parser.ts'
import type { Admission, AdmittedDrain } from './admission.ts'
import type { ByteGate } from './byte-gate.ts'
import type { DrainCounters } from './counters.ts'
import { frameKey } from './frame-key.ts'
import type { HeldDeliveries } from './held-deliveries.ts'
import { Hold } from './hold.ts'
import { findLosses } from './losses.ts'
import type { Newcomer, Newcomers } from './newcomers.ts'
import { readBody } from './read-body.ts'
import type { ReceiptClock } from './receipt-clock.ts'
import type { ReceivedDelivery } from './spool/delivery-record.ts'
import type { Kept } from './store-or-spool.ts'

/** `application/x-logplex-1` is the older name; both come with or without parameters. */
const CONTENT_TYPES = ['application/logplex-1', 'application/x-logplex-1']
/** A sender that takes longer for its body is cut off. Logplex itself gives the whole exchange five seconds. */
const BODY_TIMEOUT_MS = 10_000
/** Room taken for a body that does not say how long it is, as log-shuttle's chunked ones. */
const UNKNOWN_BODY_BYTES = 1_000_000

/** While the database is away every delivery fails alike: one line a second tells it, the counters count all. */
const TELL_EVERY_MS = 1_000

export interface DrainParts {
  admission: Admission
  gate: ByteGate
  clock: ReceiptClock
  counters: DrainCounters
  /** Resolves when the delivery is durable, in the store or in the spool; see store-or-spool.ts. */
  file(delivery: ReceivedDelivery, hold: Hold): Promise<Kept>
  /** For tokens that admission does not know; null where nobody could be asked about them. */
  newcomers?: { admit: Newcomers['admit']; keep: HeldDeliveries['keep'] } | null
  bodyLimitBytes: number
  holdMs: number
  /** What our own log endpoints say where they come from: a resource's lines must not flow into a resource again. */
  ownOrigin?: string
}

/** What a request has been let in with; present from the onRequest hook on. */
interface Entry {
  drain: AdmittedDrain | Newcomer
  heldBytes: number
  hold: Hold
}

declare module 'fastify' {
  interface FastifyRequest {
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
      timeoutMs: BODY_TIMEOUT_MS,
    }),
  )
  // Before the body is read: a token that is not known costs no parsing, and a full queue no memory.
  app.addHook('onRequest', async (request) => {
    const startedAt = performance.now()
    if (parts.ownOrigin !== undefined && request.headers['culvert-origin'] === parts.ownOrigin)
      throw new AppError('drain_loop')
    const drain = await admit(request, parts)
    const heldBytes = Number(request.headers['content-length'] ?? UNKNOWN_BODY_BYTES)
    if (heldBytes > parts.bodyLimitBytes)
      throw new AppError('body_too_large', { limit: parts.bodyLimitBytes })
    if (!(await parts.gate.enter(heldBytes, parts.holdMs))) throw new AppError('store_unavailable')
    const hold = new Hold(parts.holdMs - (performance.now() - startedAt))
    request.drainEntry = { drain, heldBytes, hold }
  })
  const release = async (request: FastifyRequest) => {
    if (request.drainEntry === null) return
    parts.gate.leave(request.drainEntry.heldBytes)
    request.drainEntry.hold.release()
    request.drainEntry = null
  }
  app.addHook('onResponse', release)
  app.addHook('onRequestAbort', release)
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
    const { drain, hold } = request.drainEntry as Entry
    if ('drainId' in drain) {
      const delivery = toDelivery(request, drain, parts)
      if (delivery) parts.counters.kept(delivery, await parts.file(delivery, hold))
    } else {
      const delivery = toDelivery(request, { ...NO_DRAIN, resourceNumber: drain.resourceNumber }, parts)
      if (delivery) await parts.newcomers?.keep(drain, delivery, hold)
    }
    return reply.code(204).send()
  })
}

/** In place of what is only known once the drain is. */
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

/** Null where the body holds no line: an empty probe is welcome and leaves nothing behind. */
function toDelivery(
  request: FastifyRequest,
  drain: AdmittedDrain,
  parts: DrainParts,
): ReceivedDelivery | null {
  const body = (request.body as Buffer | undefined) ?? Buffer.alloc(0)
  const frameId = header(request, 'logplex-frame-id')
  const userAgent = header(request, 'user-agent') ?? ''
  // No frame id: not a Logplex. log-shuttle says so in its name as well.
  const structuredData = frameId === undefined || userAgent.startsWith('log-shuttle/')
  const { lines, malformed } = parseFrames(body, { structuredData })
  parts.counters.malformedFrames += malformed
  const announced = Number(header(request, 'logplex-msg-count') ?? lines.length)
  if (announced !== lines.length) parts.counters.countMismatches++
  if (lines.length === 0) return null
  return {
    ...drain,
    losses: findLosses(body, lines, announced),
    frameKey: frameKey(frameId, header(request, 'x-request-id')),
    receivedAtMicros: parts.clock.claim(lines.length),
    structuredData,
    body,
    lines,
  }
}

/** Anything unforeseen is 503: it may pass, and a 4xx would be the end of the batch. */
function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const code = (thrown as { code?: string }).code
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new AppError('unsupported_content_type')
  return new AppError('store_unavailable', {}, { cause: thrown })
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
