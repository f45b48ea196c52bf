// Feeds: every line that is stored from their beginning on, once each, whatever order transactions commit in.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { withTransaction } from '../../src/database/pool.ts'
import { closeFeeds, createLineFeeds, forgetItems, openFeed } from '../../src/logs/ledger/feeds.ts'
import type { FeedPage, LineFeeds } from '../../src/logs/line-feed.ts'
import type { LogStore } from '../../src/logs/log-store.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { delivery, frame } from '../support/deliveries.ts'
import { createTestLogStore, testLines } from '../support/logs.ts'

const NOW = new Date('2026-11-21T12:00:00Z')
const NOON_MICROS = NOW.getTime() * 1000

let database: TestDatabase
let logs: LogStore
let feeds: LineFeeds
let resourceNumber: number
beforeAll(async () => {
  database = await createTestDatabase()
  logs = createTestLogStore(database.pool)
  feeds = createLineFeeds(database.pool, testLines(database.pool))
  await logs.makeTables([7, 14], NOW)
})
afterAll(() => database.close())
beforeEach(async () => {
  const { rows } = await database.pool.query(
    `insert into resource (id, state, name, plan) values (gen_random_uuid(), 'provisioned', 'x', 'test') returning number`,
  )
  resourceNumber = rows[0].number
})

const open = () => withTransaction(database.pool, (client) => openFeed(client, resourceNumber))
const store = (texts: readonly string[], fields: Parameters<typeof delivery>[1] = {}) =>
  logs.append([
    delivery(
      texts.map((text) => frame(text)),
      { resourceNumber, drainId: resourceNumber, ...fields },
    ),
  ])

const next = async (feedId: string, lines = 100) => (await feeds.next([feedId], lines)).get(feedId)
const done = (feedId: string, { items }: FeedPage) =>
  database.pool.query(forgetItems('$1', '$2'), [items.map(({ id }) => id), feedId])
const textsOf = (page: FeedPage | undefined) => page?.lines.map(({ message }) => message)

/** Reads the feed to its end, as its reader does. */
async function readAll(feedId: string, pageLines = 100): Promise<string[]> {
  const texts: string[] = []
  for (;;) {
    const page = await next(feedId, pageLines)
    if (page === undefined) return texts
    texts.push(...page.lines.map(({ message }) => message))
    await done(feedId, page)
  }
}

describe('a feed', () => {
  it('has what is stored from its beginning on, in order, until it is done with', async () => {
    await store(['before'])
    const feed = await open()
    await store(['one', 'two'])
    await store(['three'])
    const first = await next(feed)
    expect(textsOf(first)).toEqual(['one', 'two', 'three'])
    // Not done with: the same again.
    expect((await next(feed))?.items).toEqual(first?.items)
    expect(await readAll(feed)).toEqual(['one', 'two', 'three'])
    expect(await next(feed)).toBeUndefined()
  })

  it('comes in pages', async () => {
    const feed = await open()
    const texts = Array.from({ length: 2_000 }, (_, at) => `line ${at}`)
    await store(texts)
    const page = await next(feed)
    expect(page?.lines.length).toBeGreaterThanOrEqual(100)
    expect(page?.lines.length).toBeLessThan(700)
    expect(page?.isMore).toBe(true)
    expect(await readAll(feed, 300)).toEqual(texts)
  })

  it('has lines however they were sent before or are received late', async () => {
    const feed = await open()
    await store(['today'])
    await logs.append([
      delivery([frame('last year', { at: '2025-01-01T00:00:00Z' }), frame('no time', { at: '-' })], {
        resourceNumber,
        drainId: resourceNumber,
        // Waited in a spool for hours.
        receivedAtMicros: NOON_MICROS - 6 * 3_600_000_000,
      }),
    ])
    expect(await readAll(feed)).toEqual(['today', 'last year', 'no time'])
  })

  it('misses nothing of a transaction that commits after a younger one was read', async () => {
    const feed = await open()
    const held = await database.pool.connect()
    await held.query('begin')
    // Writers of one resource's usage wait for each other on the same shard: this one is held before that.
    const slow = createTestLogStore(database.pool)
    await held.query('lock table gap in access exclusive mode')
    const waiting = slow.append([
      delivery([frame('slow')], {
        resourceNumber,
        drainId: resourceNumber,
        losses: [{ kind: 'quota', lines: 1 }],
      }),
    ])
    await store(['quick'])
    expect(await readAll(feed)).toEqual(['quick'])
    await held.query('commit')
    held.release()
    await waiting
    expect(await readAll(feed)).toEqual(['slow'])
  })

  it('tells two deliveries apart that two processes received in the same microseconds', async () => {
    const feed = await open()
    await store(['a1', 'a2', 'a3'], { receivedAtMicros: NOON_MICROS })
    await store(['b1', 'b2', 'b3'], { receivedAtMicros: NOON_MICROS + 1 })
    expect(await readAll(feed)).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'b3'])
  })

  it('follows lines that a plan change moves', async () => {
    const feed = await open()
    await store(['one', 'two'])
    await logs.changeRetention(resourceNumber, 14, NOW)
    expect(await readAll(feed)).toEqual(['one', 'two'])
  })

  it('goes on where lines are gone', async () => {
    const feed = await open()
    await store(['one'])
    await logs.purge(resourceNumber)
    await store(['two'], { receivedAtMicros: NOON_MICROS + 1_000_000 })
    expect(await readAll(feed)).toEqual(['two'])
  })

  it('holds nothing of another resource, of a retry, or of what is over the quota', async () => {
    const feed = await open()
    const same = delivery([frame('once')], { resourceNumber, drainId: resourceNumber })
    await logs.append([same])
    await logs.append([same])
    await store(['too much'], { dailyBytes: 0 })
    await logs.append([
      delivery([frame("somebody else's")], { resourceNumber: resourceNumber + 1_000, drainId: 999 }),
    ])
    expect(await readAll(feed)).toEqual(['once'])
  })

  it('is each reader’s own', async () => {
    const [one, other] = [await open(), await open()]
    await store(['line'])
    expect(await readAll(one)).toEqual(['line'])
    expect(await readAll(other)).toEqual(['line'])
  })
})

describe('feeds that are read together', () => {
  it('share a page: the oldest of each, and then more of each as long as there is room', async () => {
    const [one, other, empty] = [await open(), await open(), await open()]
    for (const text of ['a', 'b', 'c', 'd']) await store([text])
    await done(empty, (await next(empty)) as FeedPage)
    const pages = await feeds.next([one, other, empty], 5)
    expect([...pages.keys()].toSorted()).toEqual([one, other].toSorted())
    expect([textsOf(pages.get(one)), textsOf(pages.get(other))]).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b'],
    ])
    expect([pages.get(one)?.isMore, pages.get(other)?.isMore]).toEqual([true, true])
    expect(textsOf((await feeds.next([one, other], 100)).get(other))).toEqual(['a', 'b', 'c', 'd'])
  })

  it('each say which of their lines an item ends with', async () => {
    const feed = await open()
    await store(['one', 'two'])
    await store(['three'])
    const page = (await next(feed)) as FeedPage
    expect(page.items.map(({ end }) => end)).toEqual([2, 3])
    await done(feed, { ...page, items: page.items.slice(0, 1) })
    expect(textsOf(await next(feed))).toEqual(['three'])
  })

  it('lose nothing to a reader who is done with items of another one', async () => {
    const [one, other] = [await open(), await open()]
    await store(['line'])
    await done(other, (await next(one)) as FeedPage)
    expect(await readAll(one)).toEqual(['line'])
  })
})

describe('what waits', () => {
  it('is counted, and given up when it has waited too long', async () => {
    const feed = await open()
    await store(['one', 'two'])
    await store(['three'])
    expect(await feeds.waiting()).toContain(feed)
    const state = (await feeds.state([feed])).get(feed)
    expect(state?.lines).toBe(3)
    expect(state?.oldestAt).toBeGreaterThan(Date.now() - 60_000)
    expect((await feeds.giveUp(new Date(Date.now() - 60_000))).get(feed)).toBeUndefined()
    expect((await feeds.giveUp(new Date(Date.now() + 60_000))).get(feed)).toBe(3)
    expect(await next(feed)).toBeUndefined()
  })

  it('goes with its feed, also what was being stored as that ended', async () => {
    const feed = await open()
    await store(['one'])
    await withTransaction(database.pool, (client) => closeFeeds(client, [feed]))
    await database.pool.query(
      'insert into line_feed_item (feed_id, resource_number, received_from, received_to, bins, lines) values ($1, 1, 1, 1, $2, 1)',
      [feed, [1]],
    )
    await feeds.giveUp(new Date(0))
    const { rows } = await database.pool.query(
      'select count(*)::integer as left from line_feed_item where feed_id = $1',
      [feed],
    )
    expect(rows[0].left).toBe(0)
    await store(['two'])
    expect((await feeds.state([feed])).size).toBe(0)
  })
})
