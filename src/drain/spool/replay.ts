// Records of the spool on their way into the store, in order, until each is stored or set aside. Reads no disk.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivery, Filed } from '../../logs/log-store.ts'

/** `ended`: its resource was deprovisioned so long ago that its lines are deleted; it was not stored. */
export type Replayed = Filed | 'ended'

export interface ReplayParts<D extends Delivery> {
  append(deliveries: readonly D[]): Promise<Replayed[]>
  isTransient(error: unknown): boolean
  onFailure(error: unknown, deliveries: number): void
  onDone(delivery: D, replayed: Replayed): void
  /** Sets aside what the store refuses for its own sake. */
  reject(delivery: D, error: unknown): Promise<void>
}

const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 2_000

/**
 * Resolves when all of them are stored or set aside. While the store is away it is asked again and again, ever more
 * slowly.
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

/** The store takes a key once in a call. A repeated one begins the next group: it may be a new batch by then. */
export function withoutRepeats<D extends Delivery>(deliveries: readonly D[]): D[][] {
  const groups: D[][] = []
  let group: D[] = []
  let keys = new Set<string>()
  for (const delivery of deliveries) {
    const key = `${delivery.drainId}:${delivery.frameKey.id}`
    if (group.length === 0 || keys.has(key)) {
      group = []
      keys = new Set()
      groups.push(group)
    }
    group.push(delivery)
    keys.add(key)
  }
  return groups
}

async function store<D extends Delivery>(
  group: readonly D[],
  parts: ReplayParts<D>,
  signal: AbortSignal,
): Promise<void> {
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)) {
    signal.throwIfAborted()
    try {
      const replayed = await parts.append(group)
      for (const [at, delivery] of group.entries()) parts.onDone(delivery, replayed[at] as Replayed)
      return
    } catch (error) {
      parts.onFailure(error, group.length)
      if (!parts.isTransient(error)) return await storeHalves(group, error, parts, signal)
      await sleep(delayMs, undefined, { signal })
    }
  }
}

/** One that the store cannot take must not cost the others: halve until it stands alone. */
async function storeHalves<D extends Delivery>(
  group: readonly D[],
  error: unknown,
  parts: ReplayParts<D>,
  signal: AbortSignal,
): Promise<void> {
  if (group.length === 1) return await parts.reject(group[0] as D, error)
  const middle = group.length >> 1
  await store(group.slice(0, middle), parts, signal)
  await store(group.slice(middle), parts, signal)
}
