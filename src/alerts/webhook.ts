// Webhooks: what of an address may be shown, and posting to one.
import { createHash } from 'node:crypto'
import { AppError } from '../errors.ts'
import type { Outbound } from '../outbound/outbound.ts'
import { OutboundError } from '../outbound/outbound-error.ts'
import { hostOf, readTargetUrl, type TargetRules } from '../outbound/target-url.ts'

export interface Webhook {
  url: string
  host: string
  /** Tells two of one host apart, and nothing else. */
  hint: string
}

/** @throws AppError invalid_params */
export function readWebhook(text: string, rules: TargetRules): Webhook {
  try {
    const url = readTargetUrl(text, rules)
    return { url: url.href, host: hostOf(url), hint: hintOf(url.href) }
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error
    throw new AppError('invalid_params', { reason: `to.webhook: ${error.message}` })
  }
}

/** Not its last characters: of a short secret they may be much. */
function hintOf(url: string): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 6)
}

const TIMEOUT_MS = 10_000

export interface Refusal {
  reason: string
  /** Another try may do. */
  mayPass: boolean
}

/** Failures of the address, not of the moment. */
const FINAL_FAILURES = ['invalid_url', 'refused_address', 'redirected']
/** Client errors that a later try may not see: timeout, too early, too many. */
const PASSING_STATUSES = [408, 425, 429]

/** @returns null where the receiver took it */
export async function postWebhook(
  outbound: Outbound,
  url: string,
  message: object,
  signal?: AbortSignal,
): Promise<Refusal | null> {
  try {
    const { status } = await outbound.call({
      url,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
      timeoutMs: TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    })
    if (status >= 200 && status < 300) return null
    return {
      reason: `the webhook answered ${status}`,
      mayPass: status >= 500 || PASSING_STATUSES.includes(status),
    }
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error
    return { reason: error.message, mayPass: !FINAL_FAILURES.includes(error.failure) }
  }
}
