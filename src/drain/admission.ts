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
  limitsOf(plan: string): PlanLimits
  now(): number
}

/** How long a known drain is trusted without looking again: what a deprovision needs to reach all processes. */
const KNOWN_MS = 5_000
/** A token that is not let in costs one look-up a second at most, however often it knocks. */
const UNKNOWN_MS = 1_000
/** Tokens remembered, known or not. About 200 bytes each. */
const MAX_REMEMBERED = 20_000

interface Remembered {
  drain: KnownDrain | null
  until: number
}

export class Admission {
  readonly #parts: AdmissionParts
  readonly #remembered = new Map<string, Remembered>()
  readonly #underWay = new Map<string, Promise<KnownDrain | null>>()

  constructor(parts: AdmissionParts) {
    this.#parts = parts
  }

  /**
   * @param tokens what the delivery may be meaning by a token, see drain-token.ts
   * @throws AppError drain_token_missing, drain_token_unknown, drain_gone: final answers, Logplex drops the frame
   * @throws the database's error where an unremembered token could not be looked up: worth a later try
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

  async #find(token: string): Promise<KnownDrain | null> {
    const known = this.#remembered.get(token)
    if (known && known.until > this.#parts.now()) return known.drain
    try {
      return await this.#lookUpOnce(token)
    } catch (error) {
      // The database is away. A drain that was let in before is let in still: its lines wait for the database too.
      if (known?.drain) return known.drain
      throw error
    }
  }

  /** Many deliveries with one token share one look-up. */
  #lookUpOnce(token: string): Promise<KnownDrain | null> {
    const underWay = this.#underWay.get(token)
    if (underWay) return underWay
    const lookUp = this.#parts
      .findDrain(createHash('sha256').update(token).digest())
      .then((drain) => {
        this.#remember(token, drain)
        return drain
      })
      .finally(() => this.#underWay.delete(token))
    this.#underWay.set(token, lookUp)
    return lookUp
  }

  #remember(token: string, drain: KnownDrain | null): void {
    this.#remembered.delete(token)
    if (this.#remembered.size >= MAX_REMEMBERED) {
      const oldest = this.#remembered.keys().next().value
      if (oldest !== undefined) this.#remembered.delete(oldest)
    }
    // Only a yes is kept for long: the token of an ended resource may move to a new one.
    const rememberMs = drain?.state === 'provisioned' ? KNOWN_MS : UNKNOWN_MS
    this.#remembered.set(token, { drain, until: this.#parts.now() + rememberMs })
  }
}
