// How much of its daily volume a resource will have used by midnight UTC. Pure.

const DAY_MS = 86_400_000
/** Before, a day says too little about itself: a nightly import would be taken for its whole. */
const TRUSTED_AFTER_MS = 2 * 3_600_000

/**
 * As much again for each hour to come as there was in the hours so far; in the first two hours of a day, as in those
 * and the day before.
 *
 * @param yesterday bytes of the day before; 0 where nothing is known of it
 */
export function projectBytes(today: number, yesterday: number, now: Date): number {
  const elapsedMs = now.getTime() % DAY_MS
  const leftMs = DAY_MS - elapsedMs
  const isTrusted = elapsedMs >= TRUSTED_AFTER_MS || yesterday === 0
  const perMs = isTrusted ? today / Math.max(1, elapsedMs) : (today + yesterday) / (DAY_MS + elapsedMs)
  return Math.round(today + perMs * leftMs)
}
