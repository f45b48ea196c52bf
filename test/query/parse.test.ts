import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from '../../src/query/parse.ts'
import { matches, print } from '../../src/query/query.ts'
import { searched } from '../../src/query/searched-line.ts'
import { message, noise, queryText } from './arbitraries.ts'

describe('a query', () => {
  it('is understood, and printed in one form', () => {
    const f = (typed: string, want: string) => expect(print(parse(typed).query), typed).toBe(want)
    f('', '')
    f('  ', '')
    f('a  b\tc', 'a b c')
    f('a AND b', 'a b')
    f('a OR b c', 'a OR b c')
    f('(a OR b) c', '(a OR b) c')
    f('((a)) (b c)', 'a b c')
    f('a OR (b OR c)', 'a OR b OR c')
    f('NOT a', '-a')
    f('-(a b)', '-(a b)')
    f('-(-a)', 'a')
    f('NOT NOT a', 'a')
    f('-"a b"', '-"a b"')
    f('or and not', 'or and not')
    f('"say \\"hi\\" \\\\ \\d"', '"say \\"hi\\" \\\\ \\\\d"')
    f('tim*out *', 'tim*out *')
    f('/a+/ /a/i /api/', '/a+/ /a/i "/api/"')
    f('/a b\\/c\\d/', '/a b\\/c\\d/')
    f('/checkout', '"/checkout"')
    f('status:500 Path:/cart', 'status:500 Path:"/cart"')
    f('path:/cart/* path:/^.cart/', 'path:/cart/* path:/^.cart/')
    f('desc:"Request timeout" dyno:""', 'desc:"Request timeout" dyno:""')
    f('status:>=500 service:>1s level:>=warn', 'status:>=500 service:>1s level:>=warn')
    f('level:warning level:=error level:*', 'level:warning level:error level:*')
    f('time:2026-11-21 time:>="2026-11-21T10"', 'time:2026-11-21 "time:>=\\"2026-11-21T10\\""')
    f('sample#memory_total:>500MB user.id:7', 'sample#memory_total:>500MB user.id:7')
    f('-status:200', '-status:200')
    f('(status:500)', 'status:500')
  })

  it('is text wherever that is what people mean', () => {
    const f = (typed: string, want: string) => {
      const { query, hints } = parse(typed)
      expect([print(query), hints], typed).toEqual([want, []])
    }
    f('http://example.com/a', '"http://example.com/a"')
    f('ActiveRecord::RecordNotFound', '"ActiveRecord::RecordNotFound"')
    f('Error: boom', 'Error: boom')
    f('10:15:20', '10:15:20')
    f('--force -> - x', '"--force" "->" "-" x')
    f('init(4)', '"init(4)"')
    f('(init(4) OR b)', '"init(4)" OR b')
    f('path="/a b" x', '"path=\\"/a b\\"" x')
    f('{"a":"b c"}', '"{\\"a\\":\\"b c\\"}"')
    f('"status":500', '"\\"status\\":500"')
    f('C:\\temp', '"C:\\\\temp"')
    f('it"s', '"it\\"s"')
    f('GET /api/users/7', 'GET "/api/users/7"')
  })

  it('that makes no sense as syntax is text, with a hint', () => {
    const f = (typed: string, want: string, ...hints: [number, string][]) => {
      const read = parse(typed)
      expect(print(read.query), typed).toBe(want)
      expect(read.hints.map(({ at }) => at)).toEqual(hints.map(([at]) => at))
      for (const [i, [, text]] of hints.entries()) expect(read.hints[i]?.text).toContain(text)
    }
    f('a "b c', 'a "\\"b" c', [2, 'never closed'])
    f('(a b', '"(a" b', [0, 'never closed'])
    f('a) b', '"a)" b')
    f('a )', 'a ")"', [2, 'closes nothing'])
    f('()', '"()"', [0, 'nothing in these'])
    f('OR a', '"OR" a', [0, 'nothing on one side'])
    f('a OR', 'a "OR"', [2, 'nothing on one side'])
    f('a OR OR b', 'a "OR" OR b', [2, 'nothing on one side'])
    f('a AND', 'a "AND"', [2, 'nothing on one side'])
    f('a NOT', 'a "NOT"', [2, 'excludes nothing'])
    f('/(a/', '"/(a/"', [0, 'missing closing )'])
    f('/(?=a)/', '"/(?=a)/"', [0, 'no regular expression'])
    f('/x{400}y{400}/', '"/x{400}y{400}/"', [0, 'too large'])
    const many = '/[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}/'
    f(`x ${many} a:${many}`, `x ${many} a:${many}`, [2, 'in the first 6898 characters of a line'])
    // Parentheses without an end are taken out thirty at a time, three times; then all are text.
    const never = Array.from({ length: 90 }, (_, at): [number, string] => [2 * at, 'never closed'])
    f(`${'( '.repeat(120)}(a)`, `${'"(" '.repeat(120)}"(a)"`, ...never)
    f('a:/(/', '"a:/(/"', [0, 'no regular expression'])
    f('status:>many', '"status:>many"', [0, 'write a number'])
    f('level:loud', '"level:loud"', [0, 'the levels are'])
    f('time:yesterday', '"time:yesterday"', [0, 'write a time as'])
    f('time:2026-02-30', '"time:2026-02-30"', [0, 'write a time as'])
    f('status:(500 OR 503)', '"status:(500" OR "503)"', [0, 'write status:one OR status:other'])
    f('a:"b"c', '"a:\\"b\\"c"', [0, 'space is missing'])
  })

  it('is read in bounded time, whatever it is', () => {
    const hostile = [
      '(',
      ')',
      '"',
      '\\"',
      '/',
      '/(',
      '-(',
      '("',
      '(" ',
      'a:"',
      'a:/',
      'NOT ',
      'OR ',
      '* ',
      'a*',
      '/a+/ ',
      'x="',
      '{"',
    ]
    for (const one of hostile) {
      const started = performance.now()
      const { query } = parse(one.repeat(100_000))
      print(query)
      expect(performance.now() - started, one).toBeLessThan(1_000)
    }
  })
})

it('parsing what was printed gives the same query', () => {
  fc.assert(
    fc.property(fc.oneof(queryText, noise), (typed) => {
      const { query } = parse(typed)
      const printed = print(query)
      const again = parse(printed)
      expect(again.query).toEqual(query)
      expect(print(again.query)).toBe(printed)
    }),
    { numRuns: 5_000 },
  )
})

it('nothing that is typed, and no line, makes a query throw', () => {
  fc.assert(
    fc.property(noise, fc.oneof(message, fc.string({ unit: 'binary' })), (typed, text) => {
      const { query, hints } = parse(typed)
      for (const { at } of hints) expect(at).toBeLessThanOrEqual(typed.length)
      const line = {
        sentAt: '2026-11-21T10:00:00.000000Z',
        drainId: 1,
        priority: 190,
        source: 'app',
        process: 'web.1',
        message: text,
      }
      expect(typeof matches(query, searched(line))).toBe('boolean')
    }),
    { numRuns: 5_000 },
  )
})
