import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createSecretBox,
  type SecretBox,
  SecretBoxError,
  type SecretPlace,
} from '../../src/secrets/secret-box.ts'

const key = (id: string) => ({ id, key: randomBytes(32).toString('base64') })
const [old, young] = [key('old'), key('young')]
const place: SecretPlace = {
  resourceId: '8f3b2c1a-5d6e-4f70-8a9b-0c1d2e3f4a5b',
  purpose: 'refresh token',
}
const box = createSecretBox([old], randomBytes)
const refuses = (opening: SecretBox, sealed: Uint8Array, where = place) =>
  expect(() => opening.open(sealed, where)).toThrow(SecretBoxError)

describe('a sealed secret', () => {
  it('opens to what was sealed, whatever that was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (secret) => {
        expect(box.open(box.seal(secret, place), place)).toBe(secret)
      }),
    )
  })

  it('looks different each time, and like nothing it holds', () => {
    const [one, two] = [box.seal('a secret of ours', place), box.seal('a secret of ours', place)]
    expect(one.equals(two)).toBe(false)
    expect(one.toString('latin1')).not.toContain('secret of')
  })

  it('does not open for another resource or for another purpose', () => {
    const sealed = box.seal('x', place)
    refuses(box, sealed, { ...place, resourceId: '00000000-5d6e-4f70-8a9b-0c1d2e3f4a5b' })
    refuses(box, sealed, { ...place, purpose: 'access token' })
  })

  it('does not open with any bit of it changed, cut short, or when it is noise', () => {
    const sealed = box.seal('x', place)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed)
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      refuses(box, changed)
    }
    for (let length = 0; length < sealed.length; length++) refuses(box, sealed.subarray(0, length))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (noise) => void refuses(box, noise)))
  })
})

describe('rotating keys', () => {
  it('seals with the first key and opens with any', () => {
    const sealed = box.seal('x', place)
    const rotating = createSecretBox([young, old], randomBytes)
    expect(rotating.open(sealed, place)).toBe('x')
    const anew = rotating.seal('x', place)
    expect(createSecretBox([young], randomBytes).open(anew, place)).toBe('x')
    refuses(box, anew)
    expect(anew.subarray(0, rotating.currentPrefix.length)).toEqual(rotating.currentPrefix)
    expect(sealed.subarray(0, rotating.currentPrefix.length)).not.toEqual(rotating.currentPrefix)
  })

  it('names a key that is missing, and nothing of the secret', () => {
    const sealed = box.seal('a secret of ours', place)
    expect(() => createSecretBox([young], randomBytes).open(sealed, place)).toThrow(/lacks the key "old"/)
  })
})
