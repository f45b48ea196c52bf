// Reads a resource from the Platform API after a webhook event: its name, its plan, and whether it still exists. Heroku's
// own calls (PUT, DELETE) carry the same; this catches the ones that were lost.
import type { FastifyBaseLogger } from 'fastify'
import type { HerokuCounters } from './counters.ts'
import { HerokuError, type HerokuFailure } from './heroku-error.ts'
import type { ApiCall, PlatformApi } from './platform-api.ts'
import type { DueReading, WebhookStore } from './webhook-store.ts'

export interface ResourceFollower {
  /** Like a DELETE from Heroku. */
  end(resourceId: string): Promise<unknown>
  /**
   * Takes over name and plan. `same` also if the resource has ended. `too_soon`: the plan differs, but ours changed so
   * recently that Heroku may not have committed it yet.
   *
   * @param addon.plan as the API has it, `culvert:test`
   */
  follow(resourceId: string, addon: { name: string; plan: string }): Promise<'same' | 'changed' | 'too_soon'>
}

export interface AddonReaderParts {
  api: Pick<PlatformApi, 'findAddon'>
  store: Pick<WebhookStore, 'claimReadings' | 'settleReading' | 'scheduleReading'>
  resources: ResourceFollower
  counters: HerokuCounters
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>
  /** Aborts every call when the service closes. */
  signal: AbortSignal
  now(): number
}

const AT_ONCE = 5
/** Also the pause after a failure. */
const LEASE_MS = 300_000
const TOO_SOON_MS = 900_000
/** A retry may succeed. Without a token, or with a refused one, it cannot. */
const RETRYABLE = new Set<HerokuFailure>(['pending', 'busy', 'unavailable', 'unexpected'])

export class AddonReader {
  readonly #parts: AddonReaderParts

  constructor(parts: AddonReaderParts) {
    this.#parts = parts
  }

  /** Reads what is due. Safe in any number of processes. Never rejects because of Heroku. */
  async readDue(): Promise<void> {
    const { store, now } = this.#parts
    const due = await store.claimReadings(now(), LEASE_MS, AT_ONCE)
    await Promise.all(due.map((reading) => this.#read(reading)))
  }

  async #read(reading: DueReading): Promise<void> {
    const { api, store, resources, counters, log, signal, now } = this.#parts
    const { resourceId } = reading
    const call: ApiCall = { urgency: 'background', signal }
    try {
      const { name, plan, state } = await api.findAddon(resourceId, call)
      if (state === 'deprovisioned') throw new HerokuError('gone', 'Heroku has the resource as deprovisioned')
      const outcome = await resources.follow(resourceId, { name, plan: plan.name })
      if (outcome === 'too_soon') return await store.scheduleReading(resourceId, now() + TOO_SOON_MS)
      if (outcome === 'changed') {
        counters.addonsFollowed++
        log.info({ resource: resourceId }, 'name or plan of a resource taken over from Heroku')
      }
      await store.settleReading(reading)
    } catch (error) {
      if (!(error instanceof HerokuError)) throw error
      // Two sources must agree before a resource ends: the event, and the API, which no longer has the resource or refuses
      // our token, as it does after a DELETE.
      if (reading.isDestroyed && (error.failure === 'gone' || error.failure === 'refused')) {
        log.warn({ resource: resourceId }, 'resource destroyed at Heroku without a DELETE: ended')
        await resources.end(resourceId)
        return
      }
      const isRetryable = RETRYABLE.has(error.failure)
      log.warn({ err: error, resource: resourceId, isRetryable }, 'resource read failed')
      if (!isRetryable) await store.settleReading(reading)
    }
  }
}
