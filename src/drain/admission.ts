// Whether a delivery is let in: drain token -> drain. The drain token alone identifies and admits; the resource in
// the URL's path is no credential, anybody who may list an app's drains can read it.
import { createHash } from 'node:crypto'
import { AppError } from '../errors.ts'

/** A drain as the partner room knows it. */
export interface KnownDrain {
  drainId: number
  resourceNumber: number
  plan: string
  state: 'provisioned' | 'deprovisioned'
}

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
/** Tokens remembered, known or not. About 200 bytes each. */
const MAX_REMEMBERED = 20_000

interface Remembered {
  drain: KnownDrain | null
  until: number
  isLookedUp: boolean
}

interface LookUp {
  found: Promise<KnownDrain | null>
  /** It has been waited for in vain: whoever can do without its answer waits no more. */
  late: boolean
}

export class Admission {
  readonly #parts: AdmissionParts
  readonly #remembered = new Map<string, Remembered>()
  readonly #underWay = new Map<string, LookUp>()

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
      const drain = await this.#find(token)
      if (drain === null) continue
      if (drain.state === 'deprovisioned') throw new AppError('drain_gone')
      const { retentionDays, dailyBytes } = this.#parts.limitsOf(drain.plan)
      return { drainId: drain.drainId, resourceNumber: drain.resourceNumber, retentionDays, dailyBytes }
    }
    throw new AppError('drain_token_unknown')
  }

  /** Somebody learned of the token: what is remembered of it holds no more. */
  forget(token: string): void {
    this.#remembered.delete(token)
    // One that began before may not have seen it.
    this.#underWay.delete(token)
  }

  async #find(token: string): Promise<KnownDrain | null> {
    const known = this.#remembered.get(token)
    const leftMs = known ? known.until - this.#parts.now() : 0
    if (known && leftMs > 0) {
      if (leftMs <= AHEAD_MS && known.drain?.state === 'provisioned') this.#lookUpAhead(token, known)
      return known.drain
    }
    const lookUp = this.#lookUpOnce(token)
    if (!known?.drain) return withinMs(lookUp.found, LONGEST_LOOK_UP_MS)
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
  #lookUpOnce(token: string): LookUp {
    const underWay = this.#underWay.get(token)
    if (underWay) return underWay
    const found = this.#parts
      .findDrain(digestOf(token))
      .then((drain) => {
        this.#remember(token, drain)
        return drain
      })
      .finally(() => this.#underWay.delete(token))
    found.catch(() => {}) // nobody may be waiting any more
    const lookUp = { found, late: false }
    this.#underWay.set(token, lookUp)
    return lookUp
  }

  #lookUpAhead(token: string, known: Remembered): void {
    if (known.isLookedUp) return
    known.isLookedUp = true
    this.#parts.findDrainAhead(digestOf(token)).then(
      (drain) => this.#remember(token, drain),
      () => {}, // the next delivery waits for it, and is told
    )
  }

  #remember(token: string, drain: KnownDrain | null): void {
    this.#remembered.delete(token)
    if (this.#remembered.size >= MAX_REMEMBERED) {
      const oldest = this.#remembered.keys().next().value
      if (oldest !== undefined) this.#remembered.delete(oldest)
    }
    // Only a yes is kept for long: the token of an ended resource may move to a new one.
    const rememberMs = drain?.state === 'provisioned' ? KNOWN_MS : UNKNOWN_MS
    this.#remembered.set(token, { drain, until: this.#parts.now() + rememberMs, isLookedUp: false })
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** @throws AppError store_unavailable where the promise takes longer. */
function withinMs<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new AppError('store_unavailable')), timeoutMs)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
