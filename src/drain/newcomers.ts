// An unknown drain token on a known resource: most likely of an app that was just attached, which Heroku does not report.
// The delivery waits while Heroku is asked whose the token is. If that takes too long, the delivery is not refused, because
// Logplex drops it for good on a 4xx, and after three tries within milliseconds on a 5xx: it is held (held-deliveries.ts) and
// answered 204.
import { LRUCache } from 'lru-cache'
import { AppError } from '../errors.ts'
import type { TokenVerdict } from '../heroku/attached-drains.ts'
import { digestDrainToken } from '../resources/drain-token.ts'
import { RESOURCE_ID } from '../resources/resource.ts'
import type { Admission, AdmittedDrain } from './admission.ts'

/** Admitted with an unknown token. */
export interface Newcomer {
  resourceNumber: number
  tokenDigest: Buffer
}

export interface NewcomersParts {
  admission: Pick<Admission, 'admit' | 'forget'>
  findResource(id: string): Promise<{ number: number; state: 'provisioned' | 'deprovisioned' } | null>
  /** Finds out whose token it is; bounds its own calls to Heroku. */
  lookFor(resourceId: string, tokenDigest: string): Promise<TokenVerdict>
  /** Longest wait for the verdict; the rest of the hold is for storing the delivery as held. */
  waitMs: number
  now(): number
}

/** The form of Heroku's tokens. Heroku is not asked about any other. */
const DRAIN_TOKEN = /^d\.[\w-]{8,64}$/
const REMEMBER_MS = 5_000
/** For existing resources and for made-up ids each, so that the latter displace none of the former. */
const MAX_REMEMBERED = 5_000
/** Deliveries that wait at once. More are held without a wait. */
const MAX_WAITING = 200

type KnownResource = { id: string; number: number }

export class Newcomers {
  readonly #parts: NewcomersParts
  readonly #resources = new LRUCache<string, KnownResource & { until: number }>({ max: MAX_REMEMBERED })
  /** Until when the id counts as unknown. */
  readonly #unknown = new LRUCache<string, number>({ max: MAX_REMEMBERED })
  #waiting = 0

  constructor(parts: NewcomersParts) {
    this.#parts = parts
  }

  /**
   * @param tokens candidates of the delivery; admission knows none of them
   * @param resourceId from the delivery's address: where to look, no proof
   * @throws AppError drain_token_unknown: final, Logplex drops the frame
   */
  async admit(tokens: readonly string[], resourceId: string): Promise<AdmittedDrain | Newcomer> {
    const token = tokens.find((one) => DRAIN_TOKEN.test(one))
    const resource = token === undefined ? null : await this.#find(resourceId.toLowerCase())
    if (token === undefined || resource === null) throw new AppError('drain_token_unknown')
    const tokenDigest = digestDrainToken(token)
    const verdict = await this.#verdict(resource.id, tokenDigest.toString('hex'))
    if (verdict === 'foreign') throw new AppError('drain_token_unknown')
    if (verdict === 'unsure') return { resourceNumber: resource.number, tokenDigest }
    this.#parts.admission.forget(token)
    return this.#parts.admission.admit([token])
  }

  /** The look-up continues after this delivery stops waiting; the next delivery uses its result. */
  async #verdict(resourceId: string, tokenDigest: string): Promise<TokenVerdict> {
    const verdict = this.#parts.lookFor(resourceId, tokenDigest)
    if (this.#waiting >= MAX_WAITING) return 'unsure'
    this.#waiting++
    let timer: NodeJS.Timeout | undefined
    const tooLate = new Promise<TokenVerdict>((resolve) => {
      timer = setTimeout(() => resolve('unsure'), this.#parts.waitMs)
    })
    try {
      return await Promise.race([verdict, tooLate])
    } finally {
      clearTimeout(timer)
      this.#waiting--
    }
  }

  /** The live resource of that id. Made-up ids cost one query in five seconds each. */
  async #find(id: string): Promise<KnownResource | null> {
    if (!RESOURCE_ID.test(id)) return null
    const { now, findResource } = this.#parts
    if ((this.#unknown.get(id) ?? 0) > now()) return null
    const remembered = this.#resources.get(id)
    if (remembered && remembered.until > now()) return remembered
    const found = await findResource(id)
    const until = now() + REMEMBER_MS
    if (found?.state !== 'provisioned') {
      this.#resources.delete(id)
      this.#unknown.set(id, until)
      return null
    }
    const resource = { id, number: found.number, until }
    this.#resources.set(id, resource)
    return resource
  }
}
