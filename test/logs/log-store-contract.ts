// What any LogStore must do. An engine's test file calls this with a way to make an empty store.
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatMicros } from '../../src/logplex/frame-form.ts'
import type { LogLine } from '../../src/logplex/framed-line.ts'
import type { Delivery, Filed, LinePage, LogStore } from '../../src/logs/log-store.ts'
import { EVERYTHING } from '../../src/query/everything.ts'
import { parse } from '../../src/query/parse.ts'
import { counted, delivery, frame } from '../support/deliveries.ts'
import { drainVectors } from '../support/drain-vectors.ts'
import { keepHouse } from '../support/logs.ts'

const NOON = new Date(Date.UTC(2026, 10, 21, 12))
const NOON_MICROS = NOON.getTime() * 1000
const DAY_MS = 86_400_000

export interface StoreUnderTest {
  store: LogStore
  close(): Promise<void>
}

export function describeLogStore(engine: string, open: () => Promise<StoreUnderTest>): void {
  describe(`log store on ${engine}`, () => {
    let opened: StoreUnderTest
    let store: LogStore
    let lastResource = 0

    beforeAll(async () => {
      opened = await open()
      store = opened.store
      await store.makeTables([7, 30], NOON)
    })
    afterAll(() => opened.close())

    /** Each test has a resource and a drain of its own. */
    function ownResource(): { resourceNumber: number; drainId: number } {
      lastResource++
      return { resourceNumber: lastResource, drainId: lastResource }
    }

    async function readAll(resourceNumber: number, search = ''): Promise<LogLine[]> {
      const { lines } = await store.read({ resourceNumber, search: parse(search).query, limit: 10_000 })
      return lines
    }

    const messages = (lines: LogLine[]) => lines.map((line) => line.message)

    it('gives lines back newest first', async () => {
      const own = ownResource()
      const times = ['10:00:02', '10:00:03', '10:00:01']
      const frames = times.map((time) => frame(`at ${time}`, { at: `2026-11-21T${time}.000000+00:00` }))
      expect(await store.append([delivery(frames, own)])).toEqual(['stored'])
      expect(messages(await readAll(own.resourceNumber))).toEqual([
        'at 10:00:03',
        'at 10:00:02',
        'at 10:00:01',
      ])
    })

    it('keeps the order within a delivery where times are equal', async () => {
      const own = ownResource()
      const names = Array.from({ length: 50 }, (_, at) => `line ${at}`)
      await store.append([
        delivery(
          names.map((name) => frame(name)),
          own,
        ),
      ])
      expect(messages(await readAll(own.resourceNumber)).reverse()).toEqual(names)
    })

    it('gives every column back', async () => {
      const own = ownResource()
      const text = '<158>1 2026-11-21T10:00:00.123456+00:00 host heroku router - at=info ✓\n'
      await store.append([delivery([text], own)])
      expect(await readAll(own.resourceNumber)).toMatchObject([
        {
          sentAt: '2026-11-21T10:00:00.123456Z',
          receivedAt: '2026-11-21T12:00:00.000000Z',
          drainId: own.drainId,
          priority: 158,
          source: 'heroku',
          process: 'router',
          message: 'at=info ✓',
        },
      ])
    })

    it('says null where a line has no priority, source or process', async () => {
      const own = ownResource()
      await store.append([delivery(['<999>1 - host - - - x'], own)])
      expect(await readAll(own.resourceNumber)).toMatchObject([
        { priority: null, source: null, process: null },
      ])
    })

    it('counts the time of receipt up by a microsecond a line', async () => {
      const own = ownResource()
      await store.append([delivery([frame('a'), frame('b')], own)])
      const received = (await readAll(own.resourceNumber)).map((line) => line.receivedAt)
      expect(received).toEqual(['2026-11-21T12:00:00.000001Z', '2026-11-21T12:00:00.000000Z'])
    })

    it('stores a repeated frame key of a drain once and says so', async () => {
      const own = ownResource()
      const first = delivery([frame('a')], own)
      expect(await store.append([first])).toEqual(['stored'])
      const again = delivery([frame('a, told differently')], { ...own, frameKey: first.frameKey })
      const other = delivery([frame('b')], own)
      expect(await store.append([again, other])).toEqual(['duplicate', 'stored'])
      expect(messages(await readAll(own.resourceNumber)).sort()).toEqual(['a', 'b'])
    })

    it('takes the same frame key from another drain', async () => {
      const own = ownResource()
      const first = delivery([frame('a')], own)
      const second = delivery([frame('b')], {
        ...own,
        drainId: own.drainId + 1_000_000,
        frameKey: first.frameKey,
      })
      expect(await store.append([first, second])).toEqual(['stored', 'stored'])
    })

    it('stores a frame key once when two commits race for it', async () => {
      const own = ownResource()
      const keys = Array.from({ length: 20 }, () => ({
        id: randomUUID().replaceAll('-', ''),
        rememberSeconds: 60,
      }))
      const group = () =>
        shuffled(keys).map((frameKey) => delivery([frame(frameKey.id)], { ...own, frameKey }))
      const answers = await Promise.all(Array.from({ length: 4 }, () => store.append(group())))
      expect(answers.flat().filter((filed) => filed === 'stored')).toHaveLength(keys.length)
      expect(messages(await readAll(own.resourceNumber)).sort()).toEqual(keys.map((key) => key.id).sort())
    })

    it('takes a frame key again when its time is over', async () => {
      const own = ownResource()
      const frameKey = { id: randomUUID().replaceAll('-', ''), rememberSeconds: 60 }
      // The key was claimed long before the present of this machine, and has run out by now.
      const past = { ...own, frameKey, receivedAtMicros: NOON_MICROS - 100 * DAY_MS * 1000 }
      await store.makeTables([7], new Date(NOON.getTime() - 100 * DAY_MS))
      expect(await store.append([delivery([frame('a')], past)])).toEqual(['stored'])
      expect(await store.append([delivery([frame('b')], { ...own, frameKey })])).toEqual(['stored'])
    })

    it('stores lines of a day and class that no table was made for', async () => {
      const own = ownResource()
      const day = { receivedAtMicros: NOON_MICROS + 300 * DAY_MS * 1000 }
      const stored = await store.append([
        delivery([frame('today')], own),
        delivery([frame('far ahead')], { ...own, ...day }),
        delivery([frame('of a new class')], { ...own, ...day, retentionDays: 45 }),
      ])
      expect(stored).toEqual(['stored', 'stored', 'stored'])
      expect(messages(await readAll(own.resourceNumber)).sort()).toEqual([
        'far ahead',
        'of a new class',
        'today',
      ])
    })

    it('stores nothing of a commit that fails, not even its frame keys', async () => {
      const own = ownResource()
      const good = delivery([frame('a')], own)
      const homeless = delivery([frame('b')], { ...own, retentionDays: -1 })
      await expect(store.append([good, homeless])).rejects.toThrow()
      expect(await readAll(own.resourceNumber)).toEqual([])
      expect(await store.append([good])).toEqual(['stored'])
    })

    it('gives every frame back byte for byte', async () => {
      for (const vector of drainVectors.filter((each) => each.wellFormed && each.frames.length > 0)) {
        const own = ownResource()
        await store.append([delivery([], { ...own, body: vector.body, ...parsed(vector.body) })])
        const lines = await readAll(own.resourceNumber)
        const inOrder = lines.sort((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1))
        expect(
          Buffer.concat(inOrder.map((line) => counted(line.frame))).equals(vector.body),
          vector.name,
        ).toBe(true)
      }
    })

    it('shows what is no text by stand-ins and keeps its bytes', async () => {
      const own = ownResource()
      const bytes = Buffer.concat([Buffer.from(frame('caf').trimEnd()), Buffer.from([0xe9, 0x00, 0x21])])
      await store.append([delivery([bytes], own)])
      const [line] = await readAll(own.resourceNumber)
      expect(line?.message).toBe('caf\ufffd\u2400!')
      expect(Buffer.from(line?.frame ?? []).equals(bytes)).toBe(true)
    })

    it('gives a line back byte for byte however large it is, text or not', async () => {
      const own = ownResource()
      const head = Buffer.from(frame('').trimEnd())
      const frames = ['✓ text ', 'a tab\t', '\0'].map((text) =>
        Buffer.concat([head, Buffer.from(` ${text.repeat(30_000)}`)]),
      )
      frames.push(Buffer.concat([head, Buffer.alloc(100_000, 0xff)]))
      await store.append([delivery(frames, own)])
      const lines = (await readAll(own.resourceNumber)).reverse()
      expect(lines.map((line) => frames.findIndex((bytes) => bytes.equals(line.frame)))).toEqual([0, 1, 2, 3])
      expect(lines[2]?.message).toBe('\u2400'.repeat(30_000))
    })

    it('orders a line by its receipt where its own time is missing or lies in the future', async () => {
      const own = ownResource()
      const frames = ['-', '2999-01-01T00:00:00Z', '2026-11-21T24:00:00Z'].map((at) => frame('x', { at }))
      await store.append([delivery(frames, own)])
      const lines = await readAll(own.resourceNumber)
      expect(lines.map((line) => line.sentAt === line.receivedAt)).toEqual([true, true, true])
      expect(lines.map((line) => Buffer.from(line.frame).toString()).reverse()).toEqual(frames)
    })

    it('gives each line exactly once, page by page, in both directions', async () => {
      const own = ownResource()
      const count = 97
      for (let at = 0; at < count; at += 10) {
        const part = Array.from({ length: Math.min(10, count - at) }, (_, i) =>
          frame(`${at + i}`, { at: `2026-11-21T10:00:0${(at + i) % 7}.000000+00:00` }),
        )
        await store.append([delivery(part, { ...own, receivedAtMicros: NOON_MICROS + at })])
      }
      const all = messages(await readAll(own.resourceNumber))
      expect(new Set(all).size).toBe(count)

      const down = await pages(own.resourceNumber, (page) => (page.older ? { before: page.older } : null))
      expect(down.flatMap((page) => messages(page.lines))).toEqual(all)

      const oldest = down.at(-1)?.lines.at(-1)?.cursor as string
      const up = await pages(own.resourceNumber, (page) => (page.newer ? { after: page.newer } : null), {
        after: oldest,
      })
      expect(up.reverse().flatMap((page) => messages(page.lines))).toEqual(all.slice(0, -1))
    })

    async function pages(
      resourceNumber: number,
      next: (page: LinePage) => { before?: string; after?: string } | null,
      start: { before?: string; after?: string } = {},
    ): Promise<LinePage[]> {
      const found: LinePage[] = []
      for (
        let step: { before?: string; after?: string } | null = start;
        step !== null && found.length < 50;
      ) {
        const page: LinePage = await store.read({ resourceNumber, search: EVERYTHING, limit: 10, ...step })
        if (page.lines.length > 0) found.push(page)
        step = next(page)
      }
      return found
    }

    it('gives lines oldest first where asked to, from the oldest on', async () => {
      const own = ownResource()
      const names = Array.from({ length: 25 }, (_, at) => `${at}`)
      await store.append([
        delivery(
          names.map((name) => frame(name)),
          own,
        ),
      ])
      const query = { resourceNumber: own.resourceNumber, search: EVERYTHING, limit: 10 }
      const found: string[] = []
      let page = await store.read({ ...query, oldestFirst: true })
      for (; page.lines.length > 0; page = await store.read({ ...query, after: page.newer as string }))
        found.push(...messages(page.lines).reverse())
      expect(found).toEqual(names)
    })

    it('gives the line of a cursor itself where asked to, and tells when it was sent though it is gone', async () => {
      const own = ownResource()
      await store.append([delivery([frame('a'), frame('b'), frame('c')], own)])
      const [, middle] = await readAll(own.resourceNumber)
      const { cursor, sentAt } = middle as LogLine
      const query = { resourceNumber: own.resourceNumber, search: EVERYTHING, limit: 2, including: true }
      expect(messages((await store.read({ ...query, after: cursor })).lines)).toEqual(['c', 'b'])
      expect(messages((await store.read({ ...query, before: cursor })).lines)).toEqual(['b', 'a'])
      await store.purge(own.resourceNumber)
      expect(store.timeOf(cursor)).toBe(sentAt)
      expect(() => store.timeOf('nonsense')).toThrow()
    })

    it('counts the lines of each step of time, of a resource alone', async () => {
      const [own, other] = [ownResource(), ownResource()]
      const at = (second: number) => `2026-11-21T10:00:${String(second).padStart(2, '0')}.500000+00:00`
      const seconds = [0, 9, 10, 10, 19, 20, 41]
      const frames = seconds.map((second) => frame(`${second}`, { at: at(second) }))
      await store.append([delivery(frames, own), delivery(frames, other)])
      const count = async (from: string, to: string, stepSeconds: number) => {
        const micros = (time: string) => Date.parse(`2026-11-21T${time}Z`) * 1000
        const counted = await store.countLines({
          resourceNumber: own.resourceNumber,
          from: micros(from),
          to: micros(to),
          stepSeconds,
        })
        return counted
          .sort((a, b) => a.at - b.at)
          .map(({ at, lines }) => [new Date(at / 1000).toISOString().slice(11, 19), lines])
      }
      expect(await count('10:00:00', '10:01:00', 10)).toEqual([
        ['10:00:00', 2],
        ['10:00:10', 3],
        ['10:00:20', 1],
        ['10:00:40', 1],
      ])
      expect(await count('10:00:10', '10:00:20', 10)).toEqual([['10:00:10', 3]])
      expect(await count('10:00:00', '11:00:00', 3_600)).toEqual([['10:00:00', 7]])
      expect(await count('11:00:00', '12:00:00', 3_600)).toEqual([])
    })

    it('counts exactly the lines of a span, wherever it and its steps begin', async () => {
      const own = ownResource()
      const hour = Date.UTC(2026, 10, 21, 10) * 1000
      // Right before and on a second, where steps begin and what an engine may keep together, and anywhere between.
      const sent = Array.from({ length: 400 }, (_, at) => hour + at * 9_000_000).flatMap((second, at) => [
        second - 1,
        second,
        second + at * 2_411,
      ])
      const frames = sent.map((at) => frame('x', { at: formatMicros(at) }))
      await store.append([delivery(frames, own)])
      const span = fc.record({
        stepSeconds: fc.constantFrom(1, 2, 5, 8, 10, 15, 16, 30, 60, 120, 300, 600, 900, 1_800, 3_600),
        start: fc.integer({ min: -100, max: 3_700 }),
        seconds: fc.integer({ min: 1, max: 3_700 }),
      })
      const counts = fc.asyncProperty(span, async ({ stepSeconds, start, seconds }) => {
        const step = stepSeconds * 1_000_000
        const from = Math.floor((hour + start * 1_000_000) / step) * step
        const to = from + Math.ceil(seconds / stepSeconds) * step
        const want = new Map<number, number>()
        for (const sentAt of sent.filter((time) => time >= from && time < to)) {
          const at = Math.floor(sentAt / step) * step
          want.set(at, (want.get(at) ?? 0) + 1)
        }
        const got = await store.countLines({ resourceNumber: own.resourceNumber, from, to, stepSeconds })
        expect(new Map(got.map(({ at, lines }) => [at, lines]))).toEqual(want)
      })
      await fc.assert(counts, { numRuns: 60 })
    })

    it('hands over the longest lines piece by piece, and misses none', async () => {
      const own = ownResource()
      const long = 'x'.repeat(9_000)
      for (let at = 0; at < 12; at++) {
        const frames = Array.from({ length: 100 }, (_, n) => frame(`${at * 100 + n} ${long}`))
        await store.append([delivery(frames, { ...own, receivedAtMicros: NOON_MICROS + at * 1_000 })])
      }
      const found: string[] = []
      const query = { resourceNumber: own.resourceNumber, search: parse('xxx').query, limit: 5_000 }
      let pages = 0
      for (let before: string | null | undefined; before !== null; pages++) {
        const page: LinePage = await store.read({ ...query, ...(before === undefined ? {} : { before }) })
        found.push(...messages(page.lines).map((message) => message.split(' ')[0] as string))
        before = page.older
      }
      expect(found).toEqual(Array.from({ length: 1_200 }, (_, at) => `${1_199 - at}`))
      expect(pages).toBeGreaterThan(1)
    })

    it('never ends a page between lines that share a place in the order', async () => {
      const own = ownResource()
      // Two processes may receive lines of one resource in the same microsecond.
      for (const name of ['a', 'b', 'c']) await store.append([delivery([frame(name)], own)])
      const page = await store.read({ resourceNumber: own.resourceNumber, search: EVERYTHING, limit: 1 })
      expect(messages(page.lines).sort()).toEqual(['a', 'b', 'c'])
    })

    it('finds lines that hold every word, in any case of letters', async () => {
      const own = ownResource()
      const frames = [
        frame('GET /Cart 100%'),
        frame('get /home 1000'),
        frame('a_b'),
        frame('axb', { process: 'worker.7' }),
      ]
      await store.append([delivery(frames, own)])
      const f = async (search: string, want: string[]) =>
        expect(messages(await readAll(own.resourceNumber, search)).sort()).toEqual([...want].sort())
      await f('get', ['GET /Cart 100%', 'get /home 1000'])
      await f('GET cart', ['GET /Cart 100%'])
      await f('100%', ['GET /Cart 100%'])
      await f('a_b', ['a_b'])
      await f('worker.7', ['axb'])
      await f('nowhere', [])
    })

    it('pauses when it has looked at enough, says how far it came, and goes on from there', async () => {
      const own = ownResource()
      const at = (i: number) => `2026-11-21T10:00:${String(Math.floor(i / 2)).padStart(2, '0')}.000000+00:00`
      const frames = Array.from({ length: 100 }, (_, i) =>
        frame(i % 30 === 0 ? `rare ${i}` : `${i}`, { at: at(i) }),
      )
      await store.append([delivery(frames, own)])
      const { query: search } = parse('rare')
      const query = { resourceNumber: own.resourceNumber, search, limit: 2, effort: { lines: 7, ms: 60_000 } }
      const down: LinePage[] = [await store.read(query)]
      for (let older = down[0]?.older; older; older = down.at(-1)?.older ?? null)
        down.push(await store.read({ ...query, before: older }))
      expect(down.flatMap((page) => messages(page.lines))).toEqual([
        'rare 90',
        'rare 60',
        'rare 30',
        'rare 0',
      ])
      expect(down.length).toBeGreaterThan(10)
      const stops = down.slice(0, -1).map((page) => page.searchedTo ?? page.lines.at(-1)?.sentAt ?? '')
      expect(stops).toEqual(stops.toSorted().reverse())
      expect(down.at(-1)).toMatchObject({ older: null, searchedTo: null })

      const oldest = (await readAll(own.resourceNumber)).at(-1)?.cursor as string
      const up: string[] = []
      for (let after: string | null = oldest; after; ) {
        const page: LinePage = await store.read({ ...query, after })
        up.push(...messages(page.lines).reverse())
        after = page.newer
      }
      expect(up).toEqual(['rare 30', 'rare 60', 'rare 90'])
    })

    it('ends a search when the reader leaves', async () => {
      const own = ownResource()
      await store.append([delivery([frame('a')], own)])
      const gone = new AbortController()
      gone.abort(new Error('gone'))
      const query = { resourceNumber: own.resourceNumber, search: EVERYTHING, limit: 1 }
      await expect(store.read({ ...query, signal: gone.signal })).rejects.toThrow('gone')
      const leaving = new AbortController()
      const read = store.read({ ...query, signal: leaving.signal })
      leaving.abort(new Error('left'))
      await expect(read).rejects.toThrow('left')
      const staying = new AbortController()
      expect((await store.read({ ...query, signal: staying.signal })).lines).toHaveLength(1)
    })

    it('shows a resource its own lines only', async () => {
      const [mine, other] = [ownResource(), ownResource()]
      await store.append([delivery([frame('mine')], mine), delivery([frame('theirs')], other)])
      expect(messages(await readAll(mine.resourceNumber))).toEqual(['mine'])
    })

    it('refuses a cursor it never gave', async () => {
      for (const before of ['', 'x', '1', '1-', "1-1' or true"]) {
        await expect(
          store.read({ resourceNumber: 1, search: EVERYTHING, limit: 1, before }),
        ).rejects.toMatchObject({
          code: 'invalid_params',
        })
      }
    })

    describe('what exclusion rules dropped', () => {
      const exclusionId = '01234567-89ab-4def-8123-456789abcdef'

      it('is counted once with the rest of its delivery, by rule and day, and not towards the volume', async () => {
        const own = ownResource()
        const excluded = [
          { exclusionId, lines: 2, bytes: 8 },
          { exclusionId: exclusionId.replace('0', 'f'), lines: 1, bytes: 5 },
        ]
        const one = delivery([frame('kept')], { ...own, excluded })
        expect(await store.append([one, delivery([frame('kept too')], { ...own, excluded })])).toEqual([
          'stored',
          'stored',
        ])
        expect(await store.append([one])).toEqual(['duplicate'])
        expect(await store.savedSince(own.resourceNumber, '2026-11-21')).toEqual([
          { exclusionId, day: '2026-11-21', lines: 4, bytes: 16 },
          { exclusionId: exclusionId.replace('0', 'f'), day: '2026-11-21', lines: 2, bytes: 10 },
        ])
        expect(await store.savedSince(own.resourceNumber, '2026-11-22')).toEqual([])
        const { lines, bytes } = await store.usage(own.resourceNumber, '2026-11-21')
        expect([lines, bytes]).toEqual([
          2,
          counted(frame('kept')).length + counted(frame('kept too')).length - 26,
        ])
        await store.purge(own.resourceNumber)
        expect(await store.savedSince(own.resourceNumber, '2026-11-21')).toEqual([])
      })

      it('leaves no gap where it was all of a delivery, also above the daily volume', async () => {
        const own = { ...ownResource(), dailyBytes: 1 }
        await store.append([delivery([frame('fills the day')], own)])
        const body = counted(frame('noise'))
        const excluded = [{ exclusionId, lines: 1, bytes: body.length }]
        expect(await store.append([delivery([], { ...own, body, lines: [], excluded })])).toEqual(['stored'])
        expect(await store.gaps(own.resourceNumber, new Date(0))).toEqual([])
        expect(await store.usage(own.resourceNumber, '2026-11-21')).toMatchObject({
          lines: 1,
          droppedLines: 0,
        })
        expect(await store.savedSince(own.resourceNumber, '2026-11-21')).toHaveLength(1)
      })
    })

    it('tells the usage of each day that had any', async () => {
      const own = { ...ownResource(), dailyBytes: 1 }
      const yesterday = NOON_MICROS - DAY_MS * 1_000
      await store.append([delivery([frame('a')], { ...own, receivedAtMicros: yesterday })])
      await store.append([delivery([frame('b')], { ...own, receivedAtMicros: yesterday })])
      await store.append([delivery([frame('c'), frame('d')], own)])
      const bytes = counted(frame('a')).length
      expect(await store.usageSince(own.resourceNumber, '2026-11-20')).toEqual([
        { day: '2026-11-20', lines: 1, bytes, droppedLines: 1, droppedBytes: bytes },
        { day: '2026-11-21', lines: 2, bytes: bytes * 2, droppedLines: 0, droppedBytes: 0 },
      ])
      expect(await store.usageSince(own.resourceNumber, '2026-11-21')).toHaveLength(1)
    })

    describe('the daily volume', () => {
      const body = Buffer.concat(Array.from({ length: 10 }, (_, at) => counted(frame(`line ${at}`))))
      const full = (own: Partial<Delivery>, fields: Partial<Delivery> = {}) =>
        delivery([], { ...own, body, ...parsed(body), dailyBytes: 3 * body.length, ...fields })

      it('counts a line as more than its bytes where it has next to none', async () => {
        const own = ownResource()
        const tiny = Buffer.from('1 a'.repeat(1_000))
        await store.append([delivery([], { ...own, body: tiny, ...parsed(tiny) })])
        expect(await store.usage(own.resourceNumber, '2026-11-21')).toMatchObject({
          lines: 1_000,
          bytes: 50_000,
        })
        const [used] = await store.append([full(own, { dailyBytes: 50_000 })])
        expect(used).toBe('over_quota')
      })

      it('is counted in lines and bytes as received', async () => {
        const own = ownResource()
        await store.append([full(own), full(own)])
        await store.append([full(own, { frameKey: { id: 'a'.repeat(32), rememberSeconds: 60 } })])
        await store.append([full(own, { frameKey: { id: 'a'.repeat(32), rememberSeconds: 60 } })])
        expect(await store.usage(own.resourceNumber, '2026-11-21')).toEqual({
          lines: 30,
          bytes: 3 * body.length,
          droppedLines: 0,
          droppedBytes: 0,
        })
        expect(await store.usage(own.resourceNumber, '2026-11-22')).toMatchObject({ lines: 0 })
      })

      it('tells who has used so much of a day, and nobody else', async () => {
        const [heavy, light] = [ownResource(), ownResource()]
        await store.append([full(heavy), full(heavy), full(light)])
        const users = async (day: string, bytes: number) =>
          (await store.heavyUsers(day, bytes)).filter(({ resourceNumber }) =>
            [heavy.resourceNumber, light.resourceNumber].includes(resourceNumber),
          )
        expect(await users('2026-11-21', 1.5 * body.length)).toEqual([
          { resourceNumber: heavy.resourceNumber, bytes: 2 * body.length },
        ])
        expect(await users('2026-11-21', body.length)).toHaveLength(2)
        expect(await users('2026-11-22', 1)).toEqual([])
      })

      it('drops and counts what comes above it, remembers its frame keys, and tells of the gap', async () => {
        const own = ownResource()
        expect(await store.append([full(own), full(own), full(own)])).toEqual(['stored', 'stored', 'stored'])
        const above = full(own)
        expect(await store.append([above])).toEqual(['over_quota'])
        expect(await store.append([above])).toEqual(['duplicate'])
        expect(await readAll(own.resourceNumber)).toHaveLength(30)
        expect(await store.usage(own.resourceNumber, '2026-11-21')).toMatchObject({
          lines: 30,
          droppedLines: 10,
          droppedBytes: body.length,
        })
        expect(await store.gaps(own.resourceNumber, NOON)).toEqual([
          { drainId: own.drainId, minute: '2026-11-21T12:00Z', kind: 'quota', lines: 10 },
        ])
      })

      it('starts over at midnight UTC, and goes on at once with a larger plan', async () => {
        const own = ownResource()
        await store.append([full(own), full(own), full(own), full(own)])
        const tomorrow = { receivedAtMicros: Date.UTC(2026, 10, 22) * 1000 }
        expect(await store.append([full(own, tomorrow)])).toEqual(['stored'])
        expect(await store.append([full(own)])).toEqual(['over_quota'])
        expect(await store.append([full(own, { dailyBytes: 100 * body.length })])).toEqual(['stored'])
      })

      it('is not exceeded by more than one delivery however many write at once', async () => {
        const own = ownResource()
        const dailyBytes = 20 * body.length - 1
        // One waits for the other near the limit: more at once would only wait for connections, and in vain.
        const answers = await Promise.all(
          Array.from({ length: 8 }, async () => {
            const filed: Filed[] = []
            for (let at = 0; at < 5; at++) filed.push(...(await store.append([full(own, { dailyBytes })])))
            return filed
          }),
        )
        expect(answers.flat().filter((filed) => filed === 'stored')).toHaveLength(20)
        expect((await store.usage(own.resourceNumber, '2026-11-21')).bytes).toBe(20 * body.length)
      })

      it('of one resource is nothing to another in the same commit', async () => {
        const [mine, other] = [ownResource(), ownResource()]
        await store.append([full(mine), full(mine), full(mine)])
        expect(await store.append([full(mine), full(other)])).toEqual(['over_quota', 'stored'])
      })
    })

    it('adds up by drain and minute what is known to be missing', async () => {
      const own = ownResource()
      const lossy = (lines: number, second: number) =>
        delivery([frame('x')], {
          ...own,
          losses: [{ kind: 'logplex_overflow', lines }],
          receivedAtMicros: NOON_MICROS + second * 1e6,
        })
      const first = lossy(5, 0)
      await store.append([first, lossy(7, 30)])
      await store.append([lossy(1, 60)])
      await store.append([first])
      await store.recordLosses(own.resourceNumber, own.drainId, new Date(NOON.getTime() + 60_000), [
        { kind: 'unavailable', lines: 300 },
      ])
      const gap = (minute: string, kind: string, lines: number) => ({
        drainId: own.drainId,
        minute,
        kind,
        lines,
      })
      expect(await store.gaps(own.resourceNumber, NOON)).toEqual([
        gap('2026-11-21T12:01Z', 'logplex_overflow', 1),
        gap('2026-11-21T12:01Z', 'unavailable', 300),
        gap('2026-11-21T12:00Z', 'logplex_overflow', 12),
      ])
      expect(await store.gaps(own.resourceNumber, new Date(NOON.getTime() + 120_000))).toEqual([])
    })

    it('drops lines when the retention of their plan is over, and only those', async () => {
      const own = ownResource()
      const received = (days: number): Partial<Delivery> => ({
        ...own,
        receivedAtMicros: NOON_MICROS + days * DAY_MS * 1000,
      })
      await store.append([
        delivery([frame('week, today')], received(0)),
        delivery([frame('week, tomorrow')], received(1)),
        delivery([frame('month, today')], { ...received(0), retentionDays: 30 }),
      ])
      const at = (days: number) => new Date(NOON.getTime() + days * DAY_MS)
      await keepHouse(store, [7, 30], at(7))
      expect(await readAll(own.resourceNumber)).toHaveLength(3)
      await keepHouse(store, [7, 30], at(8))
      expect(messages(await readAll(own.resourceNumber)).sort()).toEqual(['month, today', 'week, tomorrow'])
      await keepHouse(store, [7, 30], at(31))
      expect(await readAll(own.resourceNumber)).toEqual([])
    })

    it('moves lines to the retention of a new plan, and deletes what that would not keep', async () => {
      const [own, other] = [ownResource(), ownResource()]
      const at = (days: number) => new Date(NOON.getTime() + days * DAY_MS)
      // Three months later, so that the days of other tests are left alone.
      const days = [100, 105, 110]
      for (const day of days) await store.makeTables([7, 30], at(day - 1))
      for (const day of days) {
        const received = { retentionDays: 30, receivedAtMicros: at(day).getTime() * 1000 }
        await store.append([delivery([frame(`day ${day}`)], { ...own, ...received })])
        await store.append([delivery([frame(`day ${day}`)], { ...other, ...received })])
      }
      const before = await readAll(own.resourceNumber)
      await store.changeRetention(own.resourceNumber, 7, at(112))
      expect((await readAll(own.resourceNumber)).map((line) => line.receivedAt)).toEqual(
        before.map((line) => line.receivedAt).filter((received) => received > at(104).toISOString()),
      )
      await store.changeRetention(own.resourceNumber, 30, at(112))
      await keepHouse(store, [7, 30], at(125))
      expect(messages(await readAll(own.resourceNumber)).sort()).toEqual(['day 105', 'day 110'])
      expect(await readAll(other.resourceNumber)).toHaveLength(3)
    })

    it('deletes everything of a resource, and nothing of another', async () => {
      const [own, other] = [ownResource(), ownResource()]
      await store.makeTables([7, 30], new Date(NOON.getTime() + 130 * DAY_MS))
      const received = { receivedAtMicros: NOON_MICROS + 130 * DAY_MS * 1000 }
      const lossy = { ...received, losses: [{ kind: 'shuttle_loss' as const, lines: 1 }] }
      await store.append([
        delivery([frame('a'), frame('b')], { ...own, ...lossy }),
        delivery([frame('c')], { ...other, ...lossy }),
      ])
      for (let repeat = 0; repeat < 2; repeat++) await store.purge(own.resourceNumber)
      expect(await readAll(own.resourceNumber)).toEqual([])
      expect(await store.gaps(own.resourceNumber, NOON)).toEqual([])
      expect(messages(await readAll(other.resourceNumber))).toEqual(['c'])
      expect(await store.gaps(other.resourceNumber, NOON)).toHaveLength(1)
    })

    it('lets two processes keep house at the same time', async () => {
      const at = new Date(NOON.getTime() + 400 * DAY_MS)
      await Promise.all(Array.from({ length: 4 }, () => keepHouse(store, [7, 14, 30], at)))
    })
  })
}

function parsed(body: Buffer): Pick<Delivery, 'lines'> {
  return { lines: delivery([], { body }).lines }
}

function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, by: Math.random() }))
    .sort((a, b) => a.by - b.by)
    .map(({ value }) => value)
}
