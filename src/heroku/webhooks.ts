// The webhook of each resource: Heroku reports changes to it and to its apps. An event is only a hint: what it is about is
// read from the API, so events may come late, twice, in any order or not at all. If one is lost, the hourly list of drains
// finds the change.
import type { FastifyBaseLogger } from 'fastify'
import type { DrainStore } from '../resources/drain-store.ts'
import type { HerokuCounters } from './counters.ts'
import type { ApiCall, PlatformApi } from './platform-api.ts'
import type { StoredWebhook, WebhookStore } from './webhook-store.ts'

/** From a delivery with a valid signature. */
export interface WebhookEvent {
  /** The same in each retry. */
  id: string
  /** The entity, such as `api:addon-attachment`. */
  include: string
  /** create, update, destroy */
  action: string
}

export interface WebhooksParts {
  api: Pick<PlatformApi, 'listWebhooks' | 'createWebhook' | 'changeWebhook' | 'deleteWebhook'>
  store: WebhookStore
  drainStore: Pick<DrainStore, 'scheduleListing'>
  addressOf(resourceId: string): string
  /** At least 256 random bits, in letters and digits. */
  newSecret(): string
  counters: HerokuCounters
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>
  now(): number
}

/** Entities that need no further permission: plan, name and end; attach and detach; rename. */
const INCLUDE = ['api:addon', 'api:addon-attachment', 'api:app'] as const
/** Heroku retries a delivery for up to 72 hours. */
const REMEMBER_MS = 96 * 3_600_000

export class Webhooks {
  readonly #parts: WebhooksParts

  constructor(parts: WebhooksParts) {
    this.#parts = parts
  }

  /**
   * Ensures one subscription, at our current address and with our secrets. Idempotent: the secrets are stored before
   * Heroku gets them, and existing subscriptions are listed before one is created.
   *
   * @throws HerokuError
   */
  async subscribe(resourceId: string, call: ApiCall): Promise<void> {
    const { api, store, addressOf, newSecret, counters, log } = this.#parts
    const url = addressOf(resourceId)
    const fresh = { secret: newSecret(), authorization: `Bearer ${newSecret()}` }
    const kept = await store.findOrMake(resourceId, fresh)
    if (kept === null || kept.url === url) return
    const { secret, authorization, webhookId } = kept
    const subscription = { include: INCLUDE, level: 'sync', url, authorization, secret } as const
    const present = await api.listWebhooks(resourceId, call)
    const [first, ...others] = present.filter((webhook) => webhook.url === url || webhook.id === webhookId)
    for (const { id } of others) await api.deleteWebhook(resourceId, id, call)
    // Even if it looks right: its secrets are not shown, and may be from a database that was lost.
    if (first) await api.changeWebhook(resourceId, first.id, subscription, call)
    const { id } = first ?? (await api.createWebhook(resourceId, subscription, call))
    await store.setSubscribed(resourceId, id, url)
    counters.webhooksSubscribed++
    log.info({ resource: resourceId, webhook: id, isNew: first === undefined }, 'webhook subscribed')
  }

  get counters(): HerokuCounters {
    return this.#parts.counters
  }

  /** The secrets that sign deliveries for this resource; null if it has no webhook. */
  find(resourceId: string): Promise<StoredWebhook | null> {
    return this.#parts.store.find(resourceId)
  }

  /**
   * Schedules a reading of what the event is about. Resolves when that is durable: Heroku does not retry after a 2xx.
   *
   * @param event null if the signature is valid but the body unreadable
   */
  async take(resourceId: string, event: WebhookEvent | null): Promise<void> {
    const { store, drainStore, counters, log, now } = this.#parts
    if (event !== null && (await store.wasTaken(resourceId, event.id))) {
      counters.webhooksRepeated++
      return
    }
    if (event === null) {
      counters.webhooksUnreadable++
      log.warn({ resource: resourceId }, 'unreadable webhook event with a valid signature')
    }
    const include = event?.include
    // Schedule first, then remember the event: after a crash in between Heroku retries it.
    if (include !== 'api:addon') await drainStore.scheduleListing(resourceId, now())
    if (include !== 'api:addon-attachment' && include !== 'api:app') {
      if (event?.action === 'destroy' && include === 'api:addon') await store.markDestroyed(resourceId, now())
      await store.scheduleReading(resourceId, now())
    }
    if (event === null) return
    // Of two concurrent deliveries one counts; both schedule the same.
    if (await store.rememberTaken(resourceId, event.id, now())) counters.webhooksTaken++
    else counters.webhooksRepeated++
    log.info({ resource: resourceId, include, action: event.action }, 'webhook event accepted')
  }

  /** A scheduled job. */
  async deleteOld(): Promise<void> {
    await this.#parts.store.deleteTaken(this.#parts.now() - REMEMBER_MS)
  }
}
