// Messages from the outbox to their receivers. Safe in any number of processes: each message is claimed by one.
import type { FastifyBaseLogger } from 'fastify'
import type { Outbound } from '../outbound/outbound.ts'
import type { AlertCounters } from './counters.ts'
import { herokuLink } from './heroku-link.ts'
import { MailError, type Mailer } from './mail.ts'
import type { MailBudget } from './mail-budget.ts'
import { writeMessage, writeWebhook } from './message.ts'
import type { DueMessage, MessageStore } from './message-store.ts'
import { postWebhook, type Refusal } from './webhook.ts'

export interface DeliverParts {
  store: MessageStore
  outbound: Outbound
  /** Null: no server was named, and nothing can be mailed. */
  mailer: Mailer | null
  mailBudget: MailBudget
  publicUrl: string
  someApp(resourceNumber: number): Promise<string | null>
  counters: AlertCounters
  log: Pick<FastifyBaseLogger, 'warn'>
  now(): number
  signal?: AbortSignal
}

const AT_ONCE = 5
/** Longer than a try takes. */
const LEASE_MS = 60_000
/** After each try that failed; after the last the message is given up, more than an hour behind the first. */
const AGAIN_AFTER_MS = [5_000, 30_000, 60_000, 300_000, 600_000, 1_200_000, 1_800_000]

/** Delivers what is due; never rejects for one message. */
export async function deliverDue(parts: DeliverParts, round: AbortSignal): Promise<void> {
  while (!parts.signal?.aborted && !round.aborted) {
    const due = await parts.store.claimDue(new Date(parts.now()), LEASE_MS, AT_ONCE)
    await Promise.all(due.map((message) => deliver(message, parts)))
    if (due.length < AT_ONCE) return
  }
}

async function deliver(message: DueMessage, parts: DeliverParts): Promise<void> {
  const { store, counters, log, now, mailBudget, signal } = parts
  const { resource, to, tries } = message
  const waitMs = to?.channel === 'email' ? mailBudget.take(resource.number) : 0
  if (waitMs > 0) return store.postpone(message, new Date(now() + waitMs))
  const refusal = await send(message, parts)
  // A call that the end of the service cut off says nothing: whoever claims the message next tries it again.
  if (signal?.aborted && refusal !== null) return
  if (refusal === null) {
    counters.delivered++
    return store.delivered(message)
  }
  counters.deliveriesFailed++
  const againAfterMs = refusal.mayPass ? AGAIN_AFTER_MS[tries - 1] : undefined
  const dueAt = againAfterMs === undefined ? null : new Date(now() + againAfterMs)
  if (dueAt === null) counters.givenUp++
  log.warn(
    { alert: message.alertId, resource: resource.id, tries, reason: refusal.reason, givenUp: dueAt === null },
    'a message of an alert was not delivered',
  )
  return store.failed(message, refusal.reason, dueAt)
}

async function send(message: DueMessage, parts: DeliverParts): Promise<Refusal | null> {
  const { id, content, resource, to } = message
  if (to === null) return { reason: 'its address was taken away', mayPass: false }
  try {
    const linkTo = herokuLink(parts.publicUrl, resource.id, await parts.someApp(resource.number))
    if (to.channel === 'webhook') {
      return await postWebhook(parts.outbound, to.open(), writeWebhook(id, content, linkTo), parts.signal)
    }
    if (parts.mailer === null) return { reason: 'this service sends no e-mail', mayPass: false }
    const { subject, text } = writeMessage(content, linkTo)
    await parts.mailer.send({ to: to.address, subject, text: `${text}\n`, messageId: id })
    return null
  } catch (error) {
    // What others say may hold anything: of them only that there was an error.
    const reason = error instanceof MailError ? error.message : 'the message could not be sent'
    return { reason, mayPass: true }
  }
}
