import { expect, it } from 'vitest'
import { atOnce, inSlices, type SlicedWork } from '../src/time-slices.ts'

/** Work of so many steps, each of which keeps the processor for a while. */
function steps(count: number, stepMs: number, onStep: () => void = () => {}): SlicedWork<number> {
  let done = 0
  return {
    run(isOver) {
      while (done < count) {
        const until = performance.now() + stepMs
        while (performance.now() < until);
        done++
        onStep()
        if (isOver()) return done === count
      }
      return true
    },
    result: () => done,
  }
}

/** Counts the turns of the event loop until it is stopped. */
function countTurns(): { turns: number; stop(): void } {
  const counted = { turns: 0, stop: () => clearImmediate(next) }
  let next = setImmediate(function count() {
    counted.turns++
    next = setImmediate(count)
  })
  return counted
}

it('is done at once where it takes no longer than a slice', () => {
  expect(inSlices(steps(1, 0))).toBe(1)
  expect(atOnce(steps(20, 1))).toBe(20)
})

it('lets other work come between where it takes longer', async () => {
  const counted = countTurns()
  expect(await inSlices(steps(30, 1))).toBe(30)
  counted.stop()
  expect(counted.turns).toBeGreaterThan(3)
})

it('does several at once in turns, and together no more of them in a turn than of one', async () => {
  const counted = countTurns()
  const order: string[] = []
  const started = performance.now()
  const works = ['a', 'b', 'c', 'd'].map((name) => inSlices(steps(20, 1, () => order.push(name))))
  // The first slices of all of them are one slice.
  expect(performance.now() - started).toBeLessThan(100)
  expect(await Promise.all(works)).toEqual([20, 20, 20, 20])
  counted.stop()
  expect(counted.turns).toBeGreaterThan(8)
  expect(new Set(order.slice(-20)).size).toBeGreaterThan(1)
})

it('does not keep short work waiting for as long as the long work before it takes', async () => {
  let isLongDone = false
  const long = Promise.resolve(inSlices(steps(200, 1))).then(() => {
    isLongDone = true
  })
  await inSlices(steps(2, 1))
  expect(isLongDone).toBe(false)
  await long
})

it('fails as the work does, in the first slice and in a later one', async () => {
  const failing = (after: number): SlicedWork<void> => {
    const work = steps(after, 1)
    return {
      run(isOver) {
        if (!work.run(isOver)) return false
        throw new Error('broken')
      },
      result() {},
    }
  }
  expect(() => inSlices(failing(0))).toThrow('broken')
  await expect(inSlices(failing(30))).rejects.toThrow('broken')
  expect(await inSlices(steps(20, 1))).toBe(20)
})
