// The steps of src/logs/clickhouse/lanes.ts, with a crash behind each: a line is seen once, or not at all.
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ClickHouse } from '../../src/logs/clickhouse/clickhouse.ts'
import { createClickHouseLines } from '../../src/logs/clickhouse/line-table.ts'
import { createLogStore } from '../../src/logs/ledger/log-store.ts'
import type { LineTable } from '../../src/logs/line-table.ts'
import type { LogStore } from '../../src/logs/log-store.ts'
import { EVERYTHING } from '../../src/query/everything.ts'
import { isChdbMissing, openTestClickHouse } from '../support/chdb.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { delivery, frame } from '../support/deliveries.ts'
import { keepHouse } from '../support/logs.ts'

const NOON = new Date('2026-11-21T12:00:00Z')
vi.setConfig({ testTimeout: 60_000 })
const CRASH = new Error('the process ends here')

describe.skipIf(isChdbMissing())('a crash', () => {
  let database: TestDatabase
  let clickhouse: ClickHouse
  let store: LogStore
  let resourceNumber = 0
  beforeAll(async () => {
    database = await createTestDatabase()
    clickhouse = await openTestClickHouse()
    store = processOver()
    await store.makeTables([7, 30], NOON)
  })
  afterAll(async () => {
    await clickhouse.close()
    await database.close()
  })
  beforeEach(() => {
    resourceNumber++
  })

  /** Another process over the same databases, in which some things go wrong. */
  function processOver(
    engine: Partial<ClickHouse> = {},
    breakLines: (lines: LineTable) => Partial<LineTable> = () => ({}),
  ): LogStore {
    const { pool } = database
    const lines = createClickHouseLines({
      clickhouse: { ...clickhouse, ...engine },
      pool,
      onFailure: () => {},
    })
    return createLogStore(pool, { ...lines, ...breakLines(lines) })
  }

  const one = (message: string, fields: Parameters<typeof delivery>[1] = {}) =>
    delivery([frame(message)], { resourceNumber, drainId: resourceNumber, ...fields })
  const seen = async (by = store) => {
    const { lines } = await by.read({ resourceNumber, search: EVERYTHING, limit: 1_000 })
    return lines.map(({ message }) => message).sort()
  }
  const rowsInClickHouse = async () => {
    const [row] = await clickhouse.rows<{ lines: number }>(
      'select count() as lines from log_line where resource_number = {resource:UInt32}',
      { resource: resourceNumber },
    )
    return row?.lines
  }

  it('before the lines are inserted leaves nothing, and a retry stores them', async () => {
    const insert = () => Promise.reject(CRASH)
    const lines = one('a')
    await expect(processOver({ insert }).append([lines])).rejects.toThrow()
    expect(await seen()).toEqual([])
    expect(await store.append([lines])).toEqual(['stored'])
    expect(await seen()).toEqual(['a'])
  })

  it('behind the insert and before the commit leaves lines that nobody sees, and a retry stores them once', async () => {
    const broken = processOver({}, (lines) => ({
      async write(client, deliveries) {
        // And nobody is left who could settle it.
        await lines.write(client, deliveries)
        throw CRASH
      },
    }))
    const lines = one('a')
    await expect(broken.append([lines])).rejects.toThrow(CRASH)
    expect(await rowsInClickHouse()).toBe(1)
    expect(await seen()).toEqual([])
    expect(await store.append([lines])).toEqual(['stored'])
    expect(await seen()).toEqual(['a'])
    expect(await rowsInClickHouse()).toBe(2)
  })

  it('while the insert is under way, whose lines arrive when nobody waits any more, changes nothing', async () => {
    let arrive = () => Promise.resolve()
    const broken = processOver({
      async insert(...rows) {
        arrive = () => clickhouse.insert(...rows)
        throw CRASH
      },
    })
    const lines = one('a')
    await expect(broken.append([lines])).rejects.toThrow()
    expect(await store.append([lines])).toEqual(['stored'])
    await arrive()
    expect(await seen()).toEqual(['a'])
  })

  it('behind the commit leaves all of it, and a retry is told so', async () => {
    const broken = processOver({}, (lines) => ({
      async write(client, deliveries) {
        const written = await lines.write(client, deliveries)
        return { ...written, settle: () => {} }
      },
    }))
    const lines = one('a')
    expect(await broken.append([lines])).toEqual(['stored'])
    expect(await store.append([lines])).toEqual(['duplicate'])
    expect(await seen()).toEqual(['a'])
  })

  it('leaves lines that are deleted when their writer has been silent for long, and no others', async () => {
    const broken = processOver({}, (lines) => ({
      async write(client, deliveries) {
        await lines.write(client, deliveries)
        throw CRASH
      },
    }))
    await store.append([one('kept')])
    await expect(broken.append([one('lost')])).rejects.toThrow(CRASH)
    expect(await rowsInClickHouse()).toBe(2)
    await database.pool.query(
      "update line_writer set seen_at = now() - interval '1 day', ended_at = now() - interval '1 day'",
    )
    // The youngest row is never forgotten: it tells of all before it.
    await store.append([one('kept, too')])
    await keepHouse(store, [7, 30], NOON)
    expect(await rowsInClickHouse()).toBe(2)
    expect(await seen()).toEqual(['kept', 'kept, too'])
    const { rows } = await database.pool.query('select from line_writer')
    expect(rows.length).toBe(1)
  })

  it('of one that was taken for dead and is not, is no crash: it goes on as another', async () => {
    const sleeper = processOver()
    expect(await sleeper.append([one('a')])).toEqual(['stored'])
    await database.pool.query('update line_writer set ended_at = now()')
    expect(await sleeper.append([one('b')])).toEqual(['stored'])
    expect(await seen()).toEqual(['a', 'b'])
  })

  it('is nothing to those who read meanwhile: they see all of a commit or nothing', async () => {
    let seenInBetween: string[] | undefined
    const watched = processOver({}, (lines) => ({
      async write(client, deliveries) {
        const written = await lines.write(client, deliveries)
        seenInBetween = await seen()
        return written
      },
    }))
    await watched.append([one('a'), one('b')])
    expect(seenInBetween).toEqual([])
    expect(await seen()).toEqual(['a', 'b'])
  })

  it('at any step of many commits at once loses nothing and doubles nothing', {
    timeout: 60_000,
  }, async () => {
    const steps = ['insert', 'arrived', 'written', 'settle', 'none'] as const
    const attempts = Array.from({ length: 12 }, (_, process) => {
      const step = steps[process % steps.length]
      return processOver(
        {
          async insert(...rows) {
            if (step === 'insert' && Math.random() < 0.5) throw CRASH
            await clickhouse.insert(...rows)
            if (step === 'arrived' && Math.random() < 0.5) throw CRASH
          },
        },
        (lines) => ({
          async write(client, deliveries) {
            const written = await lines.write(client, deliveries)
            if (step === 'written' && Math.random() < 0.5) throw CRASH
            return step === 'settle' && Math.random() < 0.5 ? { ...written, settle: () => {} } : written
          },
        }),
      )
    })
    const names = Array.from({ length: 48 }, (_, at) => `line ${at}`)
    await Promise.all(
      names.map(async (name, at) => {
        const lines = one(name)
        for (let next = at; ; next++) {
          const filed = await attempts[next % attempts.length]?.append([lines]).catch(() => null)
          if (filed) return
        }
      }),
    )
    expect(await seen()).toEqual(names.toSorted())
  })

  describe('in the midst of a change of retention', () => {
    const move = (by: LogStore) => by.changeRetention(resourceNumber, 30, NOON)
    const inClass = async (days: number) => {
      const [row] = await clickhouse.rows<{ lines: number }>(
        `select count() as lines from log_line
          where resource_number = {resource:UInt32} and retention_days = {days:UInt16}`,
        { resource: resourceNumber, days },
      )
      return row?.lines
    }
    beforeEach(async () => {
      expect(await store.append([one('a'), one('b')])).toEqual(['stored', 'stored'])
    })

    it('before the commit leaves everything where it was', async () => {
      const broken = processOver({
        async command(statement, params) {
          await clickhouse.command(statement, params)
          if (statement.startsWith('insert')) throw CRASH
        },
      })
      await expect(move(broken)).rejects.toThrow(CRASH)
      expect(await inClass(30)).toBe(2)
      expect(await seen()).toEqual(['a', 'b'])
      await move(store)
      expect(await seen()).toEqual(['a', 'b'])
      expect(await inClass(7)).toBe(0)
    })

    it('behind the commit leaves each line seen once, and housekeeping finishes it', async () => {
      const broken = processOver({
        async command(statement, params) {
          if (statement.startsWith('delete')) throw CRASH
          await clickhouse.command(statement, params)
        },
      })
      await expect(move(broken)).rejects.toThrow(CRASH)
      expect([await inClass(7), await inClass(30)]).toEqual([2, 2])
      expect(await seen()).toEqual(['a', 'b'])
      await store.append([one('c, by the old plan'), one('d', { retentionDays: 30 })])
      expect(await seen()).toEqual(['a', 'b', 'c, by the old plan', 'd'])
      await keepHouse(store, [7, 30], NOON)
      expect([await inClass(7), await inClass(30)]).toEqual([1, 3])
      expect(await seen()).toEqual(['a', 'b', 'c, by the old plan', 'd'])
    })

    it('by two processes at once is one change', async () => {
      await Promise.all([move(store), move(processOver()), move(processOver())])
      expect(await seen()).toEqual(['a', 'b'])
      expect([await inClass(7), await inClass(30)]).toEqual([0, 2])
    })
  })
})
