import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Pace, type Step } from '../../../src/logs/clickhouse/pace.ts'

const PLENTY = Number.MAX_SAFE_INTEGER

/** A pace that has come to steps over time, where 64,000 lines took a second. */
function inTime(): Pace {
  const pace = new Pace(64_000)
  pace.went(pace.next(PLENTY), 10, 1_000_000)
  return pace
}

it('begins with so many lines and takes more of them as long as steps are quick', () => {
  const pace = new Pace(1_000)
  const lengths: number[] = []
  for (let step = pace.next(PLENTY); step.by === 'lines'; step = pace.next(PLENTY)) {
    lengths.push(step.length)
    pace.went(step, 10, step.length)
  }
  expect(lengths).toEqual([1_000, 4_000, 16_000, 64_000])
})

it('takes fewer lines where that takes long', () => {
  const pace = new Pace(10_000)
  pace.went(pace.next(PLENTY), 5_000, 1)
  expect(pace.next(PLENTY)).toEqual({ by: 'lines', length: 5_000, lines: 5_000 })
})

it('goes on over time, longer and longer, and tells about how many lines that is', () => {
  const pace = inTime()
  const first = pace.next(PLENTY)
  expect(first).toMatchObject({ by: 'time', length: 8_000_000, lines: 512_000 })
  expect(first.giveUpMs).toBeGreaterThan(0)
  pace.went(first, 10, first.length)
  expect(pace.next(PLENTY)).toMatchObject({ by: 'time', length: 64_000_000 })
  expect(pace.next(64_000)).toMatchObject({ by: 'time', length: 1_000_000, lines: 64_000 })
})

it('makes what was given up again, shorter, and at last by lines, which is not given up', () => {
  const pace = inTime()
  for (const length of [8_000_000, 64_000_000]) {
    const step = pace.next(PLENTY)
    expect(step.length).toBe(length)
    pace.went(step, 10, step.length)
  }
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
    const pace = new Pace(first)
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
