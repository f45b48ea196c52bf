// Where a delivery carries its drain token. Pure. Whether the token is known is admission's business.
import type { IncomingHttpHeaders } from 'node:http'

/** `d.` and a uuid from Heroku, 64 hex digits from kensa; never more than this, and nothing that no header could carry. */
const SHAPE = /^[\x21-\x7e]{1,100}$/

/** Whether it may be one at all. What is not is not worth a look-up. */
export function isDrainToken(token: string): boolean {
  return SHAPE.test(token)
}

/**
 * The tokens that a delivery may be meaning, the likeliest first.
 *
 * Logplex sends `Logplex-Drain-Token`. Senders that are not Logplex carry what the drain's URL says as credentials:
 * log-shuttle sends `token:<token>` or a Bearer, and Logplex turns `https://:secret@host` into the user with an
 * empty password (heroku/logplex src/cowboy_client.erl), so the token may stand in either half. Logplex does not
 * percent-decode the halves, so both readings are tried.
 */
export function drainTokens(headers: IncomingHttpHeaders): string[] {
  const named = headers['logplex-drain-token']
  if (typeof named === 'string' && named !== '') return [named]
  const [scheme, credentials] = (headers.authorization ?? '').split(/ +/, 2)
  if (credentials === undefined) return []
  if (scheme?.toLowerCase() === 'bearer') return [credentials]
  if (scheme?.toLowerCase() !== 'basic') return []
  const pair = Buffer.from(credentials, 'base64').toString()
  const colon = pair.indexOf(':')
  const halves = colon === -1 ? [pair] : [pair.slice(colon + 1), pair.slice(0, colon)]
  return [...new Set(halves.flatMap((half) => [half, percentDecoded(half)]))].filter((half) => half !== '')
}

function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
