// What is thrown while Heroku calls us -> the catalogue's error, and how Heroku is told: `{id, message}`.
// Of a 422 and a 503 it shows the message to the customer (Dev Center: add-on provider API).
import { isTransient } from '../database/sqlstate.ts'
import { AppError } from '../errors.ts'
import { BODY_LIMIT_BYTES } from './json-body.ts'

export interface PartnerAnswer {
  status: number
  body: { id: string; message: string }
}

export function renderPartnerError(error: unknown): PartnerAnswer {
  const told = asAppError(error)
  return { status: told.status, body: { id: told.code, message: told.message } }
}

/** Fastify's own refusals come from before our handlers: a bad header, a body too large or cut off. */
export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new AppError('body_too_large', { limit: BODY_LIMIT_BYTES })
  if (statusCode === 401) return new AppError('unauthorized')
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new AppError(
      'malformed_request',
      { reason: 'its headers or body are not in order' },
      { cause: error },
    )
  }
  if (isTransient(error)) return new AppError('unavailable', {}, { cause: error })
  return new AppError('internal', {}, { cause: error })
}
