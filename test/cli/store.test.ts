// The whole way from Postgres to ClickHouse: both kept, the rest copied, read there, Postgres left behind.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/run.ts'
import { bothTables } from '../../src/logs/both-tables.ts'
import { type ClickHouse, openClickHouse } from '../../src/logs/clickhouse/clickhouse.ts'
import { createClickHouseLines } from '../../src/logs/clickhouse/line-table.ts'
import { createLogStore } from '../../src/logs/ledger/log-store.ts'
import type { LineTable } from '../../src/logs/line-table.ts'
import { createPostgresLines } from '../../src/logs/postgres/line-table.ts'
import { EVERYTHING } from '../../src/query/everything.ts'
import { isChdbMissing, testClickHouseUrl } from '../support/chdb.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { delivery, frame } from '../support/deliveries.ts'

const DAY_MS = 86_400_000

describe.skipIf(isChdbMissing())('culvert store copy', () => {
  let database: TestDatabase
  let url: string
  let clickhouse: ClickHouse
  let postgres: LineTable
  let lines: LineTable
  beforeAll(async () => {
    database = await createTestDatabase()
    url = testClickHouseUrl()
    clickhouse = await openClickHouse({ url, cluster: null })
    postgres = createPostgresLines(database.pool)
    lines = createClickHouseLines({ clickhouse, pool: database.pool, onFailure: () => {} })
    for (const day of [0, 1, 2, 3, 4, 5, 9])
      await createLogStore(database.pool, bothTables(postgres, lines)).makeTables(
        [7, 30],
        new Date(Date.now() - day * DAY_MS),
      )
  })
  afterAll(async () => {
    await clickhouse.close()
    await database.close()
  })

  async function culvert(args: string[], environment: Record<string, string> = {}) {
    let output = ''
    const write = (text: string) => {
      output += text
    }
    const settings = { DATABASE_URL: database.url, CLICKHOUSE_URL: url, ...environment }
    const code = await runCli(['store', ...args], { environment: settings, write, writeError: write })
    return { code, output }
  }
  const copy = (...args: string[]) => culvert(['copy', '--from', 'postgres', '--to', 'clickhouse', ...args])

  const store = (by: LineTable, resourceNumber: number, messages: string[], daysAgo: number, fields = {}) => {
    const at = new Date(Date.now() - daysAgo * DAY_MS)
    return createLogStore(database.pool, by).append([
      delivery(
        messages.map((message) => frame(message, { at: at.toISOString() })),
        { resourceNumber, drainId: resourceNumber, receivedAtMicros: at.getTime() * 1000, ...fields },
      ),
    ])
  }
  const read = async (table: LineTable, resourceNumber: number) => {
    const page = await table.read({ resourceNumber, search: EVERYTHING, limit: 10_000 })
    return page.lines.map((line) => ({ ...line, frame: Buffer.from(line.frame).toString('hex') }))
  }

  it('copies every line as it is, once, whatever was copied or kept in both before', {
    timeout: 60_000,
  }, async () => {
    const odd = Buffer.from(`<190>1 - host app web.1 - ta\tb back\\slash \\N é\u0000 \xff`, 'latin1')
    await store(postgres, 1, ['a', 'b', 'c'], 4)
    await createLogStore(database.pool, postgres).append([
      delivery([odd, frame('beside')], {
        resourceNumber: 2,
        drainId: 2,
        receivedAtMicros: Date.now() * 1000 - 5e9,
      }),
    ])
    await store(postgres, 1, ['of another class'], 3, { retentionDays: 30 })
    // From here on lines are kept in both.
    const both = bothTables(postgres, lines)
    await store(both, 1, ['new'], 0)
    const { code, output } = await copy()
    expect({ code, last: output.trim().split('\n').at(-1) }).toEqual({
      code: 0,
      last: 'Copied 6 lines of 2 resources; 1 were there already.',
    })
    for (const resource of [1, 2]) expect(await read(lines, resource)).toEqual(await read(postgres, resource))

    await store(both, 1, ['newer'], 0)
    expect((await copy()).output).toContain('Copied 0 lines of 2 resources')
    // As after a copy that knew nothing of the one before.
    await database.pool.query('delete from line_copy')
    expect((await copy()).output).toContain('Copied 0 lines of 2 resources; 8 were there already.')
    for (const resource of [1, 2]) expect(await read(lines, resource)).toEqual(await read(postgres, resource))
    const [classes] = await clickhouse.rows<{ days: number[] }>(
      'select arraySort(groupUniqArray(retention_days)) as days from log_line where resource_number = 1',
    )
    expect(classes?.days).toEqual([7, 30])
  })

  it('copies what is asked for, and more when more is asked for', async () => {
    await store(postgres, 3, ['old'], 5)
    await store(postgres, 3, ['young'], 1)
    expect((await copy('--since', '2d')).code).toBe(0)
    expect((await read(lines, 3)).map(({ message }) => message)).toEqual(['young'])
    expect((await copy('--since', '6d')).code).toBe(0)
    expect((await read(lines, 3)).map(({ message }) => message)).toEqual(['young', 'old'])
  })

  it('goes on where it was broken off', async () => {
    await store(
      postgres,
      4,
      Array.from({ length: 50 }, (_, at) => `${at}`),
      1,
    )
    await database.pool.query(
      `insert into line_copy (resource_number, since, sent_at, received_at)
       select 4, 0, (extract(epoch from sent_at) * 1e6)::bigint, (extract(epoch from received_at) * 1e6)::bigint
         from log_line where resource_number = 4 and message = '19'`,
    )
    expect((await copy()).code).toBe(0)
    expect(await read(lines, 4)).toHaveLength(30)
  })

  it('says what it wants where it is asked for something else', async () => {
    expect(await culvert([])).toMatchObject({ code: 2, output: expect.stringContaining('copy') })
    expect(await culvert(['copy', '--from', 'clickhouse', '--to', 'postgres'])).toMatchObject({
      code: 2,
      output: expect.stringContaining('one direction'),
    })
    expect(await copy('--since', 'monday')).toMatchObject({ code: 2, output: expect.stringContaining('7d') })
    const without = await runCli(['store', 'copy', '--from', 'postgres', '--to', 'clickhouse'], {
      environment: { DATABASE_URL: database.url },
      write: () => {},
      writeError: (text) => expect(text).toContain('CLICKHOUSE_URL'),
    })
    expect(without).toBe(2)
  })
})

describe.skipIf(isChdbMissing())('while lines are kept in both', () => {
  it('what one of them does not take is in neither', async () => {
    const database = await createTestDatabase()
    const clickhouse = await openClickHouse({ url: testClickHouseUrl(), cluster: null })
    const postgres = createPostgresLines(database.pool)
    let isBroken = false
    const insert: ClickHouse['insert'] = async (...rows) => {
      await clickhouse.insert(...rows)
      if (isBroken) throw new Error('broken')
    }
    const lines = createClickHouseLines({
      clickhouse: { ...clickhouse, insert },
      pool: database.pool,
      onFailure: () => {},
    })
    for (const main of ['postgres', 'clickhouse']) {
      const both = main === 'postgres' ? bothTables(postgres, lines) : bothTables(lines, postgres)
      const store = createLogStore(database.pool, both)
      await store.makeTables([7], new Date())
      const one = delivery([frame(main)], { receivedAtMicros: Date.now() * 1000 })
      isBroken = true
      await expect(store.append([one])).rejects.toThrow()
      isBroken = false
      expect(await store.append([one])).toEqual(['stored'])
    }
    for (const table of [postgres, lines]) {
      const { lines: found } = await table.read({ resourceNumber: 1, search: EVERYTHING, limit: 10 })
      expect(found.map(({ message }) => message)).toEqual(['clickhouse', 'postgres'])
    }
    await clickhouse.close()
    await database.close()
  })
})
