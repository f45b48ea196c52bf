import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { FramedLine } from '../../src/logplex/framed-line.ts'
import { shownText, textPieces } from '../../src/logs/shown-text.ts'

const NO_TEXT = { isText: false } as FramedLine

it('shows what is no text by stand-ins', () => {
  const f = (bytes: number[], want: string) =>
    expect(shownText(Buffer.from(bytes), NO_TEXT, 0, bytes.length)).toBe(want)
  f([0x61, 0x00, 0x62, 0x00], 'a\u2400b\u2400')
  f([0xc3, 0xa4, 0xff, 0x00], 'ä\ufffd\u2400')
  f([0xe2, 0x82], '\ufffd')
  f([], '')
})

it('shows a large field in pieces as it would as a whole', () => {
  const byte = fc.oneof(
    fc.constantFrom(0x61, 0x00, 0x80, 0xbf, 0xc3, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98),
    fc.nat(255),
  )
  // Around the places where pieces end: at any of them a character may be cut.
  const seam = fc.array(byte, { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(seam, fc.nat(12), fc.constantFrom(0x61, 0x80, 0xf0), (bytes, back, filling) => {
      const body = Buffer.alloc(50_000, filling)
      for (const piece of [16_384, 32_768])
        Buffer.from(bytes).copy(body, piece - Math.min(back, bytes.length))
      const pieces = [...textPieces(NO_TEXT, body, 0, body.length)]
      expect(pieces.length).toBeGreaterThan(2)
      expect(Buffer.concat(pieces).toString()).toBe(body.toString().replaceAll('\0', '\u2400'))
    }),
    { numRuns: 200 },
  )
})
