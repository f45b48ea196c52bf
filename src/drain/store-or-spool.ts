// Where a delivery becomes durable: in the store, or while that is slow or away, in the spool on local disk.
//
// STORING      Deliveries go to the group commit. One that is not committed after `spoolAfterMs` goes to the spool
//              as well, is answered, and leaves the commit's queue → SPOOLING. It may be committed all the same, in
//              a transaction that was under way: its replay is then found a duplicate. Time alone decides, not an
//              error: most of those pass within the group commit's own tries. One whose data the store refuses is set
//              aside and answered: a sender who is told to come again brings the same, three times, and drops it.
// SPOOLING     New deliveries go straight to the spool: none of them waits for a store that made others wait, and
//              none overtakes what came before. The replay stores the oldest, piece by piece, for as long as it
//              takes. Once little is left → CATCHING UP.
// CATCHING UP  New deliveries wait in memory, because under load the spool would never be empty while it takes
//              some. The spool is drained → STORING. That takes longer than `spoolAfterMs`, or the store fails
//              → SPOOLING. Either way they go on from there.
//
// In any state: what the spool refuses, being full or on a broken disk, is held in the group commit's queue until
// its sender has to be answered. It may then be stored before what is spooled; a line out of order is better than a
// lost one. Lines are read in the order of their receipt in any case, which is part of the spooled record.
//
// Starts in SPOOLING where a former life, or another process that died, has left something.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { isDataError } from '../database/sqlstate.ts'
import type { Delivery, Filed } from '../logs/log-store.ts'
import { throttle } from '../operations/throttle.ts'
import type { DrainCounters } from './counters.ts'
import type { GroupCommit } from './group-commit.ts'
import type { Hold } from './hold.ts'
import { RetrySetAside } from './retry-set-aside.ts'
import type { ReceivedDelivery } from './spool/delivery-record.ts'
import { type Replayed, replay } from './spool/replay.ts'
import type { AsideFigures } from './spool/set-aside.ts'
import { type Piece, type Spool, SpoolRefusal } from './spool/spool.ts'

/**
 * `spooled`: on disk, and in the store as soon as that is back.
 * `set_aside`: on disk, because the store refuses it as it is; tried again by itself.
 */
export type Kept = Filed | 'spooled' | 'set_aside'

export interface StoreOrSpoolParts {
  commit: GroupCommit
  spool: Spool
  append(deliveries: readonly Delivery[]): Promise<Filed[]>
  /** Those of the resources whose lines are deleted, or will be before anything that is appended now is committed. */
  findEnded(resourceNumbers: readonly number[]): Promise<number[]>
  onFailure(error: unknown, deliveries: number): void
  /** Told when the state changes, and of what should not be. */
  log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>
  /** Told of a delivery that was answered 204 and is lost: the store refuses it, and there is no room to set it aside. */
  onLost(delivery: Delivery): void
  counters: DrainCounters
  spoolAfterMs: number
  /** This little is left when deliveries begin to wait for the end of the replay. */
  catchUpBytes: number
}

type State = 'storing' | 'spooling' | 'catching up'

/** After the replay failed on something that is not the store. */
const REPLAY_PAUSE_MS = 1_000
/** Another process of this machine may die and not come back. */
const ADOPT_EVERY_MS = 30_000
/** How long a shutdown waits for commits under way, and then for the replay. */
const CLOSE_MS = 3_000
/** One line of the log tells of all that were set aside in this time. */
const TELL_REFUSED_EVERY_MS = 5_000

export class StoreOrSpool {
  readonly #parts: StoreOrSpoolParts
  #state: State = 'storing'
  /** Deliveries that wait for the end of CATCHING UP. */
  #waiting: (() => void)[] = []
  #catchUpTimer: NodeJS.Timeout | undefined
  #replaying: Promise<void> | null = null
  readonly #stopping = new AbortController()
  readonly #adoptTimer: NodeJS.Timeout
  readonly #retrying: RetrySetAside
  readonly #tellRefused: (kind: string, refused: { error: unknown; delivery: Delivery }) => void

  constructor(parts: StoreOrSpoolParts) {
    this.#parts = parts
    this.#tellRefused = throttle(TELL_REFUSED_EVERY_MS, ({ error, delivery }, deliveries) =>
      parts.log.error({ err: error, drainId: delivery.drainId, deliveries }, 'the store refused deliveries'),
    )
    this.#retrying = new RetrySetAside({
      aside: parts.spool.aside,
      append: (deliveries) => this.#appendLive(deliveries),
      onFailure: parts.onFailure,
      stored: (delivery, as, wasRefused) => {
        if (wasRefused) parts.counters.spoolRejectedStored++
        this.#count(delivery, as)
      },
      refuse: (delivery, error) => this.#refuse(delivery, error, () => parts.spool.aside.refuse(delivery)),
      damaged: (places) => {
        parts.counters.spoolCorrupt += places
      },
      isStoring: () => this.#state === 'storing',
      log: parts.log,
    })
    this.#adoptTimer = setInterval(() => void this.#adopt(), ADOPT_EVERY_MS)
    this.#adoptTimer.unref()
    if (!parts.spool.isDrained)
      this.#startSpooling('a former life of the service left deliveries in the spool')
  }

  get state(): State {
    return this.#state
  }

  get spooledBytes(): number {
    return this.#parts.spool.bytes
  }

  get refused(): AsideFigures {
    return this.#parts.spool.aside.refused()
  }

  /** Resolves when the delivery is durable. Rejects as the group commit does. */
  async keep(delivery: ReceivedDelivery, hold: Hold): Promise<Kept> {
    while (this.#state === 'catching up') await hold.over(this.#caughtUp())
    if (this.#state === 'spooling') {
      return (await this.#spool(delivery, hold)) ?? this.#countFull(this.#commit(delivery, hold))
    }
    const filed = this.#parts.commit.file(delivery, hold)
    if (await settlesWithin(this.#parts.spoolAfterMs, filed)) return this.#orAside(filed, delivery, hold)
    const spooled = await this.#spool(delivery, hold)
    if (spooled === null) return this.#countFull(this.#orAside(filed, delivery, hold))
    // From here on the replay decides about it: a data error of this commit must not set it aside a second time.
    this.#parts.commit.withdraw(delivery)
    return spooled
  }

  /**
   * After the last keep(). Waits a while for the store to take what is left; what it does not take stays on disk for
   * the next process.
   */
  async close(): Promise<void> {
    clearInterval(this.#adoptTimer)
    const retried = this.#retrying.stop()
    await settlesWithin(CLOSE_MS, this.#parts.commit.drained())
    if (this.#replaying) await settlesWithin(CLOSE_MS, this.#replaying)
    await settlesWithin(CLOSE_MS, retried)
    clearTimeout(this.#catchUpTimer)
    this.#stopping.abort()
    await this.#parts.spool.close()
  }

  #commit(delivery: ReceivedDelivery, hold: Hold): Promise<Kept> {
    return this.#orAside(this.#parts.commit.file(delivery, hold), delivery, hold)
  }

  /** Sets the delivery aside if the store refuses its data. */
  async #orAside(filed: Promise<Filed>, delivery: ReceivedDelivery, hold: Hold): Promise<Kept> {
    try {
      return await filed
    } catch (error) {
      if (!isDataError(error) || !(await hold.over(this.#parts.spool.aside.refuse(delivery)))) throw error
      this.#countRefused(delivery, error)
      return 'set_aside'
    }
  }

  /** Null where the spool refuses it. */
  async #spool(delivery: ReceivedDelivery, hold: Hold): Promise<Kept | null> {
    try {
      const kept = await hold.start(() => this.#parts.spool.append(delivery))
      this.#startSpooling('the store is slow or away: deliveries go to the spool')
      return kept
    } catch (error) {
      if (error instanceof SpoolRefusal) return null
      throw error
    }
  }

  async #countFull(committed: Promise<Kept>): Promise<Kept> {
    try {
      return await committed
    } catch (error) {
      this.#parts.counters.spoolFull++
      throw error
    }
  }

  #enter(state: State): void {
    this.#state = state
    clearTimeout(this.#catchUpTimer)
    if (state === 'catching up') {
      this.#catchUpTimer = setTimeout(() => this.#enter('spooling'), this.#parts.spoolAfterMs)
      return
    }
    for (const goOn of this.#waiting.splice(0)) goOn()
  }

  #caughtUp(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #startSpooling(why: string): void {
    if (this.#state === 'storing') {
      this.#parts.log.warn({ directory: this.#parts.spool.directory }, why)
      this.#enter('spooling')
    }
    this.#startReplay()
  }

  #startReplay(): void {
    this.#replaying ??= this.#replayAll().finally(() => {
      this.#replaying = null
      // Spooling began again between its last look and now.
      if (this.#state !== 'storing' && !this.#stopping.signal.aborted) this.#startReplay()
    })
  }

  async #replayAll(): Promise<void> {
    const { spool, log } = this.#parts
    while (!this.#stopping.signal.aborted) {
      try {
        const piece = await spool.next()
        if (piece) await this.#replayPiece(piece)
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        log.error({ err: error }, 'the spool could not be replayed; tried again')
        await sleep(REPLAY_PAUSE_MS)
      }
      if (!spool.isDrained) continue
      this.#enter('storing')
      log.info({}, 'the spool is replayed: deliveries go to the store')
      return
    }
  }

  async #replayPiece(piece: Piece): Promise<void> {
    const { spool, counters, log } = this.#parts
    counters.spoolCorrupt += piece.damages
    const parts = {
      append: (deliveries: readonly ReceivedDelivery[]) => this.#appendLive(deliveries),
      onFailure: (error: unknown, deliveries: number) => {
        if (this.#state === 'catching up') this.#enter('spooling')
        this.#parts.onFailure(error, deliveries)
      },
      onDone: (delivery: Delivery, replayed: Replayed) => this.#count(delivery, replayed),
      refuse: (delivery: ReceivedDelivery, error: unknown) =>
        this.#refuse(delivery, error, () => spool.refuse(piece, delivery)),
      takesNext: () => this.#takesNext(piece),
      postpone: async (delivery: ReceivedDelivery, error: unknown) => {
        if (!(await spool.postpone(delivery))) return false
        counters.spoolPostponed++
        log.warn(
          { err: error, drainId: delivery.drainId },
          'a delivery failed while others were stored: postponed',
        )
        return true
      },
    }
    await replay(piece.deliveries, parts, this.#stopping.signal)
    // Closed meanwhile, the spool may be another process's by now.
    this.#stopping.signal.throwIfAborted()
    await spool.release(piece)
    const isLittle = !spool.isDrained && spool.waitingBytes <= this.#parts.catchUpBytes
    if (this.#state === 'spooling' && isLittle) this.#enter('catching up')
  }

  /** Whether what the store fails to take is about the piece: another delivery tells. */
  async #takesNext(piece: Piece): Promise<boolean> {
    const next = await this.#parts.spool.peekAfter(piece)
    if (next === null) return false
    try {
      const [as] = await this.#appendLive([next])
      // On its own turn it is found a duplicate.
      if (as === 'stored') this.#parts.counters.kept(next, as)
      return true
    } catch (error) {
      this.#parts.onFailure(error, 1)
      return false
    }
  }

  /** One that was answered 204. */
  async #refuse(delivery: ReceivedDelivery, error: unknown, setAside: () => Promise<boolean>): Promise<void> {
    if (await setAside()) return this.#countRefused(delivery, error)
    const { counters, log, onLost } = this.#parts
    counters.spoolRejectedLost++
    onLost(delivery)
    log.error(
      { err: error, drainId: delivery.drainId },
      'a delivery that the store refuses was lost: no room',
    )
  }

  #countRefused(delivery: Delivery, error: unknown): void {
    this.#parts.counters.spoolRejected++
    const { code, name } = error as { code?: unknown; name?: unknown }
    this.#tellRefused(String(code ?? name), { error, delivery })
  }

  #count(delivery: Delivery, replayed: Replayed): void {
    const { counters } = this.#parts
    if (replayed === 'ended') counters.spoolEnded++
    else {
      counters.replayed++
      counters.kept(delivery, replayed)
    }
  }

  /** A spool may have waited for longer than a deprovisioned resource's lines are kept. Deleted is deleted. */
  async #appendLive(deliveries: readonly ReceivedDelivery[]): Promise<Replayed[]> {
    const ended = new Set(await this.#parts.findEnded(deliveries.map((delivery) => delivery.resourceNumber)))
    const live = deliveries.filter(({ resourceNumber }) => !ended.has(resourceNumber))
    const filed = live.length > 0 ? await this.#parts.append(live) : []
    const outcomes = new Map(live.map((delivery, at) => [delivery, filed[at]]))
    return deliveries.map((delivery) => outcomes.get(delivery) ?? 'ended')
  }

  async #adopt(): Promise<void> {
    try {
      const segments = await this.#parts.spool.adopt()
      if (segments > 0) this.#startSpooling('another process died and left deliveries in its spool')
    } catch (error) {
      this.#parts.log.error({ err: error }, 'the spools of dead processes could not be looked for')
    }
  }
}

/** Whether it is settled by then, one way or the other. */
function settlesWithin(timeoutMs: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    // One turn later: where this process stood still itself, the answer is waiting behind the timer.
    const timer = setTimeout(() => setImmediate(() => resolve(false)), timeoutMs)
    const settle = () => {
      clearTimeout(timer)
      resolve(true)
    }
    promise.then(settle, settle)
  })
}
