// Lists a resource's drains at Heroku and stores the result.
import type { FastifyBaseLogger } from 'fastify'
import type { DrainStore, ListedDrain, ListingOutcome } from '../resources/drain-store.ts'
import type { HerokuCounters } from './counters.ts'
import { HerokuError } from './heroku-error.ts'
import type { ApiCall, HerokuApp, PlatformApi } from './platform-api.ts'

export interface DrainListingParts {
  api: Pick<PlatformApi, 'listDrains' | 'listAttachments'>
  store: Pick<DrainStore, 'applyListing'>
  counters: HerokuCounters
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>
  /** Aborts every call when the service closes. */
  signal: AbortSignal
  now(): number
}

export interface DrainListing {
  drains: readonly ListedDrain[]
  /** Null if the resource is not live. */
  outcome: ListingOutcome | null
}

/**
 * @param within aborts this list earlier than the service's own signal
 * @throws HerokuError, or the reason of `within`
 */
export type ListDrains = (
  resourceId: string,
  urgency: ApiCall['urgency'],
  within?: AbortSignal,
) => Promise<DrainListing>

export function createDrainListing(parts: DrainListingParts): ListDrains {
  const { api, store, counters, log, signal, now } = parts
  return async (resourceId, urgency, within = signal) => {
    const call: ApiCall = { urgency, signal: within }
    try {
      counters.listings++
      const listed = await api.listDrains(resourceId, call)
      const drains = listed.map(
        ({ id, token, url, app }): ListedDrain => ({
          token,
          herokuDrainId: id,
          url: url ?? null,
          app: app ?? null,
        }),
      )
      if (drains.some(({ app }) => app === null)) {
        const attachments = await api.listAttachments(resourceId, call)
        nameTheApps(
          drains,
          attachments.map(({ app }) => app),
        )
      }
      const outcome = await store.applyListing(resourceId, drains, now())
      if (outcome === null) return { drains, outcome }
      const { learned, renamed, detached, taken } = outcome
      counters.drainsLearned += learned
      counters.appsRenamed += renamed
      counters.drainsDetached += detached
      if (learned + renamed + detached > 0) {
        log.info({ resource: resourceId, learned, renamed, detached }, 'drains of a resource changed')
      }
      if (taken > 0) {
        log.warn({ resource: resourceId, taken }, 'Heroku lists drains that belong to another resource here')
      }
      return { drains, outcome }
    } catch (error) {
      counters.listingsFailed++
      const isExpected = error instanceof HerokuError && error.failure === 'unauthorized'
      if (!isExpected) log.warn({ err: error, resource: resourceId }, 'drain listing failed')
      throw error
    }
  }
}

/**
 * For an API whose drains do not name their app. Drains and attachments share no other key, so the app is known only if
 * one drain and one app are left; otherwise lines are stored without the name of their app.
 */
function nameTheApps(drains: ListedDrain[], apps: readonly HerokuApp[]): void {
  const named = new Set(drains.map(({ app }) => app?.id))
  const left = new Map(apps.filter(({ id }) => !named.has(id)).map((app) => [app.id, app]))
  const nameless = drains.filter(({ app }) => app === null)
  const [drain] = nameless
  const [app] = left.values()
  if (nameless.length === 1 && left.size === 1 && drain && app) drain.app = { id: app.id, name: app.name }
}
