import fc from 'fast-check'
import { expect, it } from 'vitest'
import { findText } from '../../src/query/find-text.ts'

it('finds what indexOf finds, also what is long and repeats itself', () => {
  const piece = fc.constantFrom('a', 'b', 'ab', 'a'.repeat(130), 'ab'.repeat(130), 'é')
  const texts = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(texts, texts, texts, fc.nat(40), (before, wanted, after, from) => {
      for (const text of [before, before + wanted + after, after + wanted.slice(0, -1)]) {
        expect(findText(text, wanted, from)).toBe(text.indexOf(wanted, from))
      }
    }),
    { numRuns: 2_000 },
  )
})
