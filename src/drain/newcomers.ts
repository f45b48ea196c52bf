// A drain token that nobody knows, on a resource that we do: most likely an app that the resource was just attached to,
// of which nobody tells us. Its delivery waits while somebody asks Heroku whose the token is. Where that takes too long
// the delivery is not refused: Logplex drops it for good on a 4xx, and after three tries within milliseconds on a 5xx.
// It is put aside (held-deliveries.ts) and answered 204.
//
// A known token never comes here.
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { AppError } from '../errors.ts'
import type { Admission, AdmittedDrain } from './admission.ts'

/** known: stored as the resource's drain by now. foreign: not the resource's. unsure: nobody can tell at the moment. */
export type Verdict = 'known' | 'foreign' | 'unsure'

/** Let in without being known. */
export interface Newcomer {
  resourceNumber: number
  tokenDigest: Buffer
}

export interface NewcomersParts {
  admission: Pick<Admission, 'admit' | 'forget'>
  findResource(id: string): Promise<{ number: number; state: 'provisioned' | 'deprovisioned' } | null>
  /** Whose token is it? Bounds by itself how often Heroku is asked. */
  lookFor(resourceId: string, tokenDigest: string): Promise<Verdict>
  /** How long a delivery may wait for the verdict; the rest of its time is for putting it aside. */
  waitMs: number
  now(): number
}

/** As Heroku makes them. What looks otherwise it never made, and asking for it is no use. */
const DRAIN_TOKEN = /^d\.[\w-]{8,64}$/
const RESOURCE_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const REMEMBER_MS = 5_000
/** Of each: resources that there are, and made-up ones, which displace none of those. */
const MAX_REMEMBERED = 5_000
/** Deliveries that wait at once. More are put aside without a wait. */
const MAX_WAITING = 200

type KnownResource = { id: string; number: number }

export class Newcomers {
  readonly #parts: NewcomersParts
  readonly #resources = new LRUCache<string, KnownResource & { until: number }>({ max: MAX_REMEMBERED })
  /** Until when there is none of that id. */
  readonly #unknown = new LRUCache<string, number>({ max: MAX_REMEMBERED })
  #waiting = 0

  constructor(parts: NewcomersParts) {
    this.#parts = parts
  }

  /**
   * @param tokens what the delivery may be meaning by a token; admission knows none of them
   * @param resourceId as the delivery's address has it: names what to look at, and proves nothing
   * @throws AppError drain_token_unknown: final, Logplex drops the frame
   */
  async admit(tokens: readonly string[], resourceId: string): Promise<AdmittedDrain | Newcomer> {
    const token = tokens.find((one) => DRAIN_TOKEN.test(one))
    const resource = token === undefined ? null : await this.#find(resourceId.toLowerCase())
    if (token === undefined || resource === null) throw new AppError('drain_token_unknown')
    const tokenDigest = createHash('sha256').update(token).digest()
    const verdict = await this.#verdict(resource.id, tokenDigest.toString('hex'))
    if (verdict === 'foreign') throw new AppError('drain_token_unknown')
    if (verdict === 'unsure') return { resourceNumber: resource.number, tokenDigest }
    this.#parts.admission.forget(token)
    return this.#parts.admission.admit([token])
  }

  /** What is asked goes on behind a delivery that waits no longer: the next one profits. */
  async #verdict(resourceId: string, tokenDigest: string): Promise<Verdict> {
    const verdict = this.#parts.lookFor(resourceId, tokenDigest)
    if (this.#waiting >= MAX_WAITING) return 'unsure'
    this.#waiting++
    let timer: NodeJS.Timeout | undefined
    const tooLate = new Promise<Verdict>((resolve) => {
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
