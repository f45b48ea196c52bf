import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Verdict } from '../../src/alerts/condition.ts'
import { type Standing, step } from '../../src/alerts/step.ts'

const NEW: Standing = {
  state: 'unknown',
  announced: false,
  announcedAt: null,
  firedAt: null,
  mutedUntil: null,
}
const START = Date.parse('2026-11-21T12:00:00Z')
const MINUTE = 60_000

interface Turn {
  /** Since the start. */
  minute: number
  verdict: Verdict
  mutedUntil?: number | null
}

/** What is told at each turn, as `minute what`. */
function run(turns: readonly Turn[]): { told: string[]; last: Standing } {
  let standing = NEW
  const told: string[] = []
  for (const { minute, verdict, mutedUntil } of turns) {
    const muted =
      mutedUntil === undefined
        ? standing.mutedUntil
        : mutedUntil === null
          ? null
          : new Date(START + mutedUntil * MINUTE)
    const next = step({ ...standing, mutedUntil: muted }, verdict, new Date(START + minute * MINUTE))
    standing = next.standing
    if (next.tell) told.push(`${minute} ${next.tell}`)
  }
  return { told, last: standing }
}

const holds = (minute: number): Turn => ({ minute, verdict: 'holds' })
const not = (minute: number): Turn => ({ minute, verdict: 'does_not_hold' })
const unknown = (minute: number): Turn => ({ minute, verdict: 'unknown' })

it('tells once that it fires and once that it does no more', () => {
  expect(run([not(0), holds(1), holds(2), holds(90), not(91), not(92)]).told).toEqual([
    '1 fired',
    '91 recovered',
  ])
})

it('says nothing of an alert that was ok all along', () => {
  expect(run([not(0), unknown(1), not(2)]).told).toEqual([])
})

it('does not take not knowing for recovery', () => {
  const { told, last } = run([holds(0), unknown(1), holds(2), unknown(3)])
  expect(told).toEqual(['0 fired'])
  expect(last.state).toBe('unknown')
  expect(run([holds(0), unknown(1), not(2)]).told).toEqual(['0 fired', '2 recovered'])
})

it('keeps back what comes too soon after the last message, and tells it later if it still fires', () => {
  expect(run([holds(0), not(1), holds(2), not(3), holds(4), not(5)]).told).toEqual(['0 fired', '1 recovered'])
  expect(run([holds(0), not(1), holds(2), holds(9), holds(10), not(11)]).told).toEqual([
    '0 fired',
    '1 recovered',
    '10 fired',
    '11 recovered',
  ])
})

it('says nothing while muted, and tells afterwards what still fires', () => {
  const muted = { ...holds(0), mutedUntil: 60 }
  expect(run([muted, holds(30), holds(59), holds(60), not(61)]).told).toEqual(['60 fired', '61 recovered'])
  expect(run([muted, not(30), not(61)]).told).toEqual([])
  expect(run([holds(0), { ...not(1), mutedUntil: 60 }, not(61)]).told).toEqual(['0 fired'])
})

it('remembers when it began to fire', () => {
  expect(run([holds(3), holds(4)]).last.firedAt).toEqual(new Date(START + 3 * MINUTE))
})

it('tells of firing and recovery in turns, never of firing twice in ten minutes, and nothing while muted', () => {
  const turn = fc.record({
    verdict: fc.constantFrom<Verdict>('holds', 'does_not_hold', 'unknown'),
    after: fc.integer({ min: 1, max: 8 }),
    mute: fc.option(fc.constantFrom<number | null>(null, 20), { nil: undefined, freq: 6 }),
  })
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 60 }), (turns) => {
      let standing = NEW
      let minute = 0
      let before: 'fired' | 'recovered' = 'recovered'
      let lastFired = Number.NEGATIVE_INFINITY
      for (const { verdict, after, mute } of turns) {
        minute += after
        const now = new Date(START + minute * MINUTE)
        if (mute !== undefined) {
          standing = {
            ...standing,
            mutedUntil: mute === null ? null : new Date(now.getTime() + mute * MINUTE),
          }
        }
        const next = step(standing, verdict, now)
        standing = next.standing
        if (next.tell === null) continue
        expect(standing.mutedUntil === null || standing.mutedUntil <= now).toBe(true)
        if (next.tell === 'fired') {
          expect(minute - lastFired).toBeGreaterThanOrEqual(10)
          lastFired = minute
          before = 'fired'
        } else {
          expect(before).toBe('fired')
          before = 'recovered'
        }
      }
    }),
  )
})
