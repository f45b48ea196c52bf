// The webhook of each resource: Heroku tells us of changes to it and to its apps. Subscribed once, and what an event says
// is only a hint: whatever it may be about is read anew by the API, so that events may come late, twice, in any order
// or not at all. Where one is lost, the hourly list of drains finds what changed.
import type { FastifyBaseLogger } from 'fastify'
import type { DrainStore } from '../resources/drain-store.ts'
import type { HerokuCounters } from './counters.ts'
import type { ApiCall, PlatformApi } from './platform-api.ts'
import type { StoredWebhook, WebhookStore } from './webhook-store.ts'

/** Of a delivery whose signature was found good. */
export interface WebhookEvent {
  /** The same each time that Heroku delivers it. */
  id: string
  /** What it is about: `api:addon-attachment`. */
  include: string
  /** create, update, destroy */
  action: string
}

export interface WebhooksParts {
  api: Pick<PlatformApi, 'listWebhooks' | 'createWebhook' | 'changeWebhook' | 'deleteWebhook'>
  store: WebhookStore
  drainStore: Pick<DrainStore, 'scheduleListing'>
  addressOf(resourceId: string): string
  /** 256 random bits or so, in letters and digits. */
  newSecret(): string
  counters: HerokuCounters
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>
  now(): number
}

/** Of those that need no further permission of Heroku's: plan, name and end; attach and detach; rename. */
const INCLUDE = ['api:addon', 'api:addon-attachment', 'api:app'] as const
/** Heroku repeats a delivery for up to 72 hours. */
const REMEMBER_MS = 96 * 3_600_000

export class Webhooks {
  readonly #parts: WebhooksParts

  constructor(parts: WebhooksParts) {
    this.#parts = parts
  }

  /**
   * Sees to it that there is one subscription, at our present address and with our secrets. May be repeated: the secrets
   * are stored before Heroku hears of them, and creating another one is no way to find out whether there is one.
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
    // Also where it looks right: its secrets are not shown, and may be those of a database that was lost.
    if (first) await api.changeWebhook(resourceId, first.id, subscription, call)
    const { id } = first ?? (await api.createWebhook(resourceId, subscription, call))
    await store.setSubscribed(resourceId, id, url)
    counters.webhooksSubscribed++
    log.info({ resource: resourceId, webhook: id, isNew: first === undefined }, 'subscribed to a webhook')
  }

  get counters(): HerokuCounters {
    return this.#parts.counters
  }

  /** What deliveries for this resource are signed with; null where it has no webhook. */
  find(resourceId: string): Promise<StoredWebhook | null> {
    return this.#parts.store.find(resourceId)
  }

  /**
   * Makes due what the event may be about. Resolves when that is durable: Heroku does not repeat what was answered 2xx.
   *
   * @param event null: its signature is good and the rest is not to be understood
   */
  async take(resourceId: string, event: WebhookEvent | null): Promise<void> {
    const { store, drainStore, counters, log, now } = this.#parts
    if (event !== null && (await store.wasTaken(resourceId, event.id))) {
      counters.webhooksRepeated++
      return
    }
    if (event === null) {
      counters.webhooksUnreadable++
      log.warn({ resource: resourceId }, 'a webhook with a good signature could not be read')
    }
    const include = event?.include
    // First what it makes due, then the memory of it: cut off in between, Heroku delivers it again.
    if (include !== 'api:addon') await drainStore.scheduleListing(resourceId, now())
    if (include !== 'api:addon-attachment' && include !== 'api:app') {
      if (event?.action === 'destroy' && include === 'api:addon') await store.markDestroyed(resourceId, now())
      await store.scheduleReading(resourceId, now())
    }
    if (event === null) return
    // Of two that come together one counts; what they make due is the same.
    if (await store.rememberTaken(resourceId, event.id, now())) counters.webhooksTaken++
    else counters.webhooksRepeated++
    log.info({ resource: resourceId, include, action: event.action }, 'took a webhook event')
  }

  /** By the clock. */
  async forgetOld(): Promise<void> {
    await this.#parts.store.forgetTaken(this.#parts.now() - REMEMBER_MS)
  }
}
