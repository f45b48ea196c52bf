// Stores a group of deliveries in one commit, and finds the one that keeps the others out.
//
// An error says nothing about a delivery, unless it is a data error and the delivery stood alone. So:
//   data error      The group is halved until what causes it stands alone. That one is refused.
//   passing error   The whole group has failed; the caller tries it again.
//   any other       The same, but every third try halves the group, in case one delivery causes the error after all
//                   (54000, XX000, a fault of ours). The caller must not let what fails alone delay what is stored.
import { isDataError, isTransient } from '../database/sqlstate.ts'

export interface GroupParts<T, R> {
  append(items: readonly T[]): Promise<R[]>
  stored(item: T, as: R): void
  /** The store does not take this one, because of what is in it. */
  refused(item: T, error: unknown): void | Promise<void>
  onFailure(error: unknown, items: number): void
}

/** Neither stored nor refused. */
export interface Failed<T> {
  item: T
  error: unknown
  isAlone: boolean
}

export interface Outcome<T> {
  failed: Failed<T>[]
  hasStored: boolean
}

export const HALVE_EVERY = 3

/** @param tries of this group, from 1 */
export async function storeGroup<T, R>(
  group: readonly T[],
  parts: GroupParts<T, R>,
  tries: number,
): Promise<Outcome<T>> {
  const failed: Failed<T>[] = []
  let hasStored = false
  const isHalving = tries % HALVE_EVERY === 0
  // Down to one delivery and no further, unless something is stored: a store that takes nothing is not asked for each.
  const halvings = isHalving ? Math.ceil(Math.log2(group.length)) + 1 : 0
  let halvingsLeft = halvings

  async function store(items: readonly T[]): Promise<void> {
    let as: R[]
    try {
      as = await parts.append(items)
    } catch (error) {
      parts.onFailure(error, items.length)
      await fail(items, error)
      return
    }
    hasStored = true
    halvingsLeft = halvings
    for (const [at, item] of items.entries()) parts.stored(item, as[at] as R)
  }

  async function fail(items: readonly T[], error: unknown): Promise<void> {
    const isAlone = items.length === 1
    if (isDataError(error)) {
      if (isAlone) await parts.refused(items[0] as T, error)
      else await storeHalves(items)
      return
    }
    if (!isAlone && !isTransient(error) && halvingsLeft > 0) {
      halvingsLeft--
      await storeHalves(items)
      return
    }
    for (const item of items) failed.push({ item, error, isAlone })
  }

  async function storeHalves(items: readonly T[]): Promise<void> {
    const middle = items.length >> 1
    await store(items.slice(0, middle))
    await store(items.slice(middle))
  }

  await store(group)
  return { failed, hasStored }
}
