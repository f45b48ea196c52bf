// The catalogue of what can go wrong for a caller: code -> status and the sentence the caller is shown.
// Partner routes, page routes and the drain each render it in their own shape; the sentences stand only here.

/** Values named in a public message. Never a secret: messages reach customers and logs. */
export type ErrorDetails = Record<string, string | number>

interface CatalogueEntry {
  status: number
  message: (details: ErrorDetails) => string
}

const CATALOGUE = {
  // Heroku calls us. For 422 and 503 Heroku shows the message to the customer (Dev Center: add-on provider API).
  unauthorized: {
    status: 401,
    message: () => 'Use HTTP Basic with the add-on id and the password of its manifest.',
  },
  webhook_refused: { status: 401, message: () => 'This webhook is not signed as agreed.' },
  malformed_request: { status: 400, message: (d) => `This request could not be read: ${d.reason}.` },
  invalid_params: { status: 422, message: (d) => `This request cannot be carried out: ${d.reason}.` },
  plan_unknown: {
    status: 422,
    message: (d) => `There is no plan "${d.plan}". The plans are: ${d.plans}.`,
  },
  drain_token_taken: {
    status: 422,
    message: () => 'This log drain token already belongs to another resource.',
  },
  resource_unknown: { status: 404, message: () => 'There is no such resource.' },
  resource_gone: { status: 410, message: () => 'This resource has been deprovisioned.' },
  unavailable: {
    status: 503,
    message: () => 'Culvert cannot do this right now. Please try again in a few minutes.',
  },

  too_many_requests: {
    status: 429,
    message: (d) => `There were too many tries from your address. Try again in ${d.seconds} seconds.`,
  },

  // People sign in and read.
  sso_refused: { status: 403, message: (d) => `This sign-in was refused: ${d.reason}.` },
  sso_by_post: { status: 405, message: () => 'Signing in begins in your Heroku dashboard.' },
  session_required: { status: 401, message: () => 'Open this page from your Heroku dashboard to sign in.' },
  token_unknown: { status: 401, message: () => 'This API token is not known here, or was revoked.' },
  session_only: { status: 403, message: () => 'A signed-in person can do this, an API token cannot.' },
  cross_site: {
    status: 403,
    message: () => 'This came from another site, or not as application/json, and was not carried out.',
  },
  name_taken: { status: 409, message: (d) => `There is one named "${d.name}" already.` },
  too_many: {
    status: 422,
    message: (d) => `There are ${d.limit} ${d.things} already. Delete one of them first.`,
  },
  not_found: { status: 404, message: () => 'There is nothing here.' },
  tested_too_often: { status: 429, message: () => 'A test was sent just now. Try again in a minute.' },

  // Logplex calls us. It reads only the status; the message is for people who test by hand.
  drain_token_missing: {
    status: 401,
    message: () => 'Send the drain token in Logplex-Drain-Token, or as the user or password of HTTP Basic.',
  },
  drain_token_unknown: { status: 404, message: () => 'This drain token is not known here.' },
  drain_gone: { status: 410, message: () => 'The resource of this drain has been deprovisioned.' },
  drain_loop: {
    status: 400,
    message: () => 'These lines were sent on from here and lead back to where they came from.',
  },
  unsupported_content_type: { status: 415, message: () => 'Send application/logplex-1.' },
  unsupported_encoding: { status: 415, message: () => 'Send the body plain or with Content-Encoding: gzip.' },
  body_unreadable: { status: 400, message: () => 'The body could not be decompressed.' },
  body_too_large: { status: 413, message: (d) => `The body is larger than ${d.limit} bytes.` },
  body_too_slow: { status: 408, message: () => 'The body took too long to arrive.' },
  store_unavailable: {
    status: 503,
    message: () => 'The lines could not be stored in time; send them again.',
  },

  // Operators read.
  metrics_token_wrong: { status: 401, message: () => 'Send METRICS_TOKEN as Authorization: Bearer.' },

  internal: { status: 500, message: () => 'Something went wrong on our side.' },
} satisfies Record<string, CatalogueEntry>

export type ErrorCode = keyof typeof CATALOGUE

/** An error meant for the caller. Anything else that is thrown is a bug or an outage and answers 500. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly status: number

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(CATALOGUE[code].message(details), options)
    this.name = 'AppError'
    this.code = code
    this.status = CATALOGUE[code].status
  }
}

/** What was thrown, as what the caller is told: an AppError stays, Fastify's own refusals become one, and `otherwise`. */
export function toAppError(error: unknown, otherwise: ErrorCode = 'internal'): AppError {
  if (error instanceof AppError) return error
  const { statusCode } = error as { statusCode?: number }
  const isTheirs = statusCode !== undefined && statusCode >= 400 && statusCode < 500
  const reason = 'its address, headers or body are not in order'
  return isTheirs
    ? new AppError('malformed_request', { reason }, { cause: error })
    : new AppError(otherwise, {}, { cause: error })
}

/** Why the process cannot start: a sentence for its operator, who needs no stack trace with it. */
export class StartError extends Error {
  override name = 'StartError'
}

/** For a branch that cannot be reached: `throw bug('…')`. */
export function bug(message: string): Error {
  return new Error(`BUG: ${message}`)
}
