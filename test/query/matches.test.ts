// What each concept means, one line a case.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_ANALYSED } from '../../src/query/analysed.ts'
import { fold, otherForms } from '../../src/query/fold.ts'
import { parse } from '../../src/query/parse.ts'
import { compareQuantities, readQuantity } from '../../src/query/quantity.ts'
import { matches } from '../../src/query/query.ts'
import { type AskedLine, searched } from '../../src/query/searched-line.ts'
import { readTimeSpan } from '../../src/query/time-span.ts'

const APPS = new Map([[7, 'shop-eu']])

function f(query: string, line: string | Partial<AskedLine>, want: boolean): void {
  const { query: parsed, hints } = parse(query)
  const fields = typeof line === 'string' ? { message: line } : line
  const asked: AskedLine = {
    sentAt: '2026-11-21T10:15:20.500000Z',
    drainId: 7,
    priority: 190,
    source: 'app',
    process: 'web.1',
    message: '',
    ...fields,
  }
  expect(matches(parsed, searched(asked, APPS)), `${query} on ${JSON.stringify(line)}`).toBe(want)
  expect(hints, query).toEqual([])
}

const heroku = (message: string, process = 'router') => ({ source: 'heroku', process, message })
const ROUTER =
  'at=error code=H12 desc="Request timeout" method=GET path="/api/Schlachter 1951/books" host=a.example.com request_id=5c7e fwd="1.2.3.4, 5.6.7.8" dyno=web.1 connect=0ms service=30000ms status=503 bytes= protocol=https'
const METRICS =
  'source=web.1 dyno=heroku.1.5c sample#memory_total=221.47MB sample#memory_pgpgin=149293pages sample#load_avg_1m=0.00'

describe('a word', () => {
  it('is found anywhere, in any case of letters', () => {
    f('time', 'a Timeout', true)
    f('TIMEOUT', 'a timeout', true)
    f('timeouts', 'a timeout', false)
    f('web.1', '', true)
    f('APP', '', true)
    f('100%', 'used 100%', true)
    f('a_b', 'axb', false)
    f('a b', 'b a', true)
    f('a c', 'b a', false)
  })

  it('folds letters by a rule of its own', () => {
    f('zaż', 'ZAŻÓŁĆ', true)
    f('ΟΔΟΣ', 'οδος', true)
    f('ß', 'ẞ', true)
    f('ss', 'ß', false)
    f('i', 'I', true)
    f('i', 'İ', false)
    f('ı', 'I', false)
    f('k', '\u212a', false)
    f('s', 'ſ', false)
    f('o', 'ó', false)
    f('ошибка', 'ОШИБКА', true)
  })

  it('is found across colours, which are not searched', () => {
    f('error', '\x1b[31mERR\x1b[1mOR\x1b[0m', true)
    f('31m', '\x1b[31mred', false)
    f('level:error', '\x1b[31mERROR\x1b[0m: no', true)
    f('status:500', '\x1b[36mstatus=\x1b[0m500', true)
  })
})

it('a phrase is what stands between the quotes', () => {
  f('"b a"', 'b a', true)
  f('"a b"', 'b a', false)
  f('"say \\"hi\\""', 'say "hi"', true)
  f('"a*"', 'abc', false)
  f('""', 'anything', true)
})

it('a star is any characters or none', () => {
  f('GET*checkout', 'GET /a/checkout', true)
  f('GET*checkout', 'checkout GET', false)
  f('a*b*c', 'a c b', false)
  f('*', '', true)
})

it('an expression minds the case unless it says i', () => {
  f('/tim.out/', 'timeout', true)
  f('/Tim.out/', 'timeout', false)
  f('/Tim.out/i', 'timeout', true)
  f('/^time+out$/', 'timeout', true)
  f('/^web\\.\\d$/', '', true)
  f('/a{3}/', 'aa', false)
})

it('not, and, or', () => {
  f('-x', 'y', true)
  f('-x', 'x', false)
  f('x OR y', 'y', true)
  f('x y OR z', 'z', true)
  f('x (y OR z)', 'z', false)
  f('-(x y)', 'x', true)
  f('-(x OR y)', 'x', false)
  f('x -y', 'x', true)
})

describe('a field', () => {
  it('is a key of a router line', () => {
    f('status:503', ROUTER, true)
    f('status:50', ROUTER, false)
    f('path:"/api/schlachter 1951/books"', ROUTER, true)
    f('path:/api/*', ROUTER, true)
    f('path:*books', ROUTER, true)
    f('desc:/tim.out/', ROUTER, true)
    f('bytes:""', ROUTER, true)
    f('bytes:*', ROUTER, true)
    f('cause:*', ROUTER, false)
    f('-cause:*', ROUTER, true)
    f('STATUS:503', ROUTER, true)
    f('fwd:*5.6.7.8', ROUTER, true)
  })

  it('is a key of metrics, Postgres and other key=value lines', () => {
    f('sample#memory_total:221.47mb', METRICS, true)
    f('sample#memory_total:>221', METRICS, true)
    f('message.source:web.1', METRICS, true)
    f('sql_error_code:57014', '[YELLOW] [12-1]  sql_error_code = 57014 ERROR:  canceling', true)
    f('a:1', 'done (a=1), b=2;', true)
    f('b:2', 'done (a=1), b=2;', true)
    f('a:"say \\"hi\\""', 'a="say \\"hi\\"" b=1', true)
    f('b:1', 'a="b=1"', false)
    f('b:1', 'a=b=1', false)
    f('mem:>800M', 'Process running mem=871M(170.3%)', true)
  })

  it('is a path in JSON', () => {
    const json =
      'app.INFO: {"user":{"id":12345678901234567890,"name":"Zo\\u00eb"},"tags":["new","eu"],"ok":true,"none":null,"ms":1.50}'
    f('user.id:12345678901234567890', json, true)
    f('user.id:12345678901234567891', json, false)
    f('user.name:zoë', json, true)
    f('tags:eu', json, true)
    f('tags.0:new', json, true)
    f('ok:true none:null', json, true)
    f('ms:1.50 ms:=1.5', json, true)
    f('User.ID:*', json, true)
    f('user:*', json, false)
    f('a:1', '{"a":1', false)
  })

  it('is of the line itself', () => {
    f('source:app process:web.1 process:web dyno:web.1 dyno:WEB', '', true)
    f('dyno:web.1', ROUTER, true)
    f('dyno:*', heroku('x'), false)
    f('source:heroku', 'source=heroku', false)
    f('priority:190 priority:>=134 drain:7 app:shop-eu app:shop*', '', true)
    f('app:shop', '', false)
    f('source:*', { source: null }, false)
  })
})

it('codes are found where Heroku says them', () => {
  f('code:H12', heroku(ROUTER), true)
  f('code:h*', heroku(ROUTER), true)
  f('code:R14', heroku('Error R14 (Memory quota exceeded)', 'web.1'), true)
  f('code:L10', heroku('Error L10 (output buffer overflow): 30 messages dropped', 'logplex'), true)
  f('code:R14', 'Error R14 (Memory quota exceeded)', false)
})

describe('a level', () => {
  const level = (want: string | null, line: string | Partial<AskedLine>) =>
    want === null ? f('-level:*', line, true) : f(`level:${want}`, line, true)

  it('is what a key says', () => {
    level('info', 'at=info method=GET path="/ERROR"')
    level('warn', 'time=x level=warning msg="ERROR"')
    level('error', '{"severity":"ERROR","message":"x"}')
    level('error', '{"level":50,"msg":"x"}')
    level('fatal', '{"log":{"level":"critical"}}')
    level(null, 'at=spawn n=50')
  })

  it('is error where Heroku gives a code, or a dyno crashed', () => {
    level('error', heroku('Error R14 (Memory quota exceeded)', 'web.1'))
    level('error', heroku('State changed from up to crashed', 'web.1'))
    level('info', heroku('at=info code=H80 desc="Maintenance mode"'))
    level(null, heroku('State changed from starting to up', 'web.1'))
  })

  it('is a word at a usual place', () => {
    level('error', 'E, [2026-11-21T10:00:00.123 #4] ERROR -- : boom')
    level('warn', '2026-11-21 10:00:00,123 WARNING django.request: Not Found')
    level('error', '[12-1] ERROR:  relation does not exist')
    level('info', '[12-1] LOG:  checkpoint complete')
    level('error', '[error] boom')
    level('error', 'npm ERR! code 1')
    level('error', 'error: boom')
    level('error', 'TypeError: x is not a function')
    level('error', "ActiveRecord::RecordNotFoundError (Couldn't find it)")
    level('error', 'Traceback (most recent call last):')
    level('fatal', 'FATAL:  too many connections')
    level(null, 'there was no error')
    level(null, 'GET /ERROR/x')
    level(null, '')
  })

  it('has an order', () => {
    f('level:>=warn', 'ERROR x', true)
    f('level:>=warn', 'INFO x', false)
    f('level:>=warn', 'x', false)
    f('level:<warn level:>debug', 'INFO x', true)
    f('level:warning', '[warn] x', true)
  })
})

it('a comparison minds units', () => {
  f('service:>=30s service:<=30000ms service:=30s service:>29999', ROUTER, true)
  f('service:>30s', ROUTER, false)
  f('status:>=500 status:<600', ROUTER, true)
  f('bytes:<10kB', 'bytes=10239', true)
  f('bytes:<10kB', 'bytes=10240', false)
  f('bytes:>0', ROUTER, false)
  f('d:>1s', 'd=1200', true)
  f('d:>1s', 'd=2MB', false)
  f('d:>1m', 'd=1m30.5s', true)
  f('n:<0', 'n=-1', true)
  f('n:>1e18', 'n=99999999999999999999', true)
  f('n:>1', 'n=two', false)
})

it('time is a span', () => {
  f('time:2026-11-21 time:2026-11-21T10 time:2026-11-21T10:15 time:2026-11-21T10:15:20', '', true)
  f('time:2026-11-21T10:16', '', false)
  f('time:>=2026-11-21T10:15 time:<2026-11-21T10:16', '', true)
  f('time:>2026-11-21T10:15', '', false)
  f('time:<=2026-11-21T10:15', '', true)
  f('time:2026-11-21T11:15+01:00', '', true)
  f('time:>=2026-11-21T10:15:20.500000Z time:<=2026-11-21T10:15:20.500000Z', '', true)
})

it('a quantity is a number and a unit', () => {
  const q = (text: string, want: [number, string, number] | undefined) => {
    const read = readQuantity(text)
    expect(read && [read.number, read.unit, read.scaled], text).toEqual(want)
  }
  q('500', [500, 'none', 500])
  q('-1.5e3', [-1500, 'none', -1500])
  q('.5', [0.5, 'none', 0.5])
  q('12ms', [12, 'time', 12])
  q('3 s', [3, 'time', 3000])
  q('5m', [5, 'time', 300_000])
  q('5M', [5, 'bytes', 5 * 2 ** 20])
  q('23380kB', [23380, 'bytes', 23380 * 1024])
  q('149293pages', [149293, 'other', 149293])
  q('99%', [99, 'other', 99])
  q('-1m1s', [-61_000, 'time', -61_000])
  for (const none of ['', 'x', '1 2', '1.2.3', '0x10', '--1', 'Infinity', 'NaN', '1'.repeat(101)])
    q(none, undefined)
  const compare = (a: string, b: string) =>
    compareQuantities(readQuantity(a) as never, readQuantity(b) as never)
  expect(compare('1s', '1MB')).toBeUndefined()
  expect(compare('5pages', '5')).toBe(0)
})

it('a time that does not exist is none', () => {
  for (const text of [
    '2026-13-01',
    '2026-02-29',
    '2026-11-21T24',
    '2026-11-21 10',
    '10:15',
    '1969-12-31',
    '2026-00-01',
    '',
  ])
    expect(readTimeSpan(text), text).toBeUndefined()
})

it('folding is the same twice, and ASCII stays with ASCII', () => {
  for (let code = 0; code <= 0x1ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue
    const letter = String.fromCodePoint(code)
    const folded = fold(letter)
    if (fold(folded) !== folded || [...folded].length !== 1 || code < 0x80 !== folded.charCodeAt(0) < 0x80)
      expect.fail(`U+${code.toString(16)} folds to ${folded}`)
    if (folded !== letter && code >= 0x80 && !otherForms(folded).includes(letter))
      expect.fail(`U+${code.toString(16)} is missing among the forms of ${folded}`)
  }
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }),
      (a, b) => fold(a + b) === fold(a) + fold(b),
    ),
  )
})

it('a line is analysed as far as its first 16,384 characters, and searched as text to its end', () => {
  const padded = (end: string, characters = MAX_ANALYSED) => `a=1 ${'x'.repeat(characters)} ${end}`
  f('a:1', padded('b=2'), true)
  f('b:2', padded('b=2'), false)
  f('b:2', padded('b=2', MAX_ANALYSED - 100), true)
  f('"b=2"', padded('b=2'), true)
  f('b=*2', padded('b=2'), true)
  f('-b:2', padded('b=2'), true)
  f('code:R14', heroku(padded('Error R14', MAX_ANALYSED - 100)), true)
  f('code:R14', heroku(padded('Error R14')), false)
  const object = (characters: number) => JSON.stringify({ level: 'error', text: 'x'.repeat(characters) })
  f('level:error', object(10_000), true)
  f('level:error', object(MAX_ANALYSED), false)
  // Half a letter is none that anybody could search.
  f('a:/^x+$/', `a=${'x'.repeat(MAX_ANALYSED - 3)}😀`, true)
})

it('the regular expressions of a query share how much of a line they look at', () => {
  const late = `${'-'.repeat(9_000)}ab12`
  f('/ab\\d/', late, true)
  const large = '/x{200}y{200}/'
  const { query, hints } = parse(`/ab\\d/ -${large}`)
  expect(hints).toHaveLength(1)
  const asked = { sentAt: '', drainId: 1, priority: null, source: null, process: null }
  expect(matches(query, searched({ ...asked, message: late }))).toBe(false)
  expect(matches(query, searched({ ...asked, message: late.slice(8_500) }))).toBe(true)
})

it('a name of a field is as long as somebody can ask for it, and what is no object has no fields', () => {
  const name = 'n'.repeat(200)
  f(`${name}:1`, `{"${name}":1}`, true)
  f(`${name}n:1`, `{"${name}n":1}`, false)
  f('a:1', `{"${name}n":{"a":1},"a":1}`, true)
  f('a:"\\"1"', '{"a":"\\1}', false)
})
