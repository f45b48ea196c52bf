// The smaller rules of how lines are read.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAnsi } from '../../../src/page/reading/ansi.ts'
import { HUES, hueOf } from '../../../src/page/reading/hue.ts'
import { platformEvent } from '../../../src/page/reading/platform-event.ts'
import { partsOf, refine, without } from '../../../src/page/reading/term.ts'
import { ageInWords, dayOf, longDay, timeOfDay } from '../../../src/page/reading/times.ts'
import { bytes, duration } from '../../../src/page/reading/units.ts'
import { HEROKU_CODES, herokuCode } from '../../../src/query/heroku-codes.ts'
import { parse } from '../../../src/query/parse.ts'
import { matches, print } from '../../../src/query/query.ts'
import { searched } from '../../../src/query/searched-line.ts'
import { line } from './lines.ts'

describe('terminal colours', () => {
  const f = (input: string, want: [string, string][]) =>
    it(`reads ${JSON.stringify(input)}`, () => {
      expect(readAnsi(input).map(({ text, look }) => [text, look])).toEqual(want)
    })
  f('plain', [['plain', '']])
  f('\x1b[92mgreen\x1b[39m not', [
    ['green', 'fg10'],
    [' not', ''],
  ])
  f('\x1b[44;37mx\x1b[49my', [
    ['x', 'fg7 bg4'],
    ['y', 'fg7'],
  ])
  f('\x1b[38;5;196mred\x1b[0m', [['red', 'fg9']])
  f('\x1b[38;2;20;20;250mblue\x1b[m!', [
    ['blue', 'fg12'],
    ['!', ''],
  ])
  f('\x1b[3;4mboth\x1b[23;24mnone', [
    ['both', 'italic underline'],
    ['none', ''],
  ])
  f('\x1b[38;5mcut', [['cut', 'fg0']])
})

describe('what the platform does', () => {
  const f = (process: string, message: string, want: string | null, source = 'heroku') =>
    it(`takes ${source}[${process}] ${message} for ${want}`, () => {
      expect(platformEvent({ source, process, message })).toBe(want)
    })
  f('api', 'Deploy 0a1b2c3d by user dev@example.com', 'deploy', 'app')
  f('api', 'Release v42 created by user dev@example.com', 'release', 'app')
  f('api', 'Set LOG_LEVEL config vars by user dev@example.com', 'config', 'app')
  f('api', 'Scaled to web@2:Standard-1X by user dev@example.com', 'scale', 'app')
  f('web.2', 'Restarting', 'restart')
  f('web.2', 'Cycling', 'restart')
  f('web.1', 'State changed from up to crashed', 'crash')
  f('web.1', 'State changed from starting to up', null)
  f('web.1', 'Restarting', null, 'app')
  f('web.1', 'Release v42 created by me', null, 'app')
})

describe('Heroku’s codes', () => {
  it('have a meaning of a line each and a place in Heroku’s documentation', () => {
    expect(HEROKU_CODES.length).toBeGreaterThan(35)
    for (const code of HEROKU_CODES) {
      const known = herokuCode(code)
      expect(known?.meaning.length).toBeLessThan(90)
      expect(known?.url).toMatch(
        /^https:\/\/devcenter\.heroku\.com\/articles\/error-codes#[hrl]\d\d-[a-z0-9-]+$/,
      )
    }
  })
  it('are not made of names that every object has', () => {
    expect(herokuCode('constructor')).toBeUndefined()
  })
})

it('a process has the same hue everywhere, and the dynos of an app do not all have one', () => {
  const processes = ['web.1', 'web.2', 'web.3', 'worker.1', 'router', 'api', 'clock.1', 'heroku-postgres']
  const hues = processes.map(hueOf)
  expect(hues).toEqual(processes.map(hueOf))
  expect(new Set(hues).size).toBeGreaterThan(4)
  expect(Math.max(...hues)).toBeLessThan(HUES)
})

describe('narrowing a search', () => {
  const f = (q: string, term: string, excludes: boolean, want: string) =>
    it(`makes ${want} of ${q || 'nothing'} and ${excludes ? 'not ' : ''}${term}`, () => {
      expect(refine(q, term, excludes)).toBe(want)
    })
  f('', 'status:500', false, 'status:500')
  f('timeout', 'status:500', true, 'timeout -status:500')
  f('a OR b', 'dyno:web.1', false, '(a OR b) dyno:web.1')
  f('status:500 x', 'status:500', false, 'x status:500')
  f('-status:500 x', 'status:500', false, 'x status:500')
  f('status:500 x', 'status:500', true, 'x -status:500')
  it('takes one part away and leaves the others', () => {
    expect(without('app:shop "a b" -c', 'app:shop')).toBe('"a b" -c')
  })

  it('finds what both find, whatever was typed', () => {
    const words = fc.constantFrom('error', 'a OR b', '-b', '(a', '"x y"', 'status:500', 'a*b', 'NOT', 'b -a')
    const terms = fc.constantFrom('a', 'b', 'status:500', '"x y"')
    const messages = fc.constantFrom('a b', 'b status=500', 'x y', 'error a', 'axb (a', 'NOT')
    fc.assert(
      fc.property(words, terms, fc.boolean(), messages, (q, term, excludes, message) => {
        const { sent_at, drain_id, ...rest } = line(message)
        const read = searched({ ...rest, sentAt: sent_at, drainId: drain_id })
        const has = (text: string) => matches(parse(text).query, read)
        const opposites = [term, `-${term}`].map((text) => print(parse(text).query))
        const others = partsOf(q).filter((part) => !opposites.includes(print(part)))
        const want = has(term) !== excludes && others.every((part) => matches(part, read))
        expect(has(refine(q, term, excludes))).toBe(want)
      }),
    )
  })
})

it('times, sizes and ages are written for people', () => {
  expect(timeOfDay('2026-11-21T10:15:20.123456Z', 'utc')).toBe('10:15:20.123')
  expect(longDay(dayOf('2026-11-21T10:15:20.123456Z', 'utc'))).toBe('Saturday, 21 November 2026')
  expect([0, 950, 1_234, 48_000, 3_400_000].map(bytes)).toEqual(['0 B', '950 B', '1.2 kB', '48 kB', '3.4 MB'])
  expect([45, 1_234, 30_000].map(duration)).toEqual(['45 ms', '1.2 s', '30 s'])
  expect([0, 3_000, 700_000, 20_000_000, 400_000_000].map(ageInWords)).toEqual([
    '0 s',
    '3 s',
    '12 min',
    '6 h',
    '5 d',
  ])
})
