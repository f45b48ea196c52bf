// One request to a log endpoint, and what its answer means.
//
// heroku/logplex (logplex_logs_rest.erl): 204 accepted; 401 and 403 wrong token; 400 wrong frame or count; 503 and other
// 5xx are worth a retry. log-iss answers 200, and 504 if it could not forward the frames.
import { createHash } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import { splitCredentials } from '../../logplex/post-frames.ts'
import type { Outbound } from '../../outbound/outbound.ts'
import { OutboundError } from '../../outbound/outbound-error.ts'

export interface Post {
  url: string
  token: string
  frames: readonly Buffer[]
  userAgent: string
  /** Identifies this installation, so that its drains refuse lines that it sent itself. */
  origin: string
  signal: AbortSignal
}

/**
 * `taken`: accepted. `refused`: this request never will be, the next one may. `wrong`: no request will be until the endpoint
 * is changed. `away`: retry.
 */
export type Outcome =
  | { kind: 'taken' }
  | { kind: 'refused' | 'wrong' | 'away'; code: string; why: string; afterMs?: number }

export const POST_TIMEOUT_MS = 10_000
const MAX_RETRY_AFTER_SECONDS = 600
/** 4xx that may pass with time. */
const PASSING = new Set([408, 421, 425, 429])
/** 4xx about the target or the credentials. */
const MISLED = new Set([401, 403, 404, 405, 407, 410, 415, 451])

export async function post(
  outbound: Outbound,
  { url, token, frames, userAgent, origin, signal }: Post,
): Promise<Outcome> {
  const body = Buffer.concat(frames)
  try {
    const { status, headers } = await outbound.call({
      // The endpoint's token is the password, whatever the address holds. Logs and errors name the host at most.
      url: splitCredentials(url).url.href,
      method: 'POST',
      headers: {
        'content-type': 'application/logplex-1',
        authorization: `Basic ${Buffer.from(`token:${token}`).toString('base64')}`,
        'logplex-msg-count': String(frames.length),
        // A digest of the content, so that it is the same in each retry.
        'logplex-frame-id': createHash('sha256').update(token).update(body).digest('hex').slice(0, 32),
        'user-agent': userAgent,
        'culvert-origin': origin,
      },
      body,
      timeoutMs: POST_TIMEOUT_MS,
      signal,
    })
    return judge(status, headers['retry-after'])
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error
    const { failure: code, message: why } = error
    const isWrong = code === 'invalid_url' || code === 'refused_address' || code === 'redirected'
    return { kind: isWrong ? 'wrong' : 'away', code, why }
  }
}

export function judge(status: number, retryAfter?: string): Outcome {
  if (status >= 200 && status < 300) return { kind: 'taken' }
  const told = { code: String(status), why: `answered ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd() }
  if (MISLED.has(status)) return { kind: 'wrong', ...told }
  if (status >= 400 && status < 500 && !PASSING.has(status)) return { kind: 'refused', ...told }
  const seconds = /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) : 0
  const afterMs = Math.min(seconds, MAX_RETRY_AFTER_SECONDS) * 1000
  return { kind: 'away', ...told, ...(afterMs > 0 && { afterMs }) }
}
