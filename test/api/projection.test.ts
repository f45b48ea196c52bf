import fc from 'fast-check'
import { expect, it } from 'vitest'
import { projectBytes } from '../../src/api/projection.ts'

const at = (time: string) => new Date(`2026-11-21T${time}Z`)

it('takes the rest of the day to be as what there was of it', () => {
  expect(projectBytes(500, 0, at('12:00:00'))).toBe(1_000)
  expect(projectBytes(500, 9_999, at('12:00:00'))).toBe(1_000)
  expect(projectBytes(500, 0, at('18:00:00'))).toBe(667)
  expect(projectBytes(0, 0, at('12:00:00'))).toBe(0)
})

it('asks the day before in the first two hours', () => {
  // A nightly import of 1,000 in the first minute is no 1,440,000 a day.
  expect(projectBytes(1_000, 24_000, at('00:01:00'))).toBeLessThan(27_000)
  expect(projectBytes(0, 24_000, at('01:00:00'))).toBeGreaterThan(20_000)
  expect(projectBytes(0, 0, at('00:00:00'))).toBe(0)
})

it('is never less than what there is', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 86_399_999 }), (today, yesterday, ms) => {
      const now = new Date(at('00:00:00').getTime() + ms)
      expect(projectBytes(today, yesterday, now)).toBeGreaterThanOrEqual(today)
    }),
  )
})
