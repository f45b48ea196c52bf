// The smaller pure parts of the page's script.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { barsIn, spanOfChart } from '../../../src/page/client/chart-bars.ts'
import { gapText } from '../../../src/page/client/gap-text.ts'
import { needlesOf, rangesIn } from '../../../src/page/client/highlight.ts'
import { fieldsOf, indentedJson } from '../../../src/page/client/pretty.ts'
import { expression } from '../../../src/page/client/re2-in-the-browser.ts'
import { LIVE, modeOf, readState, type ViewState, writeState } from '../../../src/page/client/view-state.ts'
import { parse } from '../../../src/query/parse.ts'
import { line } from '../reading/lines.ts'

describe('the address', () => {
  it('says all there is to say, and is read back as it was written', () => {
    const time = fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
      .map((date) => date.toISOString())
    const state: fc.Arbitrary<ViewState> = fc.record({
      q: fc.string().map((q) => q.trim()),
      from: fc.option(time),
      to: fc.option(time),
      at: fc.option(time),
      line: fc.option(fc.string({ minLength: 1 })),
      scope: fc.constantFrom('all', 'app', 'process'),
    })
    fc.assert(
      fc.property(state, (given) => {
        const known = given.line === null ? { ...given, scope: 'all' as const } : given
        expect(readState(writeState(known))).toEqual(known)
      }),
    )
  })

  it('of everything live is short, and what cannot be is left out', () => {
    expect(writeState(LIVE)).toBe('')
    expect(readState('?at=soon&scope=everything&line=')).toEqual(LIVE)
    expect(modeOf(readState('?line=1-2&at=2026-11-21T10:00:00Z'))).toBe('context')
    expect(modeOf(readState('?from=2026-11-21T10:00:00Z'))).toBe('span')
  })
})

describe('marking what was searched for', () => {
  const f = (q: string, text: string, want: string[]) =>
    it(`marks ${JSON.stringify(want)} for ${q} in ${text}`, () => {
      expect(rangesIn(text, needlesOf(parse(q).query)).map(({ from, to }) => text.slice(from, to))).toEqual(
        want,
      )
    })
  f('timeout', 'Timeout after TIMEOUT', ['Timeout', 'TIMEOUT'])
  f('"a b" -c', 'xa bc', ['a b'])
  f('status:500', 'status=500', ['500'])
  f('dyno:web.1 level:error', 'web.1 error', [])
  f('GET*cart', 'GET /the/cart', ['GET', 'cart'])
  f('/took \\d+ms/', 'it took 12ms', ['took 12ms'])
  f('ab OR bc', 'abc', ['abc'])
  f('a', 'aaaa', [])
})

it('no expression is tried that could take long', () => {
  for (const hostile of ['(a+)+$', '(a|a)*b', '(.*)*x', '(?:x+x+)+y', '(a*)\\1b', 'a'.repeat(300)]) {
    expect(expression(hostile, false)).toBeNull()
  }
  const marks = (source: string, text: string) =>
    [...(expression(source, false)?.matches(text) ?? [])].map(({ index }) => index)
  expect(marks('timeout after \\d+ms', 'timeout after 12ms')).toEqual([0])
  // The more ways an expression has to go on, the less of a text it is tried on.
  const late = (source: string) =>
    [500, 1_500, 3_000].filter((at) => marks(source, `${'-'.repeat(at)}ab`).length > 0)
  expect(late('ab')).toEqual([500, 1_500, 3_000])
  expect(late('ab+')).toEqual([500, 1_500])
  expect(late('a?b?b|ab')).toEqual([500, 1_500, 3_000])
  expect(late('a+b+')).toEqual([])
  expect(expression('(?P<name>x)', false)).toBeNull()
})

describe('a line that is opened', () => {
  it('lists the fields of the line and of its message, each with its term', () => {
    const fields = fieldsOf(line('{"level":"info","user":{"id":7},"level2":null}', { level: 'info' }), 'utc')
    expect(fields.map(({ name, value, term }) => `${name}=${value} ${term}`).slice(1)).toEqual([
      'app=shop app:shop',
      'source=app source:app',
      'process=web.1 process:web.1',
      'level=info level:info',
      'user.id=7 user.id:7',
      'level2=null level2:null',
    ])
  })

  it('shows JSON indented, with what stands before it', () => {
    expect(indentedJson('app: {"a":[1]}')).toBe('app: {\n  "a": [\n    1\n  ]\n}')
    expect(indentedJson('{no json}')).toBeNull()
    expect(indentedJson('plain')).toBeNull()
    const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}"[["${'}]'.repeat(depth / 2)}`
    expect(indentedJson(nested(50))).toContain('[[')
    expect(indentedJson(nested(52))).toBeNull()
  })
})

describe('the chart over time', () => {
  it('keeps the number of lines, whatever the width of the steps', () => {
    const from = Date.parse('2026-11-21T10:00:00Z')
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.nat(1_000), { maxLength: 40 }),
        (wanted, counts) => {
          const counted = {
            from: new Date(from).toISOString(),
            to: new Date(from + 3_600_000).toISOString(),
            step_seconds: 90,
            bars: counts.map((lines, at) => ({
              at: new Date(from + at * 90_000).toISOString(),
              lines,
              errors: 0,
              warnings: 0,
            })),
          }
          const { bars } = barsIn(counted, wanted)
          const sum = bars.reduce((total, bar) => total + bar.lines, 0)
          const want = counts.reduce((total, lines) => total + lines, 0)
          expect(bars).toHaveLength(wanted)
          // Each bar is rounded by itself.
          expect(Math.abs(sum - want)).toBeLessThanOrEqual(wanted / 2 + 1)
        },
      ),
    )
  })

  it('shows the last hour while live, and the surroundings of a time', () => {
    const now = Date.parse('2026-11-21T12:00:00Z')
    expect(spanOfChart(LIVE, now)).toEqual({ from: now - 3_600_000, to: now })
    expect(spanOfChart({ ...LIVE, at: '2026-11-21T10:00:00Z' }, now).to).toBe(
      Date.parse('2026-11-21T10:30:00Z'),
    )
    expect(spanOfChart({ ...LIVE, from: '2026-11-21T11:00:00Z' }, now).from).toBe(
      Date.parse('2026-11-21T11:00:00Z'),
    )
  })
})

it('a gap says how many lines are missing, and why', () => {
  expect(gapText('logplex_overflow', 12)).toBe(
    '12 lines are missing here: dropped by Heroku’s Logplex before they reached us (L10).',
  )
  expect(gapText('quota', 1)).toMatch(/^1 line is missing here: above the daily volume/)
})
