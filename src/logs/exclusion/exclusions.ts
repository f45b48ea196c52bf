// Applies exclusion rules to every delivery before it is stored: direct, spooled or held. A resource without rules costs a
// map look-up. For one with rules, lines are decoded and matched against each rule.
//
// The rules of all resources are in memory; changes are read every two seconds. If that fails, the previous rules stay in
// force; if they were never read, nothing is dropped.
//
// Customers write the rules, which may be expensive (twenty regular expressions on long lines), and deliveries of all
// resources share a commit. So rules have a time allowance, for each resource and for all. When it is used up, lines are
// stored unmatched and counted: an unwanted line is better than a lost or a late one.

import type { Apps } from '../../query/line-view.ts'
import { parse } from '../../query/parse.ts'
import type { Query } from '../../query/query.ts'
import type { Delivery, Filed } from '../log-store.ts'
import { Allowance } from './allowance.ts'
import { exclude, type Pace, type Rule } from './exclude.ts'
import type { ExclusionStore } from './exclusion-store.ts'

export interface ExclusionsParts {
  store: Pick<ExclusionStore, 'changedSince'>
  appNames(resourceNumber: number): Promise<Apps>
  /** Milliseconds of any clock; only differences count. */
  clock(): number
}

export class ExclusionCounters {
  droppedLines = 0
  droppedBytes = 0
  /** Lines stored unmatched because the allowance was used up. */
  unreadLines = 0
}

interface ResourceRules {
  rules: readonly Rule[]
  apps: Apps
  /** Infinity: no rule uses app names. */
  appsDueAt: number
  allowance: Allowance
}

/** Of each second. Twenty rules of a word each took 60 µs a line (2 shared and busy cores, Node 20, 2026-11-21). */
const RESOURCE_MS_PER_SECOND = 200
const ALL_MS_PER_SECOND = 400
/** How often matching yields to other requests. */
const SLICE_MS = 10
const APPS_EVERY_MS = 60_000
const APPS_AT_ONCE = 20

export class Exclusions {
  readonly counters = new ExclusionCounters()
  readonly #parts: ExclusionsParts
  readonly #byResource = new Map<number, ResourceRules>()
  readonly #allowance: Allowance
  #revision = '0'

  constructor(parts: ExclusionsParts) {
    this.#parts = parts
    this.#allowance = new Allowance(ALL_MS_PER_SECOND, parts.clock)
  }

  /** Reads changes since the last call. A scheduled job, and once at start. */
  async refresh(): Promise<void> {
    const { revision, changed } = await this.#parts.store.changedSince(this.#revision)
    for (const { resourceNumber, rules } of changed) {
      const compiled = rules.map(({ id, q }) => ({ id, query: parse(q).query }))
      if (compiled.length === 0) this.#byResource.delete(resourceNumber)
      else this.#byResource.set(resourceNumber, await this.#prepare(resourceNumber, compiled))
    }
    this.#revision = revision
    await this.#refreshApps()
  }

  /** Wraps a store's `append`. */
  before<D extends Delivery>(
    append: (deliveries: readonly D[]) => Promise<Filed[]>,
  ): (deliveries: readonly D[]) => Promise<Filed[]> {
    // A failed commit is retried with the same deliveries.
    const sifted = new WeakMap<D, D>()
    return async (deliveries) => {
      if (!deliveries.some(({ resourceNumber }) => this.#byResource.has(resourceNumber))) {
        return append(deliveries)
      }
      const rest: D[] = []
      for (const delivery of deliveries) {
        const known = sifted.get(delivery) ?? (await this.#sift(delivery))
        sifted.set(delivery, known)
        rest.push(known)
      }
      const filed = await append(rest)
      for (const [at, delivery] of rest.entries()) if (filed[at] !== 'duplicate') this.#count(delivery)
      return filed
    }
  }

  async #sift<D extends Delivery>(delivery: D): Promise<D> {
    const found = this.#byResource.get(delivery.resourceNumber)
    if (found === undefined) return delivery
    const pace = this.#pace(found.allowance)
    const { delivery: rest, unread } = await exclude(delivery, found.rules, found.apps, pace)
    this.counters.unreadLines += unread
    return rest
  }

  #pace(ofResource: Allowance): Pace {
    const { clock } = this.#parts
    let last = clock()
    let sliceEnds = last + SLICE_MS
    let waited = false
    return {
      next: () => {
        const now = clock()
        // Time that other work took is not charged to the rules.
        const spent = waited ? 0 : now - last
        if (waited) sliceEnds = now + SLICE_MS
        last = now
        const isLeft = [ofResource, this.#allowance].map((allowance) => allowance.spend(spent))
        if (isLeft.includes(false)) return 'stop'
        waited = now >= sliceEnds
        return waited ? 'wait' : 'go'
      },
    }
  }

  #count({ excluded = [] }: Delivery): void {
    for (const { lines, bytes } of excluded) {
      this.counters.droppedLines += lines
      this.counters.droppedBytes += bytes
    }
  }

  /** Reads app names before matching: without them `-app:shop` matches every line. */
  async #prepare(resourceNumber: number, rules: readonly Rule[]): Promise<ResourceRules> {
    const { appNames, clock } = this.#parts
    const asks = rules.some(({ query }) => asksForApp(query))
    return {
      rules,
      apps: asks ? await appNames(resourceNumber) : new Map(),
      appsDueAt: asks ? clock() + APPS_EVERY_MS : Number.POSITIVE_INFINITY,
      allowance: new Allowance(RESOURCE_MS_PER_SECOND, clock),
    }
  }

  /** Apps may be renamed or attached. */
  async #refreshApps(): Promise<void> {
    const now = this.#parts.clock()
    const due = [...this.#byResource].filter(([, { appsDueAt }]) => appsDueAt <= now).slice(0, APPS_AT_ONCE)
    for (const [resourceNumber, rules] of due) {
      rules.apps = await this.#parts.appNames(resourceNumber)
      rules.appsDueAt = now + APPS_EVERY_MS
    }
  }
}

function asksForApp(query: Query): boolean {
  switch (query.kind) {
    case 'field':
      return query.folded === 'app'
    case 'not':
      return asksForApp(query.query)
    case 'and':
    case 'or':
      return query.queries.some(asksForApp)
    default:
      return false
  }
}
