import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MAX_LEAD_MICROS, ReceiptClock } from '../../src/drain/receipt-clock.ts'

const SECOND_MICROS = 1_000_000
const DAY_MICROS = 86_400 * SECOND_MICROS
const START = 1_795_000_000 * SECOND_MICROS
/** Lines of one delivery. */
const COUNT = fc.integer({ min: 1, max: 2_000 })

/** Claims as the clock passes or jumps, and looks at each. */
function claimAll(
  passed: readonly (readonly [micros: number, count: number])[],
  look: (claim: { first: number; count: number; now: number }) => void,
): void {
  let now = START
  const clock = new ReceiptClock(() => now)
  for (const [micros, count] of passed) {
    now += micros
    look({ first: clock.claim(count), count, now })
  }
}

it('gives every line a microsecond of its own, in order, while the clock steps back by less than its lead', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: -5_000, max: 5_000 }), COUNT))
  fc.assert(
    fc.property(steps, (passed) => {
      let last = 0
      claimAll(passed, ({ first, count }) => {
        expect(first).toBeGreaterThan(last)
        last = first + count - 1
      })
    }),
  )
})

it('never gives a microsecond twice, and never leads by more than its bound, whatever the clock does', () => {
  const jump = fc.oneof(
    fc.integer({ min: 0, max: 50_000 }),
    fc.constantFrom(0, 1, -1).map((sign) => sign * 10 * DAY_MICROS),
    fc.integer({ min: -2 * 3_600, max: 2 * 3_600 }).map((seconds) => seconds * SECOND_MICROS),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(jump, COUNT), { maxLength: 60 }), (passed) => {
      const given: { first: number; end: number }[] = []
      claimAll(passed, ({ first, count, now }) => {
        expect(first - now).toBeLessThanOrEqual(MAX_LEAD_MICROS + count)
        expect(first).toBeGreaterThanOrEqual(now)
        const end = first + count - 1
        expect(given.filter((other) => first <= other.end && other.first <= end)).toEqual([])
        given.push({ first, end })
      })
    }),
  )
})

it('follows a clock that was ten days ahead as soon as that is set right', () => {
  let now = START
  const clock = new ReceiptClock(() => now)
  expect(clock.claim(10)).toBe(START)
  now = START + 10 * DAY_MICROS
  expect(clock.claim(10)).toBe(now)
  now = START + SECOND_MICROS
  expect(clock.claim(10)).toBe(now)
})

it('gives every line a microsecond of its own when the clock is set back into a busy day', () => {
  let now = START
  const clock = new ReceiptClock(() => now)
  const given = new Set<number>()
  for (const begin of [START, START - 1_800 * SECOND_MICROS]) {
    for (now = begin; now < begin + 3_600 * SECOND_MICROS; now += 2 * SECOND_MICROS) given.add(clock.claim(1))
  }
  expect(given.size).toBe(3_600)
})

it('keeps within its bound where a whole day is taken', () => {
  let now = START
  const clock = new ReceiptClock(() => now)
  for (let minute = 0; minute < 30; minute++, now += 60 * SECOND_MICROS) clock.claim(60 * SECOND_MICROS)
  now = START
  for (let tries = 0; tries < 3; tries++) {
    expect(clock.claim(1_000) - now).toBeLessThanOrEqual(MAX_LEAD_MICROS)
    now += SECOND_MICROS
  }
})

it('keeps a delivery within one day', () => {
  const midnight = 20_000 * DAY_MICROS
  const f = (now: number, count: number, want: number) =>
    expect(new ReceiptClock(() => now).claim(count)).toBe(want)
  f(midnight - 10, 10, midnight - 10)
  f(midnight - 10, 11, midnight)
  f(midnight - 1, 1, midnight - 1)
  f(midnight, 1_000, midnight)
})
