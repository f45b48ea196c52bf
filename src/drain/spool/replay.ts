// Records of the spool on their way into the store, in order, until each is stored or set aside. Reads no disk.
import { setTimeout as sleep } from 'node:timers/promises'
import { deliveryCost } from '../../logs/delivery-cost.ts'
import type { Delivery, Filed } from '../../logs/log-store.ts'
import { HALVE_EVERY, storeGroup } from '../store-group.ts'

/** `ended`: its resource was deprovisioned so long ago that its lines are deleted; it was not stored. */
export type Replayed = Filed | 'ended'

export interface ReplayParts<D extends Delivery> {
  append(deliveries: readonly D[]): Promise<Replayed[]>
  onFailure(error: unknown, deliveries: number): void
  onDone(delivery: D, replayed: Replayed): void
  /** Sets aside what the store refuses because of what is in it. */
  refuse(delivery: D, error: unknown): Promise<void>
  /** Whether the store takes what waits after these deliveries. */
  takesNext(): Promise<boolean>
  /**
   * Keeps for later what fails alone, for whatever reason, while others are stored.
   *
   * @returns false where that is not possible
   */
  postpone(delivery: D, error: unknown): Promise<boolean>
}

const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 2_000

/**
 * Resolves when all of them are stored, set aside or postponed. While the store takes nothing it is asked again and again,
 * ever more slowly, for as long as it takes.
 *
 * @throws the signal's reason when that aborts; what is stored by then is found a duplicate next time.
 */
export async function replay<D extends Delivery>(
  deliveries: readonly D[],
  parts: ReplayParts<D>,
  signal: AbortSignal,
): Promise<void> {
  for (const group of withoutRepeats(deliveries)) await store(group, parts, signal)
}

/** What a segment holds of usual deliveries; of tiny lines, its bytes become twenty times as much. */
const GROUP_COST_BYTES = 8_000_000

/** The store takes a key once in a call. A repeated one begins the next group: it may be a new batch by then. */
export function withoutRepeats<D extends Delivery>(deliveries: readonly D[]): D[][] {
  const groups: D[][] = []
  let group: D[] = []
  let keys = new Set<string>()
  let cost = 0
  for (const delivery of deliveries) {
    const key = `${delivery.drainId}:${delivery.frameKey.id}`
    if (group.length === 0 || keys.has(key) || cost >= GROUP_COST_BYTES) {
      group = []
      cost = 0
      keys = new Set()
      groups.push(group)
    }
    group.push(delivery)
    keys.add(key)
    cost += deliveryCost(delivery)
  }
  return groups
}

async function store<D extends Delivery>(
  group: readonly D[],
  parts: ReplayParts<D>,
  signal: AbortSignal,
): Promise<void> {
  const groupParts = {
    append: parts.append,
    stored: parts.onDone,
    refused: parts.refuse,
    onFailure: parts.onFailure,
  }
  let left = group
  let delayMs = FIRST_DELAY_MS
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted()
    const { failed, hasStored } = await storeGroup(left, groupParts, tries)
    const stuck = tries < HALVE_EVERY ? [] : failed.filter(({ isAlone }) => isAlone)
    const othersPass = stuck.length > 0 && (hasStored || (await parts.takesNext()))
    const postponed = new Set<D>()
    for (const { item, error } of othersPass ? stuck : []) {
      if (await parts.postpone(item, error)) postponed.add(item)
    }
    left = failed.map(({ item }) => item).filter((item) => !postponed.has(item))
    if (left.length === 0) return
    if (hasStored) delayMs = FIRST_DELAY_MS
    await sleep(delayMs, undefined, { signal })
    delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)
  }
}
