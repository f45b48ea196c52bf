// Which drains a resource has, as Heroku lists them: one for each app it is attached to. Attaching does not call us, so
// a new drain is first seen as a token that nobody knows, on a resource that we do; then its resource's drains are
// listed. They are also listed by the clock, which is how renames and detached apps are noticed.
//
// Anybody may knock with made-up tokens: the address of a drain is no secret. So for each resource one list is under
// way at a time, all who wait share it, and a budget holds what tokens can make us ask for, whoever sends them.

import type { DrainStore } from '../resources/drain-store.ts'
import type { ListDrains } from './drain-listing.ts'
import { HerokuError } from './heroku-error.ts'

/**
 * known: it is the resource's, and stored as such. foreign: Heroku's list does not have it, or never will tell us.
 * unsure: there is no list at the moment.
 */
export type Verdict = 'known' | 'foreign' | 'unsure'

export interface AttachedDrainsParts {
  list: ListDrains
  store: Pick<DrainStore, 'claimListings' | 'scheduleListing'>
  now(): number
  /** In [0, 1). */
  random(): number
}

/** A token that is not in the list is not asked about again for so long. */
const FOREIGN_MS = 60_000
const MAX_FOREIGN = 20_000
/** Lists of one resource that tokens can cause: some at once, then one in half a minute. */
const BUDGET = 5
const BUDGET_REFILL_MS = 30_000
const MAX_BUDGETS = 10_000
/** After a list that did not come, its resource is left alone for so long. */
const AFTER_FAILURE_MS = 5_000

const LISTING_EVERY_MS = 3_600_000
const LISTING_AGAIN_MS = 60_000
const LISTING_AFTER_FAILURE_MS = 600_000
const LISTINGS_AT_ONCE = 5

interface Look {
  /** Which came first, the list or the token. */
  order: number
  /** Null where there is no list. */
  found: Promise<ReadonlySet<string> | null>
}

interface Budget {
  left: number
  filledAt: number
  /** Nothing is asked before. */
  notBefore: number
}

export class AttachedDrains {
  readonly #parts: AttachedDrainsParts
  readonly #underWay = new Map<string, Look>()
  readonly #foreign = new Map<string, number>()
  readonly #budgets = new Map<string, Budget>()
  #order = 0

  constructor(parts: AttachedDrainsParts) {
    this.#parts = parts
  }

  /**
   * Whose is this token? Never rejects.
   *
   * @param tokenDigest SHA-256 in hex
   */
  async lookFor(resourceId: string, tokenDigest: string): Promise<Verdict> {
    const key = `${resourceId} ${tokenDigest}`
    if ((this.#foreign.get(key) ?? 0) > this.#parts.now()) return 'foreign'
    const order = ++this.#order
    for (;;) {
      const look = this.#underWay.get(resourceId) ?? this.#start(resourceId)
      if (look === null) return 'unsure'
      const found = await look.found
      if (found === null) return 'unsure'
      if (found.has(tokenDigest)) return 'known'
      // A list that was asked for before the token came says nothing against it.
      if (look.order > order) return this.#rememberForeign(key)
    }
  }

  /** Lists what is due. Safe in any number of processes: each resource is claimed by one. Never rejects for Heroku. */
  async listDue(): Promise<void> {
    const { list, store, now, random } = this.#parts
    // Spread, so that what was provisioned together is not listed together for ever.
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

  /** Null where the budget is used up. */
  #start(resourceId: string): Look | null {
    const budget = this.#budget(resourceId)
    if (budget.left < 1 || this.#parts.now() < budget.notBefore) return null
    budget.left--
    const found = this.#parts
      .list(resourceId, 'urgent')
      .then(
        ({ outcome }) => outcome?.known ?? new Set<string>(),
        (error: unknown) => {
          // No token, and none to come; or a resource that Heroku has no more.
          const failure = error instanceof HerokuError ? error.failure : null
          // Found out without asking Heroku.
          if (failure === 'unauthorized') budget.left++
          if (failure === 'unauthorized' || failure === 'gone') return new Set<string>()
          // The pause is bound enough, and whoever waits wants to know soon when Heroku is back.
          budget.notBefore = this.#parts.now() + AFTER_FAILURE_MS
          budget.left++
          return null
        },
      )
      .finally(() => this.#underWay.delete(resourceId))
    const look = { order: ++this.#order, found }
    this.#underWay.set(resourceId, look)
    return look
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
