// What any LogTail must do. An engine's test file calls this with a way to open tails, as processes do, over one store.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { LogStore } from '../../src/logs/log-store.ts'
import type { Following, FollowQuery, LogTail, TailPart } from '../../src/logs/log-tail.ts'
import { EVERYTHING } from '../../src/query/everything.ts'
import { delivery, frame } from '../support/deliveries.ts'

export interface TailsUnderTest {
  store: LogStore
  /** A tail as another process has it. */
  openTail(): LogTail
  close(): Promise<void>
}

const NOW = new Date()
const SOON = { timeout: 18_000, interval: 20 }

export function describeLogTail(engine: string, open: () => Promise<TailsUnderTest>): void {
  describe(`log tail on ${engine}`, () => {
    let opened: TailsUnderTest
    let store: LogStore
    let tail: LogTail
    let second: LogTail
    let lastResource = 0

    beforeAll(async () => {
      opened = await open()
      store = opened.store
      tail = opened.openTail()
      second = opened.openTail()
      await store.makeTables([7], NOW)
    })
    afterAll(async () => {
      await tail.close()
      await second.close()
      await opened.close()
    })

    function ownResource(): number {
      lastResource++
      return lastResource
    }

    /** Stores these messages as one delivery, sent now unless said otherwise. */
    async function store1(resourceNumber: number, messages: readonly string[], at: Date = new Date()) {
      const frames = messages.map((message) =>
        frame(message, { at: at.toISOString().replace('Z', '000+00:00') }),
      )
      const own = { resourceNumber, drainId: resourceNumber, receivedAtMicros: Date.now() * 1000 }
      expect(await store.append([delivery(frames, own)])).toEqual(['stored'])
    }

    async function follow(resourceNumber: number, fields: Partial<FollowQuery> = {}, by: LogTail = tail) {
      const following = await by.follow({
        resourceNumber,
        history: { search: EVERYTHING, limit: 100 },
        signal: new AbortController().signal,
        ...fields,
      })
      return listening(following)
    }

    function listening(following: Following) {
      const parts: TailPart[] = []
      let hasEnded = false
      following.listen(
        (part) => parts.push(part),
        () => {
          hasEnded = true
        },
      )
      return {
        following,
        hasEnded: () => hasEnded,
        history: () => (following.history?.lines ?? []).map((line) => line.message).reverse(),
        live: () => parts.flatMap((part) => part.lines.map((line) => line.message)),
        skipped: () => parts.reduce((sum, part) => sum + (part.skipped?.lines ?? 0), 0),
        position: () => parts.at(-1)?.position ?? following.position,
        parts,
      }
    }

    it('gives the newest lines of the past, then what is stored from then on, in its order', async () => {
      const own = ownResource()
      await store1(own, ['a', 'b'])
      const reader = await follow(own)
      expect(reader.history()).toEqual(['a', 'b'])
      await store1(own, ['c', 'd'])
      await vi.waitFor(() => expect(reader.live()).toEqual(['c', 'd']), SOON)
      await store1(own, ['e'])
      await vi.waitFor(() => expect(reader.live()).toEqual(['c', 'd', 'e']), SOON)
      reader.following.stop()
    })

    it('gives a line that comes late, and one of long ago', async () => {
      const own = ownResource()
      const reader = await follow(own)
      await store1(own, ['now'])
      await store1(own, ['five minutes late'], new Date(Date.now() - 300_000))
      await store1(own, ['of last year'], new Date(Date.now() - 365 * 86_400_000))
      const all = ['now', 'five minutes late', 'of last year']
      await vi.waitFor(() => expect(reader.live().sort()).toEqual(all.sort()), SOON)
      reader.following.stop()
    })

    it('shows a resource its own lines only, and no reader what another asked for', async () => {
      const [mine, other] = [ownResource(), ownResource()]
      const readers = [await follow(mine), await follow(other)]
      await Promise.all([store1(mine, ['mine']), store1(other, ['theirs'])])
      await vi.waitFor(
        () => expect(readers.map((reader) => reader.live())).toEqual([['mine'], ['theirs']]),
        SOON,
      )
      for (const reader of readers) reader.following.stop()
    })

    it('gives each of many readers, in two processes, each line once, though they come in the midst of it', async () => {
      const own = ownResource()
      const stored: string[] = []
      let isStoring = true
      const storing = Promise.all(
        Array.from({ length: 3 }, async () => {
          while (isStoring) {
            const messages = Array.from({ length: 7 }, () => randomUUID())
            await store1(own, messages, new Date(Date.now() - Math.random() * 100_000))
            stored.push(...messages)
          }
        }),
      )
      const readers = await Promise.all(
        Array.from({ length: 20 }, async (_, at) => {
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 1_000))
          // A page that takes long would end early, and say so.
          const effort = { lines: Number.MAX_SAFE_INTEGER, ms: 60_000 }
          const history = { search: EVERYTHING, limit: 100_000, effort }
          return follow(own, { history }, at % 2 === 0 ? tail : second)
        }),
      )
      await new Promise((resolve) => setTimeout(resolve, 500))
      isStoring = false
      await storing
      const want = stored.toSorted()
      for (const reader of readers) {
        const all = () => [...reader.history(), ...reader.live()]
        await vi.waitFor(
          () => expect(all().length + reader.skipped()).toBeGreaterThanOrEqual(want.length),
          SOON,
        )
        expect(reader.skipped()).toBe(0)
        expect(all().sort()).toEqual(want)
        reader.following.stop()
      }
    })

    it('goes on from a position, in another process, without a hole and without a line twice', async () => {
      const own = ownResource()
      const first = await follow(own)
      await store1(own, ['a'])
      await vi.waitFor(() => expect(first.live()).toEqual(['a']), SOON)
      first.following.stop()
      await store1(own, ['b', 'c'])
      const again = await follow(own, { since: first.position() }, second)
      await store1(own, ['d'])
      await vi.waitFor(() => expect(again.live()).toEqual(['b', 'c', 'd']), SOON)
      expect(again.following.history).toBeNull()
      again.following.stop()
    })

    it('begins anew where a position is none, or of long ago', async () => {
      const own = ownResource()
      await store1(own, ['a'])
      const positions = [
        '',
        'x',
        '1.2',
        '1.1:2:',
        `${Date.now()}.5:1:`,
        `${Date.now()}.1:5:7`,
        `${Date.now()}.0:0:`,
      ]
      for (const since of [...positions, `${Date.now() + 3_600_000}.1:1:`]) {
        const reader = await follow(own, { since })
        expect(reader.history()).toEqual(['a'])
        reader.following.stop()
      }
    })

    it('says how many lines it skipped, and when they were sent, where there are too many', async () => {
      const own = ownResource()
      const reader = await follow(own)
      const count = 20_000
      const at = new Date()
      for (let stored = 0; stored < count; stored += 5_000)
        await store1(
          own,
          Array.from({ length: 5_000 }, (_, n) => `${stored + n}`),
          at,
        )
      await vi.waitFor(() => expect(reader.live().length + reader.skipped()).toBe(count), SOON)
      expect(new Set(reader.live()).size).toBe(reader.live().length)
      expect(reader.skipped()).toBeGreaterThan(0)
      for (const { skipped } of reader.parts) {
        if (skipped === null) continue
        expect(skipped.from).toBeLessThanOrEqual(at.getTime() * 1000)
        expect(skipped.to).toBeGreaterThan(at.getTime() * 1000)
      }
      reader.following.stop()
    })

    it('gives the reader who searches the past what matches of it', async () => {
      const own = ownResource()
      await store1(own, ['a', 'b', 'c'])
      const reader = await follow(own, { history: { search: EVERYTHING, limit: 2 } })
      expect(reader.history()).toEqual(['b', 'c'])
      expect(reader.following.history?.older).not.toBeNull()
      reader.following.stop()
    })

    it('counts its readers, gives nothing after stop, and ends them all when it closes', async () => {
      const own = ownResource()
      const closing = opened.openTail()
      const [gone, staying] = [await follow(own, {}, closing), await follow(own, {}, closing)]
      expect(closing.followers).toBe(2)
      gone.following.stop()
      expect(closing.followers).toBe(1)
      await store1(own, ['a'])
      await vi.waitFor(() => expect(staying.live()).toEqual(['a']), SOON)
      expect(gone.live()).toEqual([])
      await closing.close()
      expect([gone.hasEnded(), staying.hasEnded(), closing.followers]).toEqual([false, true, 0])
    })

    it('lets go of a reader who leaves while he is let in', async () => {
      const leaving = new AbortController()
      leaving.abort(new Error('left'))
      await expect(follow(ownResource(), { signal: leaving.signal })).rejects.toThrow('left')
      expect(tail.followers).toBe(0)
    })
  })
}
