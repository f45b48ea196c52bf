import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Pace, type Step } from '../../../src/logs/clickhouse/pace.ts'

const PLENTY = Number.MAX_SAFE_INTEGER

/** A pace that has come to steps over time, where 1,000 lines took a second. */
function inTime(): Pace {
  const pace = new Pace(1_000, false)
  pace.went(pace.next(PLENTY), 10, 1_000_000)
  return pace
}

it('begins with so many lines, fewer where that takes long', () => {
  const pace = new Pace(1_000, false)
  expect(pace.next(PLENTY)).toEqual({ by: 'lines', length: 1_000, lines: 1_000 })
  expect(pace.next(7)).toEqual({ by: 'lines', length: 7, lines: 7 })
  pace.went(pace.next(PLENTY), 5_000, 1)
  expect(pace.next(PLENTY)).toEqual({ by: 'lines', length: 500, lines: 500 })
})

it('goes on over time, longer the quicker it goes, and tells about how many lines that is', () => {
  const pace = inTime()
  const first = pace.next(PLENTY)
  expect(first).toMatchObject({ by: 'time', length: 8_000_000, lines: 8_000 })
  expect(first.giveUpMs).toBeGreaterThan(0)
  const lengths = [10, 100, 200, 1_000].map((ms) => {
    const step = pace.next(PLENTY)
    pace.went(step, ms, step.length)
    return pace.next(PLENTY).length / step.length
  })
  expect(lengths).toEqual([8, 2, 1, 0.5])
  expect(pace.next(1_000)).toMatchObject({ by: 'time', length: 1_000_000, lines: 1_000 })
})

it('goes faster where an index leaves most of it out', () => {
  const pace = new Pace(1_000, true)
  pace.went(pace.next(PLENTY), 10, 1_000_000)
  expect(pace.next(PLENTY)).toMatchObject({ by: 'time', length: 64_000_000 })
})

it('makes what was given up again, shorter, and at last by lines, which is not given up', () => {
  const pace = inTime()
  const step = pace.next(PLENTY)
  pace.went(step, 10, step.length)
  const tooLong = pace.next(PLENTY)
  pace.gaveUp(tooLong)
  expect(pace.next(PLENTY)).toMatchObject({ by: 'time', length: tooLong.length / 8 })
  for (let tries = 0; pace.next(PLENTY).by === 'time'; tries++) {
    expect(tries).toBeLessThan(5)
    pace.gaveUp(pace.next(PLENTY))
  }
  expect(pace.next(PLENTY).giveUpMs).toBeUndefined()
})

it('always goes on, in steps of whole lines and microseconds that can be counted', () => {
  const event = fc.record({
    most: fc.integer({ min: 1, max: PLENTY }),
    ms: fc.double({ min: 0, max: 10_000, noNaN: true }),
    micros: fc.integer({ min: 0, max: 1e15 }),
    isGivenUp: fc.boolean(),
  })
  const goesOn = fc.property(fc.integer({ min: 1, max: 64_000 }), fc.array(event), (first, events) => {
    const pace = new Pace(first, first % 2 === 0)
    for (const { most, ms, micros, isGivenUp } of events) {
      const step: Step = pace.next(most)
      expect(Number.isSafeInteger(step.length)).toBe(true)
      expect(step.length).toBeGreaterThanOrEqual(1)
      expect(step.lines).toBeGreaterThan(0)
      if (isGivenUp && step.giveUpMs !== undefined) pace.gaveUp(step)
      else pace.went(step, ms, micros)
    }
  })
  fc.assert(goesOn)
})
