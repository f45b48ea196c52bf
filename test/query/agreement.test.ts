// The query language has one meaning: what an engine hands over is never less than what `matches` says, on any line, for
// any query, whatever the locale of the database.
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import type { LogLine } from '../../src/logplex/framed-line.ts'
import { createClickHouseLines } from '../../src/logs/clickhouse/line-table.ts'
import { TABLE } from '../../src/logs/clickhouse/table.ts'
import { createLogStore } from '../../src/logs/ledger/log-store.ts'
import type { LinePage, LogStore } from '../../src/logs/log-store.ts'
import { EVERYTHING } from '../../src/query/everything.ts'
import type { SearchedLine } from '../../src/query/line-view.ts'
import { parse } from '../../src/query/parse.ts'
import { matches, print, type Query } from '../../src/query/query.ts'
import { searched } from '../../src/query/searched-line.ts'
import { isChdbMissing, openTestClickHouse } from '../support/chdb.ts'
import { createTestDatabase } from '../support/database.ts'
import { delivery } from '../support/deliveries.ts'
import { createPostgresLogStore } from '../support/logs.ts'
import { openPool } from '../support/pool.ts'
import { apps, line, queryText } from './arbitraries.ts'

const NOON = new Date(Date.UTC(2026, 10, 21, 12))
const LINES = 300
const QUERIES = 600
const MANY_QUERIES_TIMEOUT_MS = 150_000
/** A busy machine must not end a search early. */
const EVERY_LINE = { limit: 10_000, effort: { lines: 1_000_000, ms: 120_000 } }

/** Many lines, of other seeds in each run. */
async function fill(into: LogStore): Promise<LogLine[]> {
  await into.makeTables([7], NOON)
  const lines = fc.sample(line, LINES)
  for (const drainId of [1, 2, 3]) {
    const frames = lines
      .filter((one) => one.drainId === drainId)
      .map((one) => `<${one.priority}>1 ${one.at} host ${one.source} ${one.process} - ${one.message}`)
    await into.append([
      delivery(
        frames.map((frame) => Buffer.from(frame)),
        { drainId, receivedAtMicros: NOON.getTime() * 1000 + drainId * 1_000_000 },
      ),
    ])
  }
  const { lines: all } = await into.read({ resourceNumber: 1, search: EVERYTHING, limit: 10_000 })
  expect(all).toHaveLength(LINES)
  return all
}

const asked = new WeakMap<LogLine, SearchedLine>()

function expected(search: Query, lines: readonly LogLine[]): string[] {
  const fits = (one: LogLine) => {
    const line = asked.get(one) ?? searched(one, apps)
    asked.set(one, line)
    return matches(search, line)
  }
  return lines.filter(fits).map(({ cursor }) => cursor)
}

const cursors = ({ lines }: LinePage) => lines.map(({ cursor }) => cursor)

interface Opened {
  store: LogStore
  /** The lines are all there: what an engine does with them later may be done now. */
  settle?(): Promise<void>
  close(): Promise<void>
}

function describeAgreement(engine: string, open: () => Promise<Opened>) {
  describe(engine, () => {
    let opened: Opened
    let store: LogStore
    let stored: LogLine[]

    beforeAll(async () => {
      opened = await open()
      store = opened.store
      stored = await fill(store)
      await opened.settle?.()
    })
    afterAll(() => opened.close())

    it('finds what matches, and nothing else', { timeout: MANY_QUERIES_TIMEOUT_MS }, async () => {
      let found = 0
      for (const typed of fc.sample(queryText, QUERIES)) {
        const search = parse(typed).query
        const want = expected(search, stored)
        const page = await store.read({ resourceNumber: 1, search, apps, ...EVERY_LINE })
        expect({ typed, printed: print(search), found: cursors(page) }).toEqual({
          typed,
          printed: print(search),
          found: want,
        })
        expect(page.searchedTo).toBeNull()
        if (want.length > 0 && want.length < LINES) found++
      }
      // The generators are worth something only while lines and queries meet.
      expect(found).toBeGreaterThan(QUERIES / 4)
    })

    it('each match is on exactly one page, however early pages end, in both directions', {
      timeout: MANY_QUERIES_TIMEOUT_MS,
    }, async () => {
      for (const typed of fc.sample(queryText, 40)) {
        const search = parse(typed).query
        const want = expected(search, stored)
        for (const direction of ['older', 'newer'] as const) {
          const found: string[] = []
          const oldest = stored.at(-1) as LogLine
          let cursor: string | null = direction === 'older' ? null : oldest.cursor
          for (let pages = 0; pages < 100; pages++) {
            const anchor: { before?: string; after?: string } =
              cursor === null ? {} : direction === 'older' ? { before: cursor } : { after: cursor }
            const effort = { lines: 37, ms: 60_000 }
            const page = await store.read({ resourceNumber: 1, search, apps, limit: 11, effort, ...anchor })
            found.push(...(direction === 'older' ? cursors(page) : cursors(page).reverse()))
            const next = page[direction]
            if (next === null || (page.lines.length === 0 && page.searchedTo === null)) break
            cursor = next
          }
          const wanted = direction === 'older' ? want : want.filter((one) => one !== oldest.cursor).reverse()
          expect({ typed, direction, found }).toEqual({ typed, direction, found: wanted })
        }
      }
    })
  })
}

describeAgreement('Postgres', async () => {
  const database = await createTestDatabase()
  return { store: createPostgresLogStore(database.pool), close: () => database.close() }
})

describe.skipIf(isChdbMissing())('where the engine can be had', () => {
  describeAgreement('ClickHouse', async () => {
    const database = await createTestDatabase()
    const { pool } = database
    const clickhouse = await openTestClickHouse()
    return {
      store: createLogStore(pool, createClickHouseLines({ clickhouse, pool, onFailure: () => {} })),
      // The skipping index is built when parts are merged.
      settle: () => clickhouse.command(`optimize table ${TABLE} final`),
      async close() {
        await clickhouse.close()
        await database.close()
      },
    }
  })
})

describe('in a database of another locale', () => {
  // Turkish lowers I to ı.
  it.each(['tr', 'und'])('the meaning is the same: %s', async (locale) => {
    const name = `test_locale_${locale}_${process.pid}`
    const admin = new pg.Client({ connectionString: inject('clusterUrl') })
    await admin.connect()
    const url = new URL(inject('clusterUrl'))
    url.pathname = `/${name}`
    const pool = openPool(url.href, { connections: 2 })
    try {
      await admin.query(
        `create database ${name} template template0 locale_provider icu icu_locale '${locale}'`,
      )
      await migrate(pool)
      const other = createPostgresLogStore(pool)
      const lines = await fill(other)
      for (const typed of [
        'i',
        'I',
        'ıI',
        'İi',
        'ß',
        'σας',
        'É',
        '-i',
        'k',
        's*t',
        ...fc.sample(queryText, 100),
      ]) {
        const search = parse(typed).query
        const page = await other.read({ resourceNumber: 1, search, apps, ...EVERY_LINE })
        expect({ typed, found: cursors(page) }).toEqual({ typed, found: expected(search, lines) })
      }
    } finally {
      await pool.end()
      await admin.query(`drop database if exists ${name} with (force)`)
      await admin.end()
    }
  })
})
