// What tells a retried delivery from a new one. Pure, but for the random key of a sender that names nothing.
import { createHash, randomUUID } from 'node:crypto'
import type { FrameKey } from '../logs/log-store.ts'

const DAY_SECONDS = 86_400
/** An ambiguous frame can come back after an arbitrarily long outage of the sender's connection. */
const REMEMBER_SECONDS = 2 * DAY_SECONDS
/**
 * Some look-alikes of Logplex number their frames from 1 and start over when they restart. Their tries come within
 * seconds, so the number is forgotten soon: a batch taken for a repeat would be lost, which is worse than one kept
 * twice.
 */
const REMEMBER_COUNTER_SECONDS = 120

const HEX_32 = /^[0-9a-f]{32}$/i
const COUNTER = /^[0-9]{1,18}$/

/**
 * Never made from the body: Logplex writes the current second into the L10 line of a batch on every try
 * (heroku/logplex src/logplex_http_drain.erl), so a retry may differ from what was delivered first.
 *
 * @param frameId `Logplex-Frame-Id`: 32 hex digits from Logplex, the same on every try
 * @param requestId `X-Request-Id`: what log-shuttle keeps over its tries; it sends no frame id
 */
export function frameKey(frameId: string | undefined, requestId: string | undefined): FrameKey {
  if (frameId) {
    const rememberSeconds = COUNTER.test(frameId) ? REMEMBER_COUNTER_SECONDS : REMEMBER_SECONDS
    return { id: HEX_32.test(frameId) ? frameId.toLowerCase() : digest('frame', frameId), rememberSeconds }
  }
  if (requestId) return { id: digest('request', requestId), rememberSeconds: REMEMBER_SECONDS }
  // Nothing to go by: each delivery is its own. The key still lets us repeat a commit whose outcome we missed.
  return { id: randomUUID().replaceAll('-', ''), rememberSeconds: REMEMBER_COUNTER_SECONDS }
}

function digest(kind: string, value: string): string {
  return createHash('sha256').update(`${kind}:${value}`).digest('hex').slice(0, 32)
}
