// Verifies Heroku's single sign-on (Dev Center: add-on single sign-on). Pure: form fields, salts and time in; the identity or
// the refusal out.
import { createHash } from 'node:crypto'
import { isOneOfSecrets } from '../secrets/constant-time.ts'

/** Validity after the timestamp, and tolerance for a sender's clock that runs ahead. */
export const WINDOW_SECONDS = 5 * 60

/** The form's fields exactly as received: the tokens are computed over these strings. */
export interface SsoFields {
  resourceId: string | undefined
  timestamp: string | undefined
  /** SHA-256; covers the person too. */
  userScopedToken: string | undefined
  /** SHA-1, the older one; covers resource and time only. */
  resourceToken: string | undefined
  userId: string | undefined
  email: string | undefined
}

export interface SsoRules {
  /** The salt, then the previous one during a rotation. */
  salts: readonly string[]
  acceptSha1: boolean
  nowSeconds: number
}

export interface Identity {
  userId: string
  email: string
}

export type SsoRefusal =
  | 'incomplete'
  | 'timestamp_unreadable'
  | 'out_of_time'
  | 'sha1_not_accepted'
  | 'wrong_token'

/** `identity` is null with a SHA-1 token, which does not cover it. */
export type SsoVerdict = { resourceId: string; identity: Identity | null } | { refusal: SsoRefusal }

export function verifySso(fields: SsoFields, rules: SsoRules): SsoVerdict {
  const { resourceId, timestamp, userScopedToken, resourceToken, userId, email } = fields
  if (resourceId === undefined || timestamp === undefined) return { refusal: 'incomplete' }
  if (!/^\d{1,15}$/.test(timestamp)) return { refusal: 'timestamp_unreadable' }
  if (Math.abs(rules.nowSeconds - Number(timestamp)) > WINDOW_SECONDS) return { refusal: 'out_of_time' }

  // The stronger token decides if it is present; a fallback to the other would make it worthless.
  if (userScopedToken !== undefined) {
    if (userId === undefined || email === undefined) return { refusal: 'incomplete' }
    const expected = rules.salts.map((salt) =>
      hex('sha256', `${resourceId}:${salt}:${timestamp}:${userId}:${email}`),
    )
    return isOneOfSecrets(userScopedToken, expected)
      ? { resourceId, identity: { userId, email } }
      : { refusal: 'wrong_token' }
  }
  if (resourceToken === undefined) return { refusal: 'incomplete' }
  if (!rules.acceptSha1) return { refusal: 'sha1_not_accepted' }
  const expected = rules.salts.map((salt) => hex('sha1', `${resourceId}:${salt}:${timestamp}`))
  return isOneOfSecrets(resourceToken, expected) ? { resourceId, identity: null } : { refusal: 'wrong_token' }
}

function hex(algorithm: 'sha1' | 'sha256', text: string): string {
  return createHash(algorithm).update(text).digest('hex')
}
