import { expect, it } from 'vitest'
import { Hold } from '../../src/drain/hold.ts'

const LONG_MS = 60_000

it('lets what is settled in time through, whichever way it went', async () => {
  const hold = new Hold(LONG_MS)
  expect(await hold.over(Promise.resolve('stored'))).toBe('stored')
  await expect(hold.over(Promise.reject(new Error('refused')))).rejects.toThrow('refused')
  hold.release()
})

it('ends all waiting when the answer is due, and gives up what was waited for', async () => {
  const given: string[] = []
  const hold = new Hold(20)
  const waiting = ['a', 'b'].map((name) => hold.over(new Promise(() => {}), () => given.push(name)))
  for (const one of waiting) await expect(one).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(given).toEqual(['a', 'b'])
})

it('gives nothing up that was settled before the answer is due', async () => {
  let given = 0
  const hold = new Hold(20)
  await hold.over(Promise.resolve(), () => given++)
  await expect(hold.over(new Promise(() => {}))).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(given).toBe(0)
})

it.each([0, -5])('waits for nothing where the answer is due at once: %i ms', async (ms) => {
  const hold = new Hold(ms)
  await expect(hold.over(new Promise(() => {}))).rejects.toMatchObject({ code: 'store_unavailable' })
  let given = 0
  const late = hold.over(new Promise(() => {}), () => given++)
  expect(given).toBe(1)
  await expect(late).rejects.toMatchObject({ code: 'store_unavailable' })
})
