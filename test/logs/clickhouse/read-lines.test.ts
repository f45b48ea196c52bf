// What the contract of any store cannot know of reading from ClickHouse: lines that are written and not committed, and
// steps over so many lines that they go by time.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClickHouse } from '../../../src/logs/clickhouse/clickhouse.ts'
import { countLines } from '../../../src/logs/clickhouse/count-lines.ts'
import { readLines } from '../../../src/logs/clickhouse/read-lines.ts'
import { readStored } from '../../../src/logs/clickhouse/read-stored.ts'
import { COLUMNS, TABLE } from '../../../src/logs/clickhouse/table.ts'
import { encodeTsv } from '../../../src/logs/clickhouse/tsv-encoder.ts'
import { BIN_SECONDS, type LineBatch } from '../../../src/logs/line-table.ts'
import type { LinePage, LineQuery } from '../../../src/logs/log-store.ts'
import { EVERYTHING } from '../../../src/query/everything.ts'
import { parse } from '../../../src/query/parse.ts'
import { atOnce } from '../../../src/time-slices.ts'
import { isChdbMissing, openTestClickHouse } from '../../support/chdb.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { delivery, frame } from '../../support/deliveries.ts'

const NOON = Date.UTC(2026, 10, 21, 12) * 1_000
const SENT = Date.UTC(2026, 10, 21, 10) * 1_000
const SECOND = 1_000_000
const DAY = 86_400 * SECOND

describe.skipIf(isChdbMissing())('reading from ClickHouse', () => {
  let database: TestDatabase
  let clickhouse: ClickHouse
  let resourceNumber = 0

  beforeAll(async () => {
    database = await createTestDatabase()
    clickhouse = await openTestClickHouse()
  })
  beforeEach(() => {
    resourceNumber++
  })
  afterAll(async () => {
    await clickhouse.close()
    await database.close()
  })

  const parts = () => ({ pool: database.pool, clickhouse })
  /** Not ended by a machine that has much else to do. */
  const effort = { lines: Number.MAX_SAFE_INTEGER, ms: 60_000 }
  const messages = ({ lines }: LinePage) => lines.map((line) => line.message)
  const all = (fields: Partial<LineQuery> = {}): LineQuery => ({
    resourceNumber,
    search: EVERYTHING,
    limit: 10_000,
    effort,
    ...fields,
  })

  /** A writer as a process has it: the last batch that it has committed. */
  async function writer(batch: number): Promise<number> {
    const { rows } = await database.pool.query<{ id: number }>(
      'insert into line_writer (batch) values ($1) returning id',
      [batch],
    )
    return rows[0]?.id as number
  }

  async function write(lines: readonly string[], batch: LineBatch, receivedAtMicros = NOON): Promise<void> {
    const one = delivery(
      lines.map((line) => frame(line)),
      { resourceNumber, receivedAtMicros },
    )
    await clickhouse.insert(TABLE, COLUMNS, atOnce(encodeTsv([one], batch)))
  }

  async function countAll(): Promise<number> {
    const from = NOON - DAY / 2
    const counted = await countLines(parts(), { resourceNumber, from, to: from + DAY, stepSeconds: 3_600 })
    return counted.reduce((sum, { lines }) => sum + lines, 0)
  }

  describe('lines that no transaction has committed', () => {
    it('are not read, counted or found again: of a batch under way, of a writer that is not known yet', async () => {
      const known = await writer(3)
      await write(['committed'], { writer: known, batch: 3 })
      await write(['before'], { writer: known, batch: 1 })
      await write(['under way'], { writer: known, batch: 4 })
      await write(['of the next writer'], { writer: known + 1, batch: 1 })
      expect(messages(await readLines(parts(), all())).sort()).toEqual(['before', 'committed'])
      const ref = { resourceNumber, xid: 1n, from: NOON, to: NOON, bins: [SENT / SECOND / BIN_SECONDS] }
      const [found] = await readStored(parts(), [{ ...ref, batch: { writer: known, batch: 3 } }])
      const told = found?.map(({ line, isOwn }) => `${line.message} ${isOwn}`)
      expect(told?.sort()).toEqual(['before false', 'committed true'])
      await write(['under way'], { writer: known, batch: 4 })
      // What nobody can know of yet may be counted: it is there for the moment of a commit only.
      expect(await countAll()).toBe(3)
      await writer(1)
      expect(messages(await readLines(parts(), all()))).toContain('of the next writer')
    })

    it('do not keep a page from those below them, however many they are', async () => {
      const known = await writer(1)
      await write(['below'], { writer: known, batch: 1 }, NOON)
      const unseen = { writer: known + 1, batch: 1 }
      for (let at = 1; at <= 5; at++) {
        const lines = Array.from({ length: 1_000 }, (_, n) => `unseen ${n}`)
        await write(lines, unseen, NOON + at * SECOND)
      }
      expect(messages(await readLines(parts(), all({ limit: 1 })))).toEqual(['below'])
      const up = await readLines(parts(), all({ oldestFirst: true, limit: 10 }))
      expect([messages(up), up.newer]).toEqual([['below'], up.lines[0]?.cursor])
    })
  })

  it('never parts lines that share a place, however many they are', async () => {
    const known = await writer(1)
    for (const [sentAt, lines] of [
      [SENT, 700],
      [SENT + 1, 50],
    ]) {
      await clickhouse.command(
        `insert into ${TABLE} (${COLUMNS.join(', ')})
         select ${resourceNumber}, ${sentAt}, ${NOON}, 1, 190, 0, 7, 'app', 'web.1', toString(number), '', ${known}, 1
           from numbers(${lines})`,
      )
    }
    const first = await readLines(parts(), all({ limit: 10 }))
    const second = await readLines(parts(), all({ limit: 10, before: first.older as string }))
    expect([first.lines.length, second.lines.length]).toEqual([50, 700])
    expect((await readLines(parts(), all())).lines).toHaveLength(750)
  })

  describe('a rare word in many lines', () => {
    const LINES = 300_000
    /** 5,000 lines a second; and some of ten years ago, as late lines are. */
    async function fill(): Promise<string[]> {
      const known = await writer(1)
      const columns = `${resourceNumber}, sent_at, ${NOON} + number, 1, 190, 0, 7, 'app', 'web.1', message, '', ${known}, 1`
      await clickhouse.command(
        `insert into ${TABLE} (${COLUMNS.join(', ')})
         select ${columns} from (
           select number, ${SENT} - number * 200 as sent_at,
                  concat(if(number % 37000 = 36999, 'Needle ', 'hay '), toString(number)) as message
             from numbers(${LINES}))`,
      )
      await clickhouse.command(
        `insert into ${TABLE} (${COLUMNS.join(', ')})
         select ${columns} from (
           select number, ${SENT - 3_650 * DAY} - number * 200 as sent_at,
                  concat('Needle of old ', toString(number)) as message
             from numbers(3))`,
      )
      const recent = Array.from(
        { length: Math.floor(LINES / 37_000) },
        (_, at) => `Needle ${at * 37_000 + 36_999}`,
      )
      return [...recent, ...[0, 1, 2].map((at) => `Needle of old ${at}`)]
    }

    it('is found in steps of lines and then of time, in both directions', async () => {
      const want = await fill()
      const { query: search } = parse('needle')
      const down = await readLines(parts(), all({ search }))
      expect(messages(down)).toEqual(want)
      expect([down.older, down.searchedTo]).toEqual([null, null])
      const up = await readLines(parts(), all({ search, oldestFirst: true }))
      expect(messages(up)).toEqual(want)

      // As many pages as it takes where each may look at some 100,000 lines.
      const found: string[] = []
      let pages = 0
      for (let before: string | null | undefined; before !== null; pages++) {
        const page: LinePage = await readLines(
          parts(),
          all({ search, effort: { lines: 100_000, ms: 60_000 }, ...(before !== undefined && { before }) }),
        )
        found.push(...messages(page))
        before = page.older
        expect(pages).toBeLessThan(50)
      }
      expect(found).toEqual(want)
      expect(pages).toBeGreaterThan(2)
    })

    it('is found where the engine gives up every step that goes over time', async () => {
      const want = await fill()
      const given: number[] = []
      const impatient: ClickHouse = {
        ...clickhouse,
        rows: (statement, params, options) => {
          if (options?.maxMs === undefined) return clickhouse.rows(statement, params, options)
          given.push(options.maxMs)
          return clickhouse.rows(statement, params, { ...options, maxMs: 0.001 })
        },
      }
      const page = await readLines(
        { pool: database.pool, clickhouse: impatient },
        all({ search: parse('needle').query }),
      )
      expect(messages(page)).toEqual(want)
      expect(given.length).toBeGreaterThan(0)
    })
  })
})
