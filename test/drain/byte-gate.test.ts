import { expect, it } from 'vitest'
import { ByteGate } from '../../src/drain/byte-gate.ts'

it('lets in what fits and makes the rest wait, first come first served', async () => {
  const gate = new ByteGate(100)
  const entered: string[] = []
  const enter = (name: string, bytes: number) => gate.enter(bytes, 1_000).then(() => entered.push(name))
  await enter('a', 60)
  const waiting = [enter('b', 60), enter('c', 10)]
  await Promise.resolve()
  expect(entered).toEqual(['a'])
  gate.leave(60)
  await Promise.all(waiting)
  expect(entered).toEqual(['a', 'b', 'c'])
  expect(gate.heldBytes).toBe(70)
})

it('lets a body in alone that is larger than all its room', async () => {
  const gate = new ByteGate(100)
  expect(await gate.enter(1_000, 10)).toBe(true)
  expect(await gate.enter(1, 10)).toBe(false)
  gate.leave(1_000)
  expect(await gate.enter(1, 10)).toBe(true)
})

it('lets those behind in when the first in line gives up', async () => {
  const gate = new ByteGate(100)
  await gate.enter(60, 10)
  const [large, small] = [gate.enter(80, 20), gate.enter(30, 1_000)]
  expect(await large).toBe(false)
  expect(await small).toBe(true)
})
