import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readMoment } from '../../../src/page/client/moment.ts'

/** A Saturday. */
const NOW = Date.parse('2026-11-21T12:00:00Z')

describe('a time as people say it', () => {
  const f = (typed: string, want: string | null) =>
    it(`${JSON.stringify(typed)} is ${want}`, () => {
      const read = readMoment(typed, NOW, 'utc')
      expect(read === null ? null : new Date(read).toISOString()).toBe(
        want === null ? null : new Date(want).toISOString(),
      )
    })
  f('now', '2026-11-21T12:00:00Z')
  f('10 min ago', '2026-11-21T11:50:00Z')
  f('90s', '2026-11-21T11:58:30Z')
  f('-2h', '2026-11-21T10:00:00Z')
  f('an hour ago', '2026-11-21T11:00:00Z')
  f('half an hour ago', '2026-11-21T11:30:00Z')
  f('1.5 hours ago', '2026-11-21T10:30:00Z')
  f('3 days ago', '2026-11-18T12:00:00Z')
  f('yesterday', '2026-11-20T00:00:00Z')
  f('yesterday 17:30', '2026-11-20T17:30:00Z')
  f('yesterday at 5:30pm', '2026-11-20T17:30:00Z')
  f('today 09:05:30', '2026-11-21T09:05:30Z')
  f('5 AM Friday', '2026-11-20T05:00:00Z')
  f('friday 5am', '2026-11-20T05:00:00Z')
  f('saturday', '2026-11-14T00:00:00Z')
  f('11:15', '2026-11-21T11:15:00Z')
  f('17:30', '2026-11-20T17:30:00Z')
  f('12 am', '2026-11-21T00:00:00Z')
  f('12 pm', '2026-11-21T12:00:00Z')
  f('2026-11-21', '2026-11-21T00:00:00Z')
  f('2026-11-21 10:15', '2026-11-21T10:15:00Z')
  f('2026-11-21T10:15:20.123456Z', '2026-11-21T10:15:20.123Z')
  f('2026-11-21T10:15:20+01:00', '2026-11-21T09:15:20Z')
  f('2026/11/21 10:15:20,5', '2026-11-21T10:15:20.500Z')
  f('Nov 21 10:15:20', '2026-11-21T10:15:20Z')
  f('Dec 24 18:00', '2025-12-24T18:00:00Z')
  f('21/Nov/2026:10:15:20 +0000', '2026-11-21T10:15:20Z')
  f('[21/Nov/2026:10:15:20 -0500]', '2026-11-21T15:15:20Z')
  f('1795255200', '2026-11-21T10:00:00Z')
  f('1795255200123', '2026-11-21T10:00:00.123Z')
  f('', null)
  f('soon', null)
  f('25:00', null)
  f('13 pm', null)
  f('17', null)
  f('2026-13-40', null)
})

it('is read in the zone of the browser where that is asked for', () => {
  const read = readMoment('2026-11-21 10:15', NOW, 'local')
  expect(read).toBe(new Date(2026, 10, 21, 10, 15).getTime())
})

it('nothing that is typed makes it fail', () => {
  fc.assert(
    fc.property(fc.string(), (typed) => {
      const read = readMoment(typed, NOW, 'utc')
      expect(read === null || Number.isFinite(read)).toBe(true)
    }),
  )
})
