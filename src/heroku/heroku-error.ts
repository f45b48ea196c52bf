// Failures of calls to Heroku. The message goes into the log: it names status and content type and never quotes a body, a
// header or a form, which hold tokens.

/**
 * - `pending`: the grant is not exchanged yet. `unauthorized`: there is no token, and none will come.
 * - `refused`: 401 or 403, or the id server rejects the grant or refresh token. `gone`: 404 or 410.
 * - `busy`: 429, or too many of our own calls are waiting.
 * - `unavailable`: no answer in time, or 5xx. `unexpected`: an answer that differs from the documentation.
 * - `unwanted`: the call was no longer needed when its turn came, so it was not made.
 */
export type HerokuFailure =
  | 'pending'
  | 'unauthorized'
  | 'refused'
  | 'gone'
  | 'busy'
  | 'unavailable'
  | 'unexpected'
  | 'unwanted'

export class HerokuError extends Error {
  override name = 'HerokuError'
  readonly failure: HerokuFailure
  readonly status: number | null

  constructor(failure: HerokuFailure, message: string, status: number | null = null) {
    super(message)
    this.failure = failure
    this.status = status
  }
}
