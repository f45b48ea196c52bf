// Which drains a resource has, as Heroku lists them: one for each app it is attached to. Heroku does not call us when an
// app is attached, so a new drain first shows up as an unknown token on a known resource; then its drains are listed. A
// scheduled job lists them hourly as well, which finds renamed and detached apps.
//
// A drain's address is no secret, so anyone can send made-up tokens. Therefore a resource has one list in flight at a
// time, shared by all waiting deliveries, and a budget bounds how many lists tokens can cause.

import type { DrainStore } from '../resources/drain-store.ts'
import type { ListDrains } from './drain-listing.ts'
import { HerokuError } from './heroku-error.ts'

/**
 * known: the token is the resource's, and is stored as such. foreign: Heroku's list does not have it, or Heroku will
 * never answer. unsure: no list could be had now.
 */
export type TokenVerdict = 'known' | 'foreign' | 'unsure'

export interface AttachedDrainsParts {
  list: ListDrains
  store: Pick<DrainStore, 'claimListings' | 'scheduleListing'>
  now(): number
  /** In [0, 1). */
  random(): number
}

/** How long a token that is not in the list is not looked up again. */
const FOREIGN_MS = 60_000
const MAX_FOREIGN = 20_000
/** Lists of one resource that tokens can cause: five at once, then one every 30 s. */
const BUDGET = 5
const BUDGET_REFILL_MS = 30_000
const MAX_BUDGETS = 10_000
/** Pause after a failed list of a resource. */
const AFTER_FAILURE_MS = 5_000

const LISTING_EVERY_MS = 3_600_000
const LISTING_AGAIN_MS = 60_000
const LISTING_AFTER_FAILURE_MS = 600_000
const LISTINGS_AT_ONCE = 5

interface Listing {
  /** Tells whether the list or the token came first. */
  order: number
  /** Null if the list failed. */
  found: Promise<ReadonlySet<string> | null>
}

interface Budget {
  left: number
  filledAt: number
  /** No list before this time. */
  notBefore: number
}

export class AttachedDrains {
  readonly #parts: AttachedDrainsParts
  readonly #inFlight = new Map<string, Listing>()
  readonly #foreign = new Map<string, number>()
  readonly #budgets = new Map<string, Budget>()
  #order = 0

  constructor(parts: AttachedDrainsParts) {
    this.#parts = parts
  }

  /**
   * Finds out whose token it is. Never rejects.
   *
   * @param tokenDigest SHA-256 in hex
   */
  async lookFor(resourceId: string, tokenDigest: string): Promise<TokenVerdict> {
    const key = `${resourceId} ${tokenDigest}`
    if ((this.#foreign.get(key) ?? 0) > this.#parts.now()) return 'foreign'
    const order = ++this.#order
    for (;;) {
      const listing = this.#inFlight.get(resourceId) ?? this.#start(resourceId)
      if (listing === null) return 'unsure'
      const found = await listing.found
      if (found === null) return 'unsure'
      if (found.has(tokenDigest)) return 'known'
      // A list that was requested before the token came proves nothing.
      if (listing.order > order) return this.#rememberForeign(key)
    }
  }

  /** Lists what is due. Safe in any number of processes: one claims each resource. Never rejects because of Heroku. */
  async listDue(): Promise<void> {
    const { list, store, now, random } = this.#parts
    // Jitter, so that resources provisioned together are not listed together for ever.
    const nextDueAt = () => now() + LISTING_EVERY_MS * (0.9 + random() / 5)
    const due = await store.claimListings(now(), nextDueAt, LISTINGS_AT_ONCE)
    await Promise.all(
      due.map(async (resourceId) => {
        try {
          const { outcome } = await list(resourceId, 'background')
          if (outcome?.incomplete) await store.scheduleListing(resourceId, now() + LISTING_AGAIN_MS)
        } catch (error) {
          if (!(error instanceof HerokuError)) throw error
          await store.scheduleListing(resourceId, now() + LISTING_AFTER_FAILURE_MS * (0.5 + random()))
        }
      }),
    )
  }

  /** Null if the budget is used up. */
  #start(resourceId: string): Listing | null {
    const budget = this.#budget(resourceId)
    if (budget.left < 1 || this.#parts.now() < budget.notBefore) return null
    budget.left--
    const found = this.#parts
      .list(resourceId, 'urgent')
      .then(
        ({ outcome }) => outcome?.known ?? new Set<string>(),
        (error: unknown) => {
          const failure = error instanceof HerokuError ? error.failure : null
          // No token, now or later: found out without a call to Heroku.
          if (failure === 'unauthorized') budget.left++
          if (failure === 'unauthorized' || failure === 'gone') return new Set<string>()
          // The pause is bound enough; waiting deliveries need the answer soon after Heroku is back.
          budget.notBefore = this.#parts.now() + AFTER_FAILURE_MS
          budget.left++
          return null
        },
      )
      .finally(() => this.#inFlight.delete(resourceId))
    const listing = { order: ++this.#order, found }
    this.#inFlight.set(resourceId, listing)
    return listing
  }

  #rememberForeign(key: string): 'foreign' {
    dropOldest(this.#foreign, MAX_FOREIGN)
    this.#foreign.set(key, this.#parts.now() + FOREIGN_MS)
    return 'foreign'
  }

  #budget(resourceId: string): Budget {
    const now = this.#parts.now()
    let budget = this.#budgets.get(resourceId)
    if (budget === undefined) {
      dropOldest(this.#budgets, MAX_BUDGETS)
      budget = { left: BUDGET, filledAt: now, notBefore: 0 }
      this.#budgets.set(resourceId, budget)
    }
    budget.left = Math.min(BUDGET, budget.left + (now - budget.filledAt) / BUDGET_REFILL_MS)
    budget.filledAt = now
    return budget
  }
}

function dropOldest<Value>(map: Map<string, Value>, max: number): void {
  if (map.size < max) return
  const oldest = map.keys().next().value
  if (oldest !== undefined) map.delete(oldest)
}
