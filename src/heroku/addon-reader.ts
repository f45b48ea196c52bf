// Reads resources anew that an event said something of: their name, their plan, and whether they are still there. Calls
// by Heroku (PUT, DELETE) tell the same; this is for those that were lost on the way.
import type { FastifyBaseLogger } from 'fastify'
import type { HerokuCounters } from './counters.ts'
import { HerokuError, type HerokuFailure } from './heroku-error.ts'
import type { ApiCall, PlatformApi } from './platform-api.ts'
import type { DueReading, WebhookStore } from './webhook-store.ts'

/** For whoever keeps the resources. */
export interface ResourceKeeper {
  /** As a DELETE does. */
  end(resourceId: string): Promise<unknown>
  /**
   * What Heroku has. same: also where the resource has ended. too_soon: its plan is another than ours, and ours is so young that Heroku may not have committed
   * to it yet.
   *
   * @param addon.plan as the API has it, `culvert:test`
   */
  follow(resourceId: string, addon: { name: string; plan: string }): Promise<'same' | 'changed' | 'too_soon'>
}

export interface AddonReaderParts {
  api: Pick<PlatformApi, 'findAddon'>
  store: Pick<WebhookStore, 'claimReadings' | 'settleReading' | 'scheduleReading'>
  resources: ResourceKeeper
  counters: HerokuCounters
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>
  /** Ends every call: the service closes. */
  signal: AbortSignal
  now(): number
}

const AT_ONCE = 5
/** Also the pause after a failure. */
const LEASE_MS = 300_000
const TOO_SOON_MS = 900_000
/** Worth another try. With no token, or one that is refused, there is nobody to ask. */
const PASSING = new Set<HerokuFailure>(['pending', 'busy', 'unavailable', 'unexpected'])

export class AddonReader {
  readonly #parts: AddonReaderParts

  constructor(parts: AddonReaderParts) {
    this.#parts = parts
  }

  /** Reads what is due. Safe in any number of processes. Never rejects for what Heroku does. */
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
        log.info({ resource: resourceId }, 'a resource has another name or plan at Heroku: followed')
      }
      await store.settleReading(reading)
    } catch (error) {
      if (!(error instanceof HerokuError)) throw error
      // Two witnesses: the event said so, and Heroku has it no more or took our token away, which it does then. One of
      // them might be having a bad day.
      if (reading.isDestroyed && (error.failure === 'gone' || error.failure === 'refused')) {
        log.warn({ resource: resourceId }, 'a resource was destroyed and we were not told by DELETE: ended')
        await resources.end(resourceId)
        return
      }
      const isPassing = PASSING.has(error.failure)
      log.warn({ err: error, resource: resourceId, isPassing }, 'a resource could not be read anew')
      if (!isPassing) await store.settleReading(reading)
    }
  }
}
