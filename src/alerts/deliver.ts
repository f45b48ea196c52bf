// Messages from the outbox to their receivers. Safe in any number of processes: each message is claimed by one.
import type { FastifyBaseLogger } from 'fastify'
import type { AlertCounters } from './counters.ts'
import type { Refusal, SendParts } from './destinations/destination.ts'
import { destinationOf } from './destinations/destinations.ts'
import { herokuLink } from './heroku-link.ts'
import type { DueMessage, MessageStore } from './message-store.ts'

export interface DeliverParts extends SendParts {
  store: MessageStore
  publicUrl: string
  someApp(resourceNumber: number): Promise<string | null>
  counters: AlertCounters
  log: Pick<FastifyBaseLogger, 'warn'>
  now(): number
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
  const { store, counters, log, now, signal } = parts
  const { resource, to, tries } = message
  const waitMs = to === null ? 0 : destinationOf(to.kind).waitMs(resource.number, parts)
  if (waitMs > 0) return store.postpone(message, new Date(now() + waitMs))
  const refusal = await send(message, parts)
  // A call aborted at shutdown says nothing: the next process to claim the message retries it.
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
    return await destinationOf(to.kind).send(to.open(), { id, content, linkTo }, parts)
  } catch {
    // What others say may hold anything: of them only that there was an error.
    return { reason: 'the message could not be sent', mayPass: true }
  }
}
