import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeFrame } from '../../src/logplex/frame-form.ts'
import { FrameParser, isRaw, MAX_LINES, parseFrames } from '../../src/logplex/frame-parser.ts'
import type { FramedLine } from '../../src/logplex/framed-line.ts'
import { drainVectors } from '../support/drain-vectors.ts'

/** A frame with its octet count. */
function counted(frame: string | Buffer): Buffer {
  const bytes = Buffer.from(frame as string)
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes])
}

function parse(body: string | Buffer, structuredData = false) {
  const bytes = Buffer.from(body as string)
  const { lines, malformed } = parseFrames(bytes, { structuredData })
  return { malformed, lines: [...lines].map((line) => readable(bytes, line)) }
}

function readable(body: Buffer, line: FramedLine) {
  return {
    priority: line.priority,
    source: body.toString('utf8', line.sourceStart, line.sourceEnd),
    process: body.toString('utf8', line.processStart, line.processEnd),
    message: body.toString('utf8', line.messageStart, line.messageEnd),
    frame: body.toString('latin1', line.start, line.end),
    sentAt: line.sentAtMicros,
    raw: isRaw(line),
  }
}

/** What the store would give back for a line: written again from the columns, or the bytes it kept. */
function givenBack(body: Buffer, line: FramedLine): Buffer {
  if (!line.reproducible) return body.subarray(line.start, line.end)
  const text = (start: number, end: number) => body.toString('utf8', start, end)
  return writeFrame({
    priority: line.priority,
    sentAtMicros: line.sentAtMicros,
    form: line.form,
    source: text(line.sourceStart, line.sourceEnd),
    process: text(line.processStart, line.processEnd),
    message: text(line.messageStart, line.messageEnd),
  })
}

const HEAD = '<190>1 2026-08-20T10:11:12.353035+00:00 host app web.1 -'

describe('reading the vectors', () => {
  for (const [at, vector] of drainVectors.entries()) {
    it(`reads vector ${at}: ${vector.name}`, () => {
      const { lines } = parseFrames(vector.body, { structuredData: false })
      for (const [index, frame] of vector.frames.entries()) {
        if (frame === null) continue
        const line = lines.at(index) as FramedLine
        const message = vector.body.subarray(line.messageStart, line.end)
        expect(message.toString('latin1')).toBe(frame.message.toString('latin1'))
        expect(line.priority).toBe(frame.pri)
      }
      if (vector.wellFormed) {
        expect(lines.length).toBe(vector.frames.length)
        const whole = Buffer.concat([...lines].map((line) => counted(givenBack(vector.body, line))))
        expect(whole.equals(vector.body)).toBe(true)
      }
    })
  }
})

describe('framing', () => {
  it('counts bytes, not characters', () => {
    const { lines } = parse(Buffer.concat([counted(`${HEAD} ÄÖÜ µ 🎉`), counted(`${HEAD} next`)]))
    expect(lines.map((line) => line.message)).toEqual(['ÄÖÜ µ 🎉', 'next'])
  })

  it('keeps newlines inside a message and takes one line end off its end', () => {
    const f = (message: string, want: string) =>
      expect(parse(counted(`${HEAD} ${message}`)).lines[0]?.message).toBe(want)
    f('a\nb\n', 'a\nb')
    f('a\n\n', 'a\n')
    f('a\r\n', 'a')
    f('a', 'a')
    f('\n', '')
    f('', '')
  })

  it('does not take a frame inside a message for a frame', () => {
    const forged = counted('<158>1 2026-08-20T10:11:12.353035+00:00 host heroku router - at=info').toString()
    const { lines, malformed } = parse(counted(`${HEAD} look:\n${forged}\n`))
    expect(lines).toHaveLength(1)
    expect(malformed).toBe(0)
  })

  it('reads frames whose line end stands outside of the count', () => {
    const { lines, malformed } = parse(`${counted(`${HEAD} a`)}\n${counted(`${HEAD} b`)}\r\n`)
    expect(lines.map((line) => line.message)).toEqual(['a', 'b'])
    expect(malformed).toBe(0)
  })

  it('takes a last frame that is short of the newline its count includes', () => {
    const { lines, malformed } = parse(`${HEAD.length + 3} ${HEAD} a`)
    expect(lines.map((line) => line.message)).toEqual(['a'])
    expect(malformed).toBe(0)
  })

  it('keeps a truncated last frame, flagged, and its good neighbours as they are', () => {
    const { lines, malformed } = parse(`${counted(`${HEAD} a`)}9999 ${HEAD} cut of`)
    expect(lines.map((line) => line.message)).toEqual(['a', 'cut of'])
    expect(malformed).toBe(1)
  })

  it('goes on at the next frame behind a count that points too far', () => {
    const { lines, malformed } = parse(`9999 ${HEAD} bad${counted(`${HEAD} good`)}`)
    expect(lines.map((line) => line.message)).toEqual(['bad', 'good'])
    expect(malformed).toBe(1)
  })

  it('keeps what stands between frames as a raw line', () => {
    const { lines, malformed } = parse(`${counted(`${HEAD} a`)}<< rubbish >>${counted(`${HEAD} b`)}`)
    expect(lines.map((line) => [line.message, line.raw])).toEqual([
      ['a', false],
      ['<< rubbish >>', true],
      ['b', false],
    ])
    expect(malformed).toBe(1)
  })

  it('keeps a counted frame without a header as a raw line', () => {
    const f = (frame: string) =>
      expect(parse(counted(frame)).lines).toMatchObject([{ message: frame, raw: true }])
    f('hello')
    f('<190>')
    f('<190>1 2026-08-20T10:11:12Z host app web.1')
    f('<1900>1 2026-08-20T10:11:12Z host app web.1 - x')
    f('<>1 2026-08-20T10:11:12Z host app web.1 - x')
  })

  it('refuses counts of more than seven digits and skips empty frames', () => {
    expect(parse('99999999999999999999 <190>1 x').lines).toMatchObject([{ raw: true }])
    expect(parse(`0 0 ${counted(`${HEAD} a`)}`).lines.map((line) => line.message)).toEqual(['a'])
    expect(parse(`00${counted(`${HEAD} a`)}`).lines.map((line) => line.message)).toEqual(['a'])
  })

  it('reads a frame of a megabyte and ten thousand frames', () => {
    const big = 'x'.repeat(2 ** 20)
    expect(parse(counted(`${HEAD} ${big}`)).lines[0]?.message.length).toBe(big.length)
    expect(parse(Buffer.concat(Array(10_000).fill(counted(`${HEAD} a\n`)))).lines).toHaveLength(10_000)
  })
})

describe('a body of more lines than are taken', () => {
  const EXTRA = 7
  const tooMany = Buffer.concat(
    Array.from({ length: MAX_LINES + EXTRA }, (_, at) => counted(`${HEAD} ${at}\n`)),
  )

  it('has the rest counted', () => {
    const { lines, beyond, malformed } = parseFrames(tooMany, { structuredData: false })
    expect([lines.length, beyond, malformed]).toEqual([MAX_LINES, EXTRA, 0])
    expect(readable(tooMany, lines.at(MAX_LINES - 1) as FramedLine).message).toBe(String(MAX_LINES - 1))
    expect(lines.at(MAX_LINES)).toBeUndefined()
  })

  it('has raw lines among the rest counted too, and what stands between frames', () => {
    const body = Buffer.concat([
      tooMany,
      Buffer.from('%% rubbish %%'),
      counted(`${HEAD} x`),
      Buffer.from('\n'),
    ])
    expect(parseFrames(body, { structuredData: false })).toMatchObject({ beyond: EXTRA + 2, malformed: 0 })
  })

  it('gives the same lines once what is above is cut off', () => {
    const { lines, bytes } = parseFrames(tooMany, { structuredData: false })
    const again = parseFrames(tooMany.subarray(0, bytes), { structuredData: false })
    expect([...again.lines]).toEqual([...lines])
    expect(again).toMatchObject({ beyond: 0, bytes })
  })
})

describe('a parse that is paused', () => {
  const mostPauses = (body: Buffer) => {
    const parser = new FrameParser(body, { structuredData: true })
    let pauses = 0
    while (!parser.run(() => true)) pauses++
    return { parsed: parser.result(), pauses }
  }

  it('is the same as one in one go', () => {
    const pieces = fc.array(
      fc.constantFrom(`${counted(`${HEAD} - a\n`)}`, '<<<', ' <1', '99 <190>1 ', '\n', 'x '.repeat(40)),
      { maxLength: 400 },
    )
    fc.assert(
      fc.property(pieces, (parts) => {
        const body = Buffer.from(parts.join(''))
        const whole = parseFrames(body, { structuredData: true })
        const { parsed } = mostPauses(body)
        expect([...parsed.lines]).toEqual([...whole.lines])
        expect(parsed.malformed).toBe(whole.malformed)
      }),
      { numRuns: 50 },
    )
  })

  it.each([
    ['frames of three bytes', '1 a'],
    ['no frame at all', ' <'],
    ['counts that point past the end', `9999999 ${HEAD} `],
  ])('can be paused often, whatever is in it: %s', (_, piece) => {
    const bytes = 1_000_000
    const { pauses } = mostPauses(Buffer.from(piece.repeat(bytes / piece.length)))
    // Between two pauses: frames whose header is looked at, or places that look like one.
    expect(pauses).toBeGreaterThan(5)
  })
})

describe('the header', () => {
  it('is looked for in the first bytes of a frame only', () => {
    const f = (fieldBytes: number) =>
      parse(counted(`<190>1 2026-08-20T10:11:12Z host app ${'x'.repeat(fieldBytes)} - message`)).lines[0]
    expect(f(4_000)).toMatchObject({ raw: false, message: 'message' })
    expect(f(5_000)).toMatchObject({ raw: true })
  })

  const f = (frame: string, want: object) => expect(parse(counted(frame)).lines[0]).toMatchObject(want)

  it('reads nil fields as absent', () => {
    f('<13>1 - - - - - x', { source: '', process: '', message: 'x', sentAt: Number.NaN })
  })

  it('reads a message that is missing together with its space', () => {
    f('<13>1 2026-08-20T10:11:12Z host app web.1 -', { message: '', process: 'web.1' })
  })

  it('keeps a line whose priority is out of range, without it', () => {
    f('<192>1 2026-08-20T10:11:12Z host app web.1 - x', { priority: -1, message: 'x' })
    f('<191>1 2026-08-20T10:11:12Z host app web.1 - x', { priority: 191 })
    f('<0>1 2026-08-20T10:11:12Z host app web.1 - x', { priority: 0 })
  })

  it('reads other versions', () => {
    f('<10>123 2026-08-20T10:11:12Z host app web.1 - x', { message: 'x', priority: 10 })
  })
})

describe('structured data', () => {
  it('is text to a Logplex: it never sends any', () => {
    const f = (message: string) =>
      expect(parse(counted(`${HEAD} ${message}`)).lines[0]?.message).toBe(message)
    f('- item')
    f('[INFO] started')
    f('[meta sequenceId="1"] x')
  })

  it('is taken off for senders that write it', () => {
    const f = (message: string, want: string) =>
      expect(parse(counted(`${HEAD} ${message}`), true).lines[0]?.message).toBe(want)
    f('- Hello', 'Hello')
    f('-', '')
    f('-x', '-x')
    f('[meta sequenceId="1"] x', 'x')
    f('[a b="\\"]"][c d="e" f="g"] x', 'x')
    f('[a b="c"]', '')
    f('[INFO] started', '[INFO] started')
    f('[a b="c] x', '[a b="c] x')
    f('[a b="c"]x', '[a b="c"]x')
  })
})

describe('what holds for any bytes', () => {
  const word = fc.stringMatching(/^[!-~]{1,12}$/)
  const time = fc
    .tuple(
      fc.integer({ min: 0, max: 4_000_000_000 }),
      fc.integer({ min: 0, max: 999_999 }),
      fc.integer({ min: 0, max: 6 }),
    )
    .map(([seconds, micros, digits]) => {
      const fraction = digits === 0 ? '' : `.${String(micros).padStart(6, '0').slice(0, digits)}`
      return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction}`
    })
  const frame = fc
    .record({
      priority: fc.integer({ min: 0, max: 191 }),
      time,
      zone: fc.constantFrom('+00:00', 'Z', '+09:00', '-07:00'),
      host: fc.constantFrom('host', 'other'),
      source: word,
      process: word,
      msgid: fc.constantFrom('-', 'ID1'),
      message: fc.uint8Array({ maxLength: 80 }),
      end: fc.constantFrom('', '\n', '\r\n'),
    })
    .map((f) =>
      Buffer.concat([
        Buffer.from(`<${f.priority}>1 ${f.time}${f.zone} ${f.host} ${f.source} ${f.process} ${f.msgid} `),
        f.message,
        Buffer.from(f.end),
      ]),
    )

  it('gives each encoded frame back byte for byte', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), fc.boolean(), (frames, structuredData) => {
        const body = Buffer.concat(frames.map(counted))
        const { lines, malformed } = parseFrames(body, { structuredData })
        expect(malformed).toBe(0)
        expect([...lines].map((line) => givenBack(body, line).toString('latin1'))).toEqual(
          frames.map((bytes) => bytes.toString('latin1')),
        )
      }),
      { numRuns: 300 },
    )
  })

  it('never throws on noise and keeps every byte but stray line ends and counts', () => {
    const noise = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
        frame.map(counted),
        frame,
        fc.constantFrom('99 ', '<190>1 ', ' ', '\n', '7 <1>1 a').map((text) => Buffer.from(text)),
      ),
      { maxLength: 10 },
    )
    fc.assert(
      fc.property(noise, fc.boolean(), (pieces, structuredData) => {
        const body = Buffer.concat(pieces)
        const { lines } = parseFrames(body, { structuredData })
        let at = 0
        for (const line of lines) {
          expect(body.toString('latin1', at, line.start)).toMatch(/^([\r\n]|[0-9]{1,7} )*$/)
          expect(line.end).toBeGreaterThan(line.start)
          at = line.end
        }
        expect(body.toString('latin1', at)).toMatch(/^([\r\n]|[0-9]{1,7} )*$/)
      }),
      { numRuns: 500 },
    )
  })

  it('never lets a bad frame change a good one in front of it', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { minLength: 1, maxLength: 5 }),
        fc.uint8Array({ maxLength: 60 }),
        (frames, junk) => {
          const body = Buffer.concat([...frames.map(counted), Buffer.from(junk)])
          const { lines } = parseFrames(body, { structuredData: false })
          expect(
            [...lines].slice(0, frames.length).map((line) => body.toString('latin1', line.start, line.end)),
          ).toEqual(frames.map((bytes) => bytes.toString('latin1')))
        },
      ),
      { numRuns: 200 },
    )
  })
})
