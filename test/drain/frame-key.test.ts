import { expect, it } from 'vitest'
import { frameKey } from '../../src/drain/frame-key.ts'

const DAY_SECONDS = 86_400

it('is the frame id of a Logplex itself', () => {
  expect(frameKey('E6FEEB837F25BCA55B4F9A6FFB43ED7B', undefined).id).toBe('e6feeb837f25bca55b4f9a6ffb43ed7b')
})

it('is 32 hex digits whatever the sender calls its frames', () => {
  for (const id of ['1', 'frame-one', 'ü', 'x'.repeat(5_000)])
    expect(frameKey(id, undefined).id).toMatch(/^[0-9a-f]{32}$/)
})

it('is the same for the same id and another for another', () => {
  const f = (frameId?: string, requestId?: string) => frameKey(frameId, requestId).id
  expect(f('a')).toBe(f('a'))
  expect(f('a')).not.toBe(f('b'))
  expect(f(undefined, 'a')).toBe(f(undefined, 'a'))
  expect(f(undefined, 'a')).not.toBe(f('a'))
  expect(f('a', 'x')).toBe(f('a', 'y'))
  expect(f()).not.toBe(f())
})

it('is remembered for more than a day, but only minutes where the sender counts from 1', () => {
  const f = (frameId?: string, requestId?: string) => frameKey(frameId, requestId).rememberSeconds
  expect(f('E6FEEB837F25BCA55B4F9A6FFB43ED7B')).toBeGreaterThan(DAY_SECONDS)
  expect(f('00000000000000000000000000000001')).toBeGreaterThan(DAY_SECONDS)
  expect(f(undefined, 'a')).toBeGreaterThan(DAY_SECONDS)
  expect(f('1')).toBeLessThan(600)
})
