// Many deliveries, few commits. A commit waits for the disk; while it waits, what arrives gathers, and the next
// commit takes all of it. Under light load a delivery is committed at once and alone, under heavy load in groups.
//
// A delivery is
//   QUEUED    from file() until a writer is free. Given up by its callers or withdrawn it leaves here and is never
//             stored.
//   WRITING   from when a writer took its group until the store answered. It can no longer be given up: it may be
//             stored although its sender was told otherwise, and the sender's retry is then found a duplicate.
//             Withdrawn it is SETTLED at once, and not written again should this try fail.
//   SUSPECT   failed alone while others of its group were stored. It leaves its writer and is tried by itself, one suspect
//             at a time, until it is stored, withdrawn or given up.
//   SETTLED   its promise is resolved (stored or duplicate) or rejected.
// No error rejects a delivery, unless the store refuses its data: any other is tried again for as long as it is waited for.
// A second delivery with the key of one that is not settled is another caller of that one, and shares its fate.
import { AppError } from '../errors.ts'
import { deliveryCost } from '../logs/delivery-cost.ts'
import type { Delivery, Filed } from '../logs/log-store.ts'
import type { Hold } from './hold.ts'
import { type Failed, type GroupParts, storeGroup } from './store-group.ts'

export interface GroupCommitParts {
  append(deliveries: readonly Delivery[]): Promise<Filed[]>
  /** Commits under way at once. */
  writers: number
  /**
   * While a commit is under way another one starts only for a group of this size, or after a moment: what is smaller
   * gathers, because a commit costs nearly the same for one delivery as for twenty.
   */
  joinBytes: number
  /** A group is closed when its bodies reach this size. */
  groupBytes: number
  /** After a failure the writer waits this long before the group is tried again. */
  retryDelayMs: number
  onFailure(error: unknown, deliveries: number): void
}

/** A commit that hangs, waiting for another process's lock, must not keep the other writers idle. */
const JOIN_AFTER_MS = 50

interface Entry {
  delivery: Delivery
  key: string
  /** Who waits for it: the sender's tries that have not been answered. Given up by all of them it is not tried again. */
  callers: number
  settled: Promise<Filed>
  resolve(filed: Filed): void
  reject(error: unknown): void
}

export class GroupCommit {
  readonly #parts: GroupCommitParts
  /** In the order of arrival; a set, because any of them may leave. */
  readonly #queue = new Set<Entry>()
  #queuedBytes = 0
  #joinTimer: NodeJS.Timeout | undefined
  #isJoinDue = false
  readonly #underWay = new Map<string, Entry>()
  readonly #writing = new Set<Promise<void>>()
  readonly #suspects = new Set<Entry>()
  readonly #groupParts: GroupParts<Entry, Filed>

  constructor(parts: GroupCommitParts) {
    this.#parts = parts
    this.#groupParts = {
      append: (entries) => parts.append(entries.map(({ delivery }) => delivery)),
      stored: (entry, filed) => entry.resolve(filed),
      refused: (entry, error) => entry.reject(error),
      onFailure: parts.onFailure,
    }
  }

  get queued(): number {
    return this.#queue.size
  }

  /**
   * Resolves when the delivery is durable, or was before. Rejects with the data error for which the store refuses it, or
   * when it cannot be held any longer: then it may still be stored.
   */
  async file(delivery: Delivery, hold: Hold): Promise<Filed> {
    // Not begun it need not be given up: with a writer free it would be written at once, and stored for nobody.
    if (hold.isOver) throw new AppError('store_unavailable')
    const key = keyOf(delivery)
    const first = this.#underWay.get(key)
    const entry = first ?? this.#enqueue(delivery, key)
    entry.callers++
    const filed = await hold.over(entry.settled, (reason) => this.#giveUp(entry, reason))
    return first ? 'duplicate' : filed
  }

  /** It has become durable elsewhere: whoever waits for it is told so, and it is written here no more. */
  withdraw(delivery: Delivery): void {
    const entry = this.#underWay.get(keyOf(delivery))
    if (entry === undefined) return
    entry.callers = 0
    if (this.#queue.delete(entry)) this.#queuedBytes -= deliveryCost(delivery)
    this.#underWay.delete(entry.key)
    entry.resolve('duplicate')
  }

  /** Resolves when nothing is queued or being written, but for what was withdrawn. For shutdown, after the last file(). */
  async drained(): Promise<void> {
    while (this.#underWay.size > 0) {
      await Promise.allSettled([...this.#underWay.values()].map((entry) => entry.settled))
    }
  }

  #enqueue(delivery: Delivery, key: string): Entry {
    const { promise, resolve, reject } = withResolvers<Filed>()
    const entry: Entry = { delivery, key, callers: 0, settled: promise, resolve, reject }
    const forget = () => {
      if (this.#underWay.get(key) === entry) this.#underWay.delete(key)
    }
    // Its caller may have left; whoever shares its fate still sees the rejection.
    promise.then(forget, forget)
    this.#queue.add(entry)
    this.#queuedBytes += deliveryCost(delivery)
    this.#underWay.set(key, entry)
    this.#startWriter()
    return entry
  }

  #giveUp(entry: Entry, reason: unknown): void {
    entry.callers--
    if (entry.callers > 0 || !this.#queue.delete(entry)) return
    this.#queuedBytes -= deliveryCost(entry.delivery)
    entry.reject(reason)
  }

  #startWriter(): void {
    if (this.#queue.size === 0 || this.#writing.size >= this.#parts.writers) return
    if (this.#writing.size > 0 && this.#queuedBytes < this.#parts.joinBytes && !this.#isJoinDue) {
      this.#joinTimer ??= setTimeout(() => {
        this.#joinTimer = undefined
        this.#isJoinDue = true
        this.#startWriter()
      }, JOIN_AFTER_MS)
      return
    }
    clearTimeout(this.#joinTimer)
    this.#joinTimer = undefined
    this.#isJoinDue = false
    const writing: Promise<void> = this.#write(this.#takeGroup()).finally(() => {
      this.#writing.delete(writing)
      this.#startWriter()
    })
    this.#writing.add(writing)
    this.#startWriter() // another one, where the queue holds more than this group took
  }

  #takeGroup(): Entry[] {
    const group: Entry[] = []
    let bytes = 0
    for (const entry of this.#queue) {
      group.push(entry)
      this.#queue.delete(entry)
      bytes += deliveryCost(entry.delivery)
      if (bytes >= this.#parts.groupBytes) break
    }
    this.#queuedBytes -= bytes
    return group
  }

  /** Never rejects: each entry is settled, or a suspect. */
  async #write(group: Entry[]): Promise<void> {
    let entries = group
    for (let tries = 1; entries.length > 0; tries++) {
      const { failed, hasStored } = await storeGroup(entries, this.#groupParts, tries)
      const isSuspect = ({ isAlone }: Failed<Entry>) => isAlone && hasStored
      this.#suspect(failed.filter(isSuspect))
      entries = await this.#stillWanted(failed.filter((one) => !isSuspect(one)))
    }
  }

  #suspect(suspects: readonly Failed<Entry>[]): void {
    const isRunning = this.#suspects.size > 0
    for (const { item } of suspects) this.#suspects.add(item)
    if (!isRunning) void this.#trySuspects()
  }

  async #trySuspects(): Promise<void> {
    while (this.#suspects.size > 0) {
      for (const entry of this.#suspects) {
        const { failed } = await storeGroup([entry], this.#groupParts, 1)
        if ((await this.#stillWanted(failed)).length === 0) this.#suspects.delete(entry)
      }
    }
  }

  /** Waits before the next try and lets go of those whose callers have left. */
  async #stillWanted(failed: readonly Failed<Entry>[]): Promise<Entry[]> {
    if (failed.length === 0) return []
    await new Promise((resolve) => setTimeout(resolve, this.#parts.retryDelayMs))
    for (const { item, error } of failed) if (item.callers <= 0) item.reject(error)
    return failed.map(({ item }) => item).filter(({ callers }) => callers > 0)
  }
}

function keyOf(delivery: Delivery): string {
  return `${delivery.drainId}:${delivery.frameKey.id}`
}

/** Promise.withResolvers, which Node 20 has not. */
function withResolvers<T>(): Pick<Entry, 'reject'> & { promise: Promise<T>; resolve(value: T): void } {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
