// Deliveries that were answered 204 although nobody could tell yet whose their token is. They wait in the database, not
// in the spool: the spool keeps an order per process and is replayed as soon as the store is back, while these wait for
// Heroku, and any process may be the one that learns of the token.
//
// HELD      from keep() on: durable, nobody reads it. Bounded in bytes for each resource, because the address of a
//           drain is no secret and anybody may send a made-up token there; one that does not fit is answered 503.
// RELEASED  its token turned out to be the resource's: stored as any delivery, under the time of its receipt. Stored
//           first and let go then, so a crash in between, or another process doing the same, stores it once: the frame
//           key tells.
// DROPPED   its token turned out to be another's, its resource ended, or a day went by; counted.
import type { FastifyBaseLogger } from 'fastify'
import { AppError } from '../errors.ts'
import type { Delivery, Filed } from '../logs/log-store.ts'
import type { KnownDrain, PlanLimits } from './admission.ts'
import type { DrainCounters } from './counters.ts'
import type { HeldStore, HeldToken } from './held-store.ts'
import type { Hold } from './hold.ts'
import type { Newcomer, Verdict } from './newcomers.ts'
import type { ReceivedDelivery } from './spool/delivery-record.ts'

export interface HeldDeliveriesParts {
  store: HeldStore
  findDrain(tokenDigest: Buffer): Promise<KnownDrain | null>
  lookFor(resourceId: string, tokenDigest: string): Promise<Verdict>
  limitsOf(plan: string): PlanLimits
  append(deliveries: readonly Delivery[]): Promise<Filed[]>
  isTransient(error: unknown): boolean
  counters: DrainCounters
  log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>
  now(): number
}

/** Of one resource: some minutes of a busy app. */
const LIMIT_BYTES = 4_000_000
const LONGEST_MS = 86_400_000
const TOKENS_AT_ONCE = 100
const DELIVERIES_AT_ONCE = 20

export class HeldDeliveries {
  readonly #parts: HeldDeliveriesParts

  constructor(parts: HeldDeliveriesParts) {
    this.#parts = parts
  }

  /** Resolves when the delivery is durable. @throws AppError store_unavailable where there is no room for it. */
  async keep(newcomer: Newcomer, delivery: ReceivedDelivery, hold: Hold): Promise<void> {
    const { store, counters } = this.#parts
    if (await hold.over(store.keep(newcomer, delivery, LIMIT_BYTES))) {
      counters.held++
      return
    }
    counters.heldFull++
    throw new AppError('store_unavailable')
  }

  /** Lets go of what can be decided by now. Safe in any number of processes at once. */
  async settle(): Promise<void> {
    const tokens = await this.#parts.store.tokens(TOKENS_AT_ONCE)
    // Together: tokens of one resource share one question to Heroku.
    await Promise.all(tokens.map((token) => this.#settle(token)))
  }

  async #settle(token: HeldToken): Promise<void> {
    const { lookFor, now } = this.#parts
    if (!token.isLive) return this.#drop(token, 'its resource has ended')
    const known = await this.#findDrain(token)
    if (known) return this.#release(token, known)
    const verdict = await lookFor(token.resourceId, token.tokenDigest.toString('hex'))
    if (verdict === 'foreign') return this.#drop(token, 'its token is not one of the resource')
    if (verdict === 'known') {
      const drain = await this.#findDrain(token)
      if (drain) return this.#release(token, drain)
    }
    if (now() - token.since > LONGEST_MS) return this.#drop(token, 'nobody could tell whose it is')
  }

  async #findDrain({ tokenDigest, resourceNumber }: HeldToken): Promise<KnownDrain | null> {
    const drain = await this.#parts.findDrain(tokenDigest)
    return drain?.state === 'provisioned' && drain.resourceNumber === resourceNumber ? drain : null
  }

  async #release(token: HeldToken, { drainId, resourceNumber, plan }: KnownDrain): Promise<void> {
    const { store, limitsOf, counters, log } = this.#parts
    let released = 0
    for (;;) {
      const held = await store.take(token, DELIVERIES_AT_ONCE)
      const deliveries = held.map(({ delivery }) => ({
        ...delivery,
        drainId,
        resourceNumber,
        ...limitsOf(plan),
      }))
      await this.#append(deliveries)
      await store.release(held.map(({ heldId }) => heldId))
      released += held.length
      if (held.length < DELIVERIES_AT_ONCE) break
    }
    counters.heldReleased += released
    log.info({ resource: token.resourceId, drainId, released }, 'deliveries of a new drain were released')
  }

  async #append(deliveries: readonly ReceivedDelivery[]): Promise<void> {
    if (deliveries.length === 0) return
    const { append, isTransient, counters, log } = this.#parts
    try {
      const filed = await append(deliveries)
      for (const [at, delivery] of deliveries.entries()) counters.kept(delivery, filed[at] as Filed)
    } catch (error) {
      if (isTransient(error)) throw error
      const [one, ...others] = deliveries
      // One that the store cannot take must not keep the others for ever.
      if (others.length > 0) {
        for (const delivery of deliveries) await this.#append([delivery])
        return
      }
      counters.heldDropped++
      log.error({ err: error, drainId: one?.drainId }, 'the store refuses a held delivery: dropped')
    }
  }

  async #drop(token: HeldToken, why: string): Promise<void> {
    const dropped = await this.#parts.store.drop(token)
    this.#parts.counters.heldDropped += dropped
    if (dropped > 0)
      this.#parts.log.warn({ resource: token.resourceId, dropped, why }, 'dropped held deliveries')
  }
}
