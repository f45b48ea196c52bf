// Comparing secrets without telling, by the time it takes, how much of a guess was right.
import { timingSafeEqual } from 'node:crypto'
import { sha256 } from './sha256.ts'

/** Both sides are hashed first: timingSafeEqual needs equal lengths, and the length must not leak either. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(sha256(given), sha256(expected))
}

/** Looks at every candidate, whichever one matches. */
export function isOneOfSecrets(given: string, candidates: readonly string[]): boolean {
  return candidates.reduce((found, candidate) => isSameSecret(given, candidate) || found, false)
}
