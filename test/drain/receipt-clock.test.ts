import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ReceiptClock } from '../../src/drain/receipt-clock.ts'

const DAY_MICROS = 86_400_000_000

it('gives every line a microsecond of its own, in order, whatever the clock does', () => {
  const steps = fc.array(
    fc.tuple(fc.integer({ min: -5_000, max: 5_000 }), fc.integer({ min: 1, max: 2_000 })),
  )
  fc.assert(
    fc.property(steps, (claims) => {
      let now = 1_795_000_000_000_000
      const clock = new ReceiptClock(() => now)
      let last = 0
      for (const [passed, count] of claims) {
        now += passed
        const first = clock.claim(count)
        expect(first).toBeGreaterThan(last)
        last = first + count - 1
      }
    }),
  )
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
