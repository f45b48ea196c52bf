// One operation of the JSON API as data: where it is, what it takes, what it answers, and what it does. Routes and
// OpenAPI are made of the same schemas, so that neither can say what the other does not do.
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Reader, readerOf } from '../access/session.ts'
import { AppError, type ErrorCode } from '../errors.ts'

/**
 * An answer that is sent as it is: one of `events` or `others`. Told from JSON by its class. A handler is not given
 * Fastify's reply, which is a thenable: `await` on a function that returns one waits for the response and resolves with
 * nothing, and what then sends, sends twice.
 */
export class RawAnswer {
  readonly type: string
  readonly body: Readable | Buffer | string
  readonly headers: Record<string, string>

  constructor(type: string, body: Readable | Buffer | string, headers: Record<string, string> = {}) {
    this.type = type
    this.body = body
    this.headers = headers
  }
}

/** What a handler is given: everything checked. */
export interface Call<Params, Query, Body> {
  reader: Reader
  params: Params
  query: Query
  body: Body
  /** Aborted as soon as the client has left; that of Fastify's request is so once its body is read. */
  signal: AbortSignal
  request: FastifyRequest
}

interface Definition<
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType,
  Answer extends z.ZodType,
> {
  /** OpenAPI's operationId, in camelCase. */
  name: string
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Behind /resources/:id; `/alerts/:alert_id` takes parameters. */
  path: `/${string}`
  /** A few words. */
  summary: string
  description?: string
  /** Without `id`, which is the resource's and checked. */
  params?: Params
  query?: Query
  body?: Body
  /** Of an answer that went well; 200 unless said otherwise, and 204 without `answer`. */
  status?: number
  /** The answer as JSON. */
  answer?: Answer
  /** The answer as server-sent events: name -> its data. */
  events?: Record<string, z.ZodType>
  /** Other forms: media type -> what it is. */
  others?: Record<string, string>
  /** Which of the catalogue's errors it may answer, beside those of a sign-in and of bad input. */
  errors?: readonly ErrorCode[]
  /** An API token may not do this. */
  sessionOnly?: boolean
  /** Nothing where there is no `answer`. */
  handle(call: Call<z.output<Params>, z.output<Query>, z.output<Body>>): Promise<z.input<Answer> | RawAnswer>
}

/** An operation whatever it takes. */
export interface Operation
  extends Omit<Definition<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType>, 'handle'> {
  status: number
  serve(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>
}

const NOTHING = z.object({})

export function operation<
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType,
  Answer extends z.ZodType,
>(definition: Definition<Params, Query, Body, Answer>): Operation {
  const { handle, ...rest } = definition
  const forms = [rest.answer, rest.events, rest.others].filter((form) => form !== undefined).length
  const status = rest.status ?? (forms === 0 ? 204 : 200)
  return {
    ...rest,
    status,
    async serve(request, reply) {
      const reader = readerOf(request)
      if (rest.sessionOnly && reader.session === null) throw new AppError('session_only')
      const call = {
        reader,
        params: check(rest.params ?? NOTHING, request.params) as z.output<Params>,
        query: check(rest.query ?? NOTHING, request.query) as z.output<Query>,
        body: (rest.body ? check(rest.body, request.body) : undefined) as z.output<Body>,
        signal: whileConnected(reply),
        request,
      }
      const answer = await handle(call)
      reply.code(status)
      if (forms > 1) reply.header('vary', 'accept')
      if (!(answer instanceof RawAnswer)) return reply.send(answer)
      if (answer.body instanceof Readable) endWith(answer.body, reply)
      return reply.headers(answer.headers).type(answer.type).send(answer.body)
    },
  }
}

/**
 * A stream that was destroyed when its last piece was still on its way counts as ended for Fastify, but never emits the
 * 'end' that its pipe ends the response with: that would stay open for as long as its client reads nothing.
 */
function endWith(body: Readable, reply: FastifyReply): void {
  body.once('close', () => {
    if (!body.readableEnded) reply.raw.destroy()
  })
}

function whileConnected(reply: FastifyReply): AbortSignal {
  const leaving = new AbortController()
  reply.raw.once('close', () => leaving.abort(new Error('the reader left')))
  return leaving.signal
}

/** The routes of a scope that `requireReader` guards. */
export function serveOperations(app: FastifyInstance, operations: readonly Operation[]): void {
  for (const one of operations) {
    app.route({
      method: one.method,
      url: `/resources/:id${one.path}`,
      // Fastify answers HEAD by running GET and throwing the body away, which for a tail has no end.
      exposeHeadRoute: one.method === 'GET' && one.events === undefined && one.others === undefined,
      handler: one.serve,
    })
  }
}

/** @throws AppError invalid_params */
export function check<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const reason = read.error.issues
    .map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': '))
    .join('; ')
  throw new AppError('invalid_params', { reason })
}
