// The body of a call by Heroku: bytes -> a value of the operation's schema. Liberal: any content type, or none, is read as
// JSON, and unknown fields are dropped (Dev Center: they must be accepted).
import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import { AppError } from '../errors.ts'

/** Heroku's bodies are about a kilobyte. */
export const BODY_LIMIT_BYTES = 65_536

/** Bodies of this scope arrive at the handlers as bytes. */
export function takeAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: BODY_LIMIT_BYTES },
    (_request, body, done) => {
      done(null, body)
    },
  )
}

/** @throws AppError malformed_request if it is not JSON, invalid_params if it does not fit the schema */
export function readJsonBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const read = schema.safeParse(parse(body))
  if (read.success) return read.data
  const reason = read.error.issues
    .map((issue) => `${issue.path.join('.') || 'the body'}: ${issue.message}`)
    .join('; ')
  throw new AppError('invalid_params', { reason })
}

function parse(body: unknown): unknown {
  if (!Buffer.isBuffer(body) || body.length === 0) {
    throw new AppError('malformed_request', { reason: 'it has no body' })
  }
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (error) {
    throw new AppError('malformed_request', { reason: 'its body is not JSON' }, { cause: error })
  }
}
