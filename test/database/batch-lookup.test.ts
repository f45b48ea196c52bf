import { expect, it } from 'vitest'
import { gather } from '../../src/database/batch-lookup.ts'

it('asks once for all that is looked up in one turn, and gives each its own answer', async () => {
  const asked: (readonly number[])[] = []
  const double = gather(async (keys: readonly number[]) => {
    asked.push(keys)
    return keys.map((key) => key * 2)
  })
  expect(await Promise.all([double(1), double(2), double(3)])).toEqual([2, 4, 6])
  expect(await double(4)).toBe(8)
  expect(asked).toEqual([[1, 2, 3], [4]])
})

it('asks once for all that is looked up within a while, where nobody is in a hurry', async () => {
  const asked: (readonly number[])[] = []
  const find = gather(
    async (keys: readonly number[]) => {
      asked.push(keys)
      return keys
    },
    { withinMs: 50 },
  )
  const first = find(1)
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(await Promise.all([first, find(2)])).toEqual([1, 2])
  expect(asked).toEqual([[1, 2]])
})

it('has a bounded number of questions under way, and gathers what is looked up meanwhile', async () => {
  const asked: { keys: readonly number[]; answer: () => void }[] = []
  const find = gather(
    (keys: readonly number[]) =>
      new Promise<readonly number[]>((resolve) => asked.push({ keys, answer: () => resolve(keys) })),
    { most: 1 },
  )
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const first = find(1)
  await turn()
  const others = [find(2), find(3)]
  await turn()
  expect(asked.map(({ keys }) => keys)).toEqual([[1]])
  asked[0]?.answer()
  expect(await first).toBe(1)
  await turn()
  expect(asked.map(({ keys }) => keys)).toEqual([[1], [2, 3]])
  asked[1]?.answer()
  expect(await Promise.all(others)).toEqual([2, 3])
})

it('tells everybody who asked of a failure, and nobody who asks later', async () => {
  let fails = true
  const find = gather(async (keys: readonly number[]) => {
    if (fails) throw new Error('the database is away')
    return keys
  })
  const both = await Promise.allSettled([find(1), find(2)])
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  fails = false
  expect(await find(3)).toBe(3)
})
