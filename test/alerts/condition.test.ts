import { describe, expect, it } from 'vitest'
import {
  type Condition,
  type Counts,
  enoughLines,
  evaluatedEveryMs,
  isWatchedLongEnough,
  judge,
  type Verdict,
  windowOf,
} from '../../src/alerts/condition.ts'

const all = (lines: number) => ({ lines, complete: true })
const some = (lines: number) => ({ lines, complete: false })
const NOW = new Date('2026-11-21T12:00:00Z')

describe('the verdict', () => {
  const f = (condition: Condition, counts: Counts, want: Verdict) =>
    expect([condition, counts, judge(condition, counts)]).toEqual([condition, counts, want])

  it('of more than so many lines', () => {
    const condition: Condition = { kind: 'more_than', lines: 10, minutes: 5 }
    f(condition, { lines: all(11) }, 'holds')
    f(condition, { lines: some(11) }, 'holds')
    f(condition, { lines: all(10) }, 'does_not_hold')
    f(condition, { lines: some(10) }, 'unknown')
    f({ ...condition, lines: 0 }, { lines: all(1) }, 'holds')
    f({ ...condition, lines: 0 }, { lines: all(0) }, 'does_not_hold')
  })

  it('of silence', () => {
    const condition: Condition = { kind: 'silence', minutes: 5 }
    f(condition, { lines: all(0) }, 'holds')
    f(condition, { lines: some(0) }, 'unknown')
    f(condition, { lines: some(1) }, 'does_not_hold')
  })

  it('of a ratio', () => {
    const condition: Condition = { kind: 'ratio', ofQ: 'router', percent: 5, minutes: 5, atLeastLines: 20 }
    f(condition, { lines: all(6), of: all(100) }, 'holds')
    f(condition, { lines: all(5), of: all(100) }, 'does_not_hold')
    f(condition, { lines: all(19), of: all(19) }, 'does_not_hold')
    f(condition, { lines: some(50), of: all(100) }, 'unknown')
    f(condition, { lines: all(50), of: some(100) }, 'unknown')
    f({ ...condition, atLeastLines: 0 }, { lines: all(0), of: all(0) }, 'does_not_hold')
  })
})

it('a count need not go on once the verdict is clear', () => {
  expect(enoughLines({ kind: 'more_than', lines: 10, minutes: 5 })).toBe(11)
  expect(enoughLines({ kind: 'silence', minutes: 5 })).toBe(1)
})

it('looks at a time that ends a little ago, so that lines on their way are counted', () => {
  const { from, to } = windowOf({ kind: 'silence', minutes: 5 }, NOW)
  expect(to.getTime()).toBeLessThan(NOW.getTime() - 10_000)
  expect(to.getTime() - from.getTime()).toBe(5 * 60_000)
})

it('looks more often at a shorter time', () => {
  const every = (minutes: number) => evaluatedEveryMs({ kind: 'silence', minutes }) / 1000
  expect([1, 10, 60, 1_440].map(every)).toEqual([30, 30, 180, 300])
})

it('tells of silence only what it has watched for long enough', () => {
  const minutesAgo = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000)
  const silence: Condition = { kind: 'silence', minutes: 10 }
  expect(isWatchedLongEnough(silence, minutesAgo(5), NOW)).toBe(false)
  expect(isWatchedLongEnough(silence, minutesAgo(11), NOW)).toBe(true)
  expect(isWatchedLongEnough({ kind: 'more_than', lines: 1, minutes: 10 }, NOW, NOW)).toBe(true)
})
