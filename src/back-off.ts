// How long to wait before another try: twice as long each time, up to a longest, and less by chance, so that what
// failed together does not come back together.

export interface BackOff {
  firstMs: number
  longestMs: number
}

/**
 * @param tries so far, from 1
 * @param random in [0, 1)
 */
export function pauseMs(tries: number, { firstMs, longestMs }: BackOff, random: number): number {
  return Math.min(longestMs, firstMs * 2 ** (tries - 1)) * (1 - random / 2)
}
