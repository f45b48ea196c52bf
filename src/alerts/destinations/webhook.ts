// A message as JSON by a webhook: Slack's, or what reads the same. The address is a secret: it is stored sealed, and shown
// as its host and a hint.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '../../errors.ts'
import type { Outbound } from '../../outbound/outbound.ts'
import { OutboundError } from '../../outbound/outbound-error.ts'
import { hostOf, readTargetUrl, type TargetRules } from '../../outbound/target-url.ts'
import { writeWebhook } from '../message.ts'
import type { Destination, DestinationRules, Refusal } from './destination.ts'

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

/** What its address is sealed for. */
export const WEBHOOK_PURPOSE = 'alert webhook'
const TIMEOUT_MS = 10_000

/** Failures of the address, not of the moment. */
const FINAL_FAILURES = ['invalid_url', 'refused_address', 'redirected']
/** Client errors that a later try may not see: timeout, too early, too many. */
const PASSING_STATUSES = [408, 425, 429]

export const webhook = {
  asked: z
    .string()
    .max(2_000)
    .nullable()
    .optional()
    .describe('An https address. It is not given back: left out of a PUT it stays, null takes it away.'),
  shown: z.object({ host: z.string(), hint: z.string().describe('Tells two addresses of a host apart.') }),
  column: 'sealed_webhook',

  /** undefined, in an update: as it was. @throws AppError invalid_params */
  read: (asked: string | null | undefined, rules: DestinationRules): Webhook | null | undefined =>
    typeof asked === 'string' ? readWebhook(asked, rules) : asked,

  open: (stored, resourceId, box) => box.open(stored as Buffer, { resourceId, purpose: WEBHOOK_PURPOSE }),

  waitMs: () => 0,

  send: (url, { id, content, linkTo }, { outbound, signal }) =>
    postWebhook(outbound, url, writeWebhook(id, content, linkTo), signal),
} satisfies Destination & Record<string, unknown>

/** @returns null where the receiver took it */
async function postWebhook(
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
