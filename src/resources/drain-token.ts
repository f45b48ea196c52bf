// How a drain token is stored: its SHA-256, and a hint that people recognise it by. Pure.
import { sha256 } from '../secrets/sha256.ts'

export function digestDrainToken(token: string): Buffer {
  return sha256(token)
}

/** The last four characters; nothing of a token so short that four characters give it away. Heroku's have 38. */
export function drainTokenHint(token: string): string {
  return token.length >= 16 ? token.slice(-4) : ''
}
