// Deliveries that were answered 204 before it was known whose token they carry. They wait in the database, not in the spool:
// the spool belongs to a process and is replayed as soon as the store is back, while these wait for Heroku, and any process
// may learn of the token.
//
// HELD      from keep() on: durable and invisible. Bounded in bytes for each resource, because a drain's address is no
//           secret and anyone may send a made-up token there; a delivery that does not fit is answered 503.
// RELEASED  its token is the resource's: stored like any delivery, under its time of receipt. Stored first and deleted
//           here then, so that a crash in between, or another process, stores it once by its frame key. One whose data
//           the store refuses stays and is retried with growing pauses.
// DROPPED   its token is another resource's, its resource ended, or a day has passed; counted.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { pauseMs } from '../back-off.ts'
import { isDataError } from '../database/sqlstate.ts'
import { AppError } from '../errors.ts'
import type { TokenVerdict } from '../heroku/attached-drains.ts'
import type { Delivery, Filed } from '../logs/log-store.ts'
import type { KnownDrain } from '../resources/drain-store.ts'
import type { PlanLimits } from './admission.ts'
import type { DrainCounters } from './counters.ts'
import type { HeldDelivery, HeldStore, HeldToken } from './held-store.ts'
import type { Hold } from './hold.ts'
import type { Newcomer } from './newcomers.ts'
import type { ReceivedDelivery } from './spool/delivery-record.ts'
import { type Failed, HALVE_EVERY, storeGroup } from './store-group.ts'

export interface HeldDeliveriesParts {
  store: HeldStore
  findDrain(tokenDigest: Buffer): Promise<KnownDrain | null>
  lookFor(resourceId: string, tokenDigest: string): Promise<TokenVerdict>
  limitsOf(plan: string): PlanLimits
  append(deliveries: readonly Delivery[]): Promise<Filed[]>
  counters: DrainCounters
  log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>
  now(): number
}

/** For one resource: some minutes of a busy app. */
const LIMIT_BYTES = 4_000_000
const LONGEST_MS = 86_400_000
const TOKENS_AT_ONCE = 100
const DELIVERIES_AT_ONCE = 20
const RETRY_PAUSE_MS = 100
/** Pauses of a delivery that the store refused. */
const REFUSED = { firstMs: 5_000, longestMs: 3_600_000 }
const MAX_REFUSED = 10_000

export class HeldDeliveries {
  readonly #parts: HeldDeliveriesParts
  /** By held id. */
  readonly #refused = new Map<string, { tries: number; dueAt: number }>()

  constructor(parts: HeldDeliveriesParts) {
    this.#parts = parts
  }

  /**
   * Resolves when the delivery is durable; tries for as long as it may be held.
   *
   * @throws AppError store_unavailable if there is no room, or no database
   */
  async keep(newcomer: Newcomer, delivery: ReceivedDelivery, hold: Hold): Promise<void> {
    const { store, counters } = this.#parts
    const isKept = await this.#retry(() => store.keep(newcomer, delivery, LIMIT_BYTES), hold)
    if (isKept) counters.held++
    else {
      counters.heldFull++
      throw new AppError('store_unavailable')
    }
  }

  /** Releases or drops what can be decided by now. Safe in any number of processes. */
  async settle(): Promise<void> {
    const tokens = await this.#parts.store.tokens(TOKENS_AT_ONCE)
    // In parallel: tokens of one resource share one list from Heroku.
    const settled = await Promise.allSettled(tokens.map((token) => this.#settle(token)))
    for (const one of settled) if (one.status === 'rejected') throw one.reason
  }

  async #retry<T>(work: () => Promise<T>, hold: Hold): Promise<T> {
    for (;;) {
      try {
        return await hold.over(work())
      } catch (error) {
        if (error instanceof AppError || isDataError(error)) throw error
        await hold.over(sleep(RETRY_PAUSE_MS)).catch(() => {
          throw new AppError('store_unavailable', {}, { cause: error })
        })
      }
    }
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
    const { store, limitsOf, counters, log, now } = this.#parts
    let released = 0
    let failure: Failed<HeldDelivery> | undefined
    for (let after = '0'; ; ) {
      const held = await store.take(token, after, DELIVERIES_AT_ONCE)
      const due = held
        .filter(({ heldId }) => (this.#refused.get(heldId)?.dueAt ?? 0) <= now())
        .map(({ heldId, delivery }) => ({
          heldId,
          delivery: { ...delivery, drainId, resourceNumber, ...limitsOf(plan) },
        }))
      const { stored, failed } = await this.#append(due)
      await store.release(stored)
      released += stored.length
      failure ??= failed[0]
      if (held.length < DELIVERIES_AT_ONCE) break
      after = held.at(-1)?.heldId as string
    }
    counters.heldReleased += released
    if (released > 0)
      log.info({ resource: token.resourceId, drainId, released }, 'deliveries of a new drain were released')
    if (failure) throw failure.error
  }

  /** Halves a failing group, so that a refused delivery does not block the others. */
  async #append(
    held: readonly HeldDelivery[],
  ): Promise<{ stored: string[]; failed: Failed<HeldDelivery>[] }> {
    const { append, counters, log } = this.#parts
    const stored: string[] = []
    if (held.length === 0) return { stored, failed: [] }
    const parts = {
      append: (group: readonly HeldDelivery[]) => append(group.map(({ delivery }) => delivery)),
      stored: ({ heldId, delivery }: HeldDelivery, as: Filed) => {
        stored.push(heldId)
        this.#refused.delete(heldId)
        counters.kept(delivery, as)
      },
      refused: ({ heldId, delivery }: HeldDelivery, error: unknown) => {
        this.#delay(heldId)
        counters.heldRefused++
        log.error({ err: error, drainId: delivery.drainId }, 'the store refused a held delivery; it stays')
      },
      onFailure: () => {},
    }
    const { failed } = await storeGroup(held, parts, HALVE_EVERY)
    return { stored, failed }
  }

  #delay(heldId: string): void {
    const tries = (this.#refused.get(heldId)?.tries ?? 0) + 1
    // Without an entry they are retried at once.
    if (this.#refused.size >= MAX_REFUSED) this.#refused.clear()
    this.#refused.set(heldId, { tries, dueAt: this.#parts.now() + pauseMs(tries, REFUSED, 0) })
  }

  async #drop(token: HeldToken, why: string): Promise<void> {
    const dropped = await this.#parts.store.drop(token)
    this.#parts.counters.heldDropped += dropped
    if (dropped > 0)
      this.#parts.log.warn({ resource: token.resourceId, dropped, why }, 'dropped held deliveries')
  }
}
