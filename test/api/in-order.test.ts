import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inOrder } from '../../src/api/in-order.ts'

const STAYS = new AbortController().signal

/** Work that ends when the test says so, or when its signal comes. */
class Works {
  readonly running = new Map<string, { end(): void; fail(error: Error): void }>()
  readonly begun: string[] = []

  readonly start = (name: string, signal: AbortSignal): Promise<string> => {
    this.begun.push(name)
    return new Promise<string>((resolve, reject) => {
      const leave = (settle: () => void) => {
        this.running.delete(name)
        settle()
      }
      this.running.set(name, {
        end: () => leave(() => resolve(name.toUpperCase())),
        fail: (error) => leave(() => reject(error)),
      })
      signal.addEventListener('abort', () => leave(() => reject(signal.reason)), { once: true })
    })
  }
}

describe('work in order', () => {
  it('goes on as soon as one is done, and gives the results in their order', async () => {
    const works = new Works()
    const results = inOrder(['a', 'b', 'c', 'd'], 2, STAYS, works.start)
    const first = results.next()
    await turn()
    expect(works.begun).toEqual(['a', 'b'])
    works.running.get('b')?.end()
    await turn()
    expect(works.begun).toEqual(['a', 'b', 'c'])
    works.running.get('a')?.end()
    expect(await first).toEqual({ done: false, value: 'A' })
    expect(await results.next()).toEqual({ done: false, value: 'B' })
    expect([...works.running.keys()]).toEqual(['c', 'd'])
    await results.return(undefined)
    expect(works.running.size).toBe(0)
  })

  it('is all of it, in order and never more at a time, whichever is done first', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        async (turns, atOnce) => {
          let [running, most] = [0, 0]
          const work = async (item: [number, number]) => {
            running++
            most = Math.max(most, running)
            for (let left = item[1]; left > 0; left--) await turn()
            running--
            return item[0]
          }
          const results: number[] = []
          for await (const result of inOrder([...turns.entries()], atOnce, STAYS, work)) results.push(result)
          expect(results).toEqual([...turns.keys()])
          expect(most).toBe(Math.min(atOnce, turns.length))
        },
      ),
    )
  })

  it('gives what stands before a failure, then fails with it, and leaves nothing under way', async () => {
    const works = new Works()
    const results = inOrder(['a', 'b', 'c', 'd'], 2, STAYS, works.start)
    const first = results.next()
    await turn()
    // Nobody has asked for it yet: a rejection that counted as unhandled would fail this test.
    works.running.get('b')?.fail(new Error('b is broken'))
    await turn()
    works.running.get('a')?.end()
    expect(await first).toEqual({ done: false, value: 'A' })
    await expect(results.next()).rejects.toThrow('b is broken')
    expect(works.running.size).toBe(0)
    expect(works.begun).toEqual(['a', 'b', 'c'])
  })

  it('ends all of it when the signal comes, also between two results, and says why', async () => {
    const leaving = new AbortController()
    const works = new Works()
    const results = inOrder(['a', 'b', 'c', 'd'], 2, leaving.signal, works.start)
    const first = results.next()
    await turn()
    works.running.get('a')?.end()
    await first
    leaving.abort(new Error('the reader left'))
    await turn()
    expect(works.running.size).toBe(0)
    await expect(results.next()).rejects.toThrow('the reader left')
    expect(works.begun).toEqual(['a', 'b', 'c'])
  })
})
