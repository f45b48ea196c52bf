import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readTimestamp, UNUSUAL } from '../../src/logplex/timestamp.ts'

function read(text: string): { micros: number; unusual: boolean } {
  const bytes = Buffer.from(text)
  const { micros, form } = readTimestamp(bytes, 0, bytes.length)
  return { micros, unusual: (form & UNUSUAL) !== 0 }
}

it('reads what senders write', () => {
  const f = (text: string, iso: string, extraMicros = 0) =>
    expect(read(text).micros).toBe(Date.parse(iso) * 1000 + extraMicros)
  f('2026-08-20T10:11:12.353034+00:00', '2026-08-20T10:11:12.353Z', 34)
  f('2022-01-26T20:25:08.61556+00:00', '2022-01-26T20:25:08.615Z', 560)
  f('2023-08-24T12:31:50.112+00:00', '2023-08-24T12:31:50.112Z')
  f('2012-07-22T00:06:26+00:00', '2012-07-22T00:06:26Z')
  f('2026-08-20T10:11:12Z', '2026-08-20T10:11:12Z')
  f('2026-08-20T10:11:12.123456789+05:30', '2026-08-20T04:41:12.123Z', 456)
  f('2014-01-30T07:35:00.123456+09:00', '2014-01-29T22:35:00.123Z', 456)
  f('2026-02-28T23:59:59-07:00', '2026-03-01T06:59:59Z')
  f('2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z')
})

it('leaves what is no time', () => {
  for (const text of [
    '-',
    '',
    '2026-08-20T10:11:60Z',
    '2016-12-31T23:59:60Z',
    '0000-00-00T00:00:00Z',
    '2026-08-20 10:11:12Z',
    '2026-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-08-20T24:00:00Z',
    '2026-08-20T10:11:12',
    '2026-08-20T10:11:12.Z',
    '2026-08-20T10:11:12.1234567890Z',
    '2026-08-20T10:11:12Z+00:00',
    '2026-08-20T10:11:12+0000',
    '2026-08-20T10:11:12+0a:00',
    '+292277026596-12-04T15:30:08Z',
    '20x6-08-20T10:11:12Z',
  ]) {
    expect(read(text), text).toEqual({ micros: Number.NaN, unusual: true })
  }
})

it('agrees with the platform on every day from 1970 to 2200', () => {
  const seconds = fc.integer({ min: 0, max: Date.UTC(2200, 0, 1) / 1000 })
  fc.assert(
    fc.property(seconds, fc.integer({ min: 0, max: 999 }), (second, milli) => {
      const date = new Date(second * 1000 + milli)
      expect(read(date.toISOString()).micros).toBe(date.getTime() * 1000)
    }),
    { numRuns: 1_000 },
  )
})
