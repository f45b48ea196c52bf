// Comparing secrets without telling, by the time it takes, how much of a guess was right.
import { createHash, timingSafeEqual } from 'node:crypto'

/** Both sides are hashed first: timingSafeEqual wants equal lengths, and the length is nobody's business either. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected))
}

/** Looks at every candidate, whichever one matches. */
export function isOneOfSecrets(given: string, candidates: readonly string[]): boolean {
  return candidates.reduce((found, candidate) => isSameSecret(given, candidate) || found, false)
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
