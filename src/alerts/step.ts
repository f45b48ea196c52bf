// What becomes of an alert when it has been looked at. Pure.
//
//   UNKNOWN  never looked at, or too much to count in time. Nothing is told.
//   OK       the condition does not hold.
//   FIRING   it holds. One message when that begins, one when it ends, none in between.
//
// An alert that goes on and off does not send two messages a minute: after a message that it fires, the next one is kept
// back for ten minutes, and the recovery of what was never told is not told either. A firing that was kept back, or was
// muted, is told as soon as that is over, if it still fires then.
import type { Verdict } from './condition.ts'

export type AlertState = 'ok' | 'firing' | 'unknown'

export interface Standing {
  state: AlertState
  /** A message said that it fires, and none since that it does no more. */
  announced: boolean
  announcedAt: Date | null
  firedAt: Date | null
  mutedUntil: Date | null
}

export interface Step {
  standing: Standing
  tell: 'fired' | 'recovered' | null
}

const AGAIN_AFTER_MS = 600_000

export function step(standing: Standing, verdict: Verdict, now: Date): Step {
  if (verdict === 'unknown') return { standing: { ...standing, state: 'unknown' }, tell: null }
  const isMuted = standing.mutedUntil !== null && standing.mutedUntil > now
  if (verdict === 'does_not_hold') {
    return {
      standing: { ...standing, state: 'ok', announced: false },
      tell: standing.announced && !isMuted ? 'recovered' : null,
    }
  }
  const firedAt = standing.state === 'firing' ? standing.firedAt : now
  const isTooSoon =
    standing.announcedAt !== null && now.getTime() - standing.announcedAt.getTime() < AGAIN_AFTER_MS
  const isTold = !standing.announced && !isMuted && !isTooSoon
  return {
    standing: {
      ...standing,
      state: 'firing',
      firedAt,
      announced: standing.announced || isTold,
      announcedAt: isTold ? now : standing.announcedAt,
    },
    tell: isTold ? 'fired' : null,
  }
}
