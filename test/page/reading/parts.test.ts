import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Line } from '../../../src/page/reading/line.ts'
import { type Part, partsOfLine } from '../../../src/page/reading/parts.ts'
import { parse } from '../../../src/query/parse.ts'
import { matches } from '../../../src/query/query.ts'
import { searched } from '../../../src/query/searched-line.ts'
import { line, routerLine } from './lines.ts'

const text = (parts: readonly Part[]) => parts.map((part) => part.text).join('')
const finds = (term: string, { sent_at, drain_id, ...rest }: Line) =>
  matches(parse(term).query, searched({ ...rest, sentAt: sent_at, drainId: drain_id }))

describe('a router line', () => {
  it('is laid out by status, method, path, time and dyno', () => {
    expect(text(partsOfLine(routerLine()))).toBe('503 GET /cart/7?x=1 1.2 s web.1 812 B 5f1f8a52')
  })

  it('says what its code means, with a link to Heroku', () => {
    const parts = partsOfLine(
      routerLine(
        'at=error code=H12 desc="Request timeout" method=GET path="/" dyno=web.1 connect=1ms service=30000ms status=503 bytes=0',
      ),
    )
    expect(text(parts)).toBe('503 GET / 30 s H12 The app took longer than 30 seconds to answer web.1 0 B')
    expect(parts.find(({ href }) => href !== undefined)?.href).toBe(
      'https://devcenter.heroku.com/articles/error-codes#h12-request-timeout',
    )
  })

  it('can be narrowed to by each of its values, and each finds the line', () => {
    const read = routerLine()
    const terms = partsOfLine(read).flatMap(({ term }) => (term === undefined ? [] : [term]))
    expect(terms).toEqual([
      'status:503',
      'method:GET',
      'path:"/cart/7?x=1"',
      'dyno:web.1',
      '5f1f8a52-9c9e-4d53-8f2f-0a6f1f1d8a11',
    ])
    for (const term of terms) expect(finds(term, read)).toBe(true)
  })

  it('is shown as it came where it is another line of the router', () => {
    const odd = 'at=info this is not a request'
    expect(text(partsOfLine(routerLine(odd)))).toBe(odd)
  })
})

describe('other lines', () => {
  it('show what a dyno uses, of how much', () => {
    const read = line(
      'source=web.1 dyno=heroku.1.x sample#memory_total=256.00MB sample#memory_quota=512.00MB sample#memory_swap=0.00MB',
      { source: 'heroku' },
    )
    const parts = partsOfLine(read)
    expect(text(parts)).toBe('memory  256 MB of 512 MB')
    expect(parts.find(({ meter }) => meter !== undefined)?.meter).toBe(0.5)
  })

  it('say what a code of a dyno means', () => {
    const parts = partsOfLine(line('Error R14 (Memory quota exceeded)', { source: 'heroku', code: 'R14' }))
    expect(text(parts)).toBe('R14 The dyno uses more memory than it has and swaps: it is slow now')
    expect(parts[0]?.term).toBe('code:R14')
  })

  it('begin with the sentence where a program logs JSON', () => {
    const read = line('{"level":"error","msg":"payment failed","order":{"id":7},"tags":["new"]}')
    expect(text(partsOfLine(read))).toBe('payment failed order.id=7 tags=new')
    expect(text(partsOfLine(read, true))).toBe(read.message)
  })

  it('keep colours and leave out what else a terminal would obey', () => {
    const parts = partsOfLine(line('\x1b[1m\x1b[31mfailed\x1b[0m \x1b[2Jat once\x07'))
    expect(parts).toEqual([
      { text: 'failed', look: 'fg1 bold' },
      { text: ' ', look: '' },
      { text: 'at once', look: '' },
    ])
  })

  it('show every character that was printed, whatever they hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (message) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they cannot be shown
        const shown = message.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '')
        expect(text(partsOfLine(line(message), true))).toBe(shown)
      }),
    )
  })

  it('only offer terms that find the line', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'level=warn',
        'a=1',
        'path="/x y"',
        'time=3',
        'k="q\\"q"',
        '5f1f8a52-9c9e-4d53-8f2f-0a6f1f1d8a11',
        'x=(1)',
        'empty=',
        'dyno=web.3',
      ),
      fc.string({ maxLength: 12 }),
      fc
        .tuple(fc.stringMatching(/^[a-z_.]{1,8}$/), fc.string({ minLength: 1, maxLength: 10 }))
        .map(([key, value]) => `${key}=${value}`),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const read = line(pieces.join(' '))
        for (const { term } of partsOfLine(read)) if (term !== undefined) expect(finds(term, read)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
