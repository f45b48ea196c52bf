// Whether a delivery is let in: drain token -> drain. The drain token alone identifies and admits; the resource in
// the URL's path is no credential, anybody who may list an app's drains can read it.
import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { AppError } from '../errors.ts'
import { isDrainToken } from '../logplex/drain-token.ts'
import type { KnownDrain } from '../resources/drain-store.ts'

export interface AdmittedDrain extends PlanLimits {
  drainId: number
  resourceNumber: number
}

/** What a plan allows. */
export interface PlanLimits {
  retentionDays: number
  dailyBytes: number
}

export interface AdmissionParts {
  findDrain(tokenDigest: Buffer): Promise<KnownDrain | null>
  /** The same, where nobody waits for the answer. */
  findDrainAhead(tokenDigest: Buffer): Promise<KnownDrain | null>
  limitsOf(plan: string): PlanLimits
  now(): number
}

/** How long a known drain is trusted without looking again: what a deprovision needs to reach all processes. */
const KNOWN_MS = 5_000
/** One that goes on delivering is looked up ahead of that: no delivery waits for it. */
const AHEAD_MS = 2_000
/** A token that is not let in costs one look-up a second at most, however often it knocks. */
const UNKNOWN_MS = 1_000
/**
 * A stopped server answers nothing, not even an error. A look-up that takes longer than this lets the remembered
 * drain in, and goes on: what it finds counts for the next delivery.
 */
const PATIENCE_MS = 300
/** Of a token that is not remembered: an answer must come before Logplex gives up after 5 s. */
const LONGEST_LOOK_UP_MS = 3_500
/**
 * Tokens remembered, some 300 bytes each: those that are let in, of which there are as many as drains, and apart from them
 * those that are not, of which anybody can make up as many as he likes.
 */
const MAX_ADMITTED = 50_000
const MAX_REFUSED = 10_000
/** Look-ups under way at once, while the database says nothing. */
const MAX_LOOK_UPS = 10_000

/** SHA-256 of a token, in base64: a fixed size, whatever a stranger sends for a token. */
type TokenKey = string

interface Remembered<Drain> {
  drain: Drain
  until: number
}

interface Admitted extends Remembered<KnownDrain> {
  isLookedUp: boolean
}

interface LookUp {
  found: Promise<KnownDrain | null>
  /** It has been waited for in vain: whoever can do without its answer waits no more. */
  late: boolean
}

export class Admission {
  readonly #parts: AdmissionParts
  readonly #admitted = new LRUCache<TokenKey, Admitted>({ max: MAX_ADMITTED })
  readonly #refused = new LRUCache<TokenKey, Remembered<KnownDrain | null>>({ max: MAX_REFUSED })
  readonly #underWay = new Map<TokenKey, LookUp>()

  constructor(parts: AdmissionParts) {
    this.#parts = parts
  }

  /**
   * @param tokens what the delivery may be meaning by a token, see drain-token.ts
   * @throws AppError drain_token_missing, drain_token_unknown, drain_gone: final answers, Logplex drops the frame
   * @throws the database's error, or store_unavailable where it said nothing, for a token that is not remembered:
   *   worth a later try
   */
  async admit(tokens: readonly string[]): Promise<AdmittedDrain> {
    if (tokens.length === 0) throw new AppError('drain_token_missing')
    for (const token of tokens) {
      if (!isDrainToken(token)) continue
      const drain = await this.#find(keyOf(token))
      if (drain === null) continue
      if (drain.state === 'deprovisioned') throw new AppError('drain_gone')
      const { retentionDays, dailyBytes } = this.#parts.limitsOf(drain.plan)
      return { drainId: drain.drainId, resourceNumber: drain.resourceNumber, retentionDays, dailyBytes }
    }
    throw new AppError('drain_token_unknown')
  }

  /** Somebody learned of the token: what is remembered of it holds no more. */
  forget(token: string): void {
    const key = keyOf(token)
    this.#admitted.delete(key)
    this.#refused.delete(key)
    // One that began before may not have seen it.
    this.#underWay.delete(key)
  }

  async #find(key: TokenKey): Promise<KnownDrain | null> {
    const known = this.#admitted.get(key)
    if (known === undefined) {
      const refused = this.#refused.get(key)
      if (refused && refused.until > this.#parts.now()) return refused.drain
      return withinMs(this.#lookUpOnce(key).found, LONGEST_LOOK_UP_MS)
    }
    const leftMs = known.until - this.#parts.now()
    if (leftMs > 0) {
      if (leftMs <= AHEAD_MS) this.#lookUpAhead(key, known)
      return known.drain
    }
    const lookUp = this.#lookUpOnce(key)
    // Without the database a drain that was let in before is let in still: its lines wait for the database too.
    if (lookUp.late) return known.drain
    try {
      return await withinMs(lookUp.found, PATIENCE_MS)
    } catch {
      lookUp.late = true
      return known.drain
    }
  }

  /** Many deliveries with one token share one look-up. */
  #lookUpOnce(key: TokenKey): LookUp {
    const underWay = this.#underWay.get(key)
    if (underWay) return underWay
    if (this.#underWay.size >= MAX_LOOK_UPS) throw new AppError('store_unavailable')
    const lookUp: LookUp = {
      found: this.#parts
        .findDrain(Buffer.from(key, 'base64'))
        .then((drain) => {
          // Unless the token was learned of meanwhile.
          if (this.#underWay.get(key) === lookUp) this.#remember(key, drain)
          return drain
        })
        .finally(() => {
          if (this.#underWay.get(key) === lookUp) this.#underWay.delete(key)
        }),
      late: false,
    }
    lookUp.found.catch(() => {}) // nobody may be waiting any more
    this.#underWay.set(key, lookUp)
    return lookUp
  }

  #lookUpAhead(key: TokenKey, known: Admitted): void {
    if (known.isLookedUp) return
    known.isLookedUp = true
    this.#parts.findDrainAhead(Buffer.from(key, 'base64')).then(
      (drain) => this.#remember(key, drain),
      () => {}, // the next delivery waits for it, and is told
    )
  }

  #remember(key: TokenKey, drain: KnownDrain | null): void {
    const now = this.#parts.now()
    // Only a yes is kept for long: the token of an ended resource may move to a new one.
    if (drain?.state === 'provisioned') {
      this.#refused.delete(key)
      this.#admitted.set(key, { drain, until: now + KNOWN_MS, isLookedUp: false })
    } else {
      this.#admitted.delete(key)
      this.#refused.set(key, { drain, until: now + UNKNOWN_MS })
    }
  }
}

function keyOf(token: string): TokenKey {
  return hash('sha256', token, 'base64')
}

/** @throws AppError store_unavailable where the promise takes longer. */
function withinMs<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new AppError('store_unavailable')), timeoutMs)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
