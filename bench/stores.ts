// The two tables of lines side by side: Postgres and ClickHouse's engine (npm chdb), on the same machine with the same
// lines. First the whole service takes lines in turns over each; then each alone holds a week of one resource and is asked.
import { randomUUID } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { migrate } from '../src/database/migrate.ts'
import { type ClickHouse, openClickHouse } from '../src/logs/clickhouse/clickhouse.ts'
import { createClickHouseLines } from '../src/logs/clickhouse/line-table.ts'
import { COLUMNS } from '../src/logs/clickhouse/table.ts'
import { encodeRows } from '../src/logs/clickhouse/tsv-encoder.ts'
import type { LineTable } from '../src/logs/line-table.ts'
import { LINE_COLUMNS } from '../src/logs/postgres/line-rows.ts'
import { createPostgresLines } from '../src/logs/postgres/line-table.ts'
import type { StoredRow } from '../src/logs/postgres/read-rows.ts'
import { DAY_MICROS } from '../src/logs/utc-day.ts'
import { parse } from '../src/query/parse.ts'
import { fetchChdb } from '../test/support/fetch-chdb.ts'
import { type Bench, LINES_PER_DELIVERY, SENDERS } from './support/bench.ts'
import { describeFailures, type Load, startLoad } from './support/load.ts'
import { median } from './support/report.ts'
import { runToStored } from './support/run-to-stored.ts'
import { Scope } from './support/scope.ts'
import { type BenchService, startService } from './support/service.ts'
import { checkpoint, diskUse, emptyTables } from './support/tables.ts'
import { freeBytes, PLAN } from './support/workplace.ts'

const LINES = 20_000_000
const DAYS = 7
const SEED_LINES = 60_000
const ROOM_BYTES_PER_LINE = 450
const RESOURCE = 1

export async function stores(bench: Bench): Promise<void> {
  const { quick, report } = bench
  if (!(await fetchChdb())) {
    report.note('SKIPPED: npm chdb could not be fetched.')
    return
  }
  const seed = await compareIngest(bench)
  await compareReading(bench, seed, quick ? LINES / 20 : LINES)
}

interface Seed {
  rows: StoredRow[]
  /** Bytes of the frames as they were received. */
  bytes: number
}

/** Gives some of the lines that went through the service, as material for more. */
async function compareIngest({ quick, workplace, postgres, report, scope: whole }: Bench): Promise<Seed> {
  const turns = quick ? 3 : 5
  const seconds = quick ? 3 : 15
  report.title(
    `ingest: ${SENDERS} senders, ${LINES_PER_DELIVERY} lines a delivery; ${turns} turns of ${seconds} s over each store`,
  )
  const scope = whole.add(new Scope(), (opened) => opened.close())
  const open = async (environment: Record<string, string>) => {
    const service = await startService(scope, { workplace, postgres, customers: SENDERS, environment })
    const load = await startLoad(scope, workplace, {
      origin: service.origin,
      customers: service.customers,
      connections: SENDERS,
      linesPerDelivery: LINES_PER_DELIVERY,
    })
    await runToStored(service, load, { seconds: quick ? 3 : 8 })
    return { service, load }
  }
  const inPostgres = await open({})
  const inClickHouse = await open({
    CLICKHOUSE_URL: `chdb:${mkdtempSync(join(workplace.directory, 'chdb-'))}`,
  })
  const rates: Record<'postgres' | 'clickhouse', number[]> = { postgres: [], clickhouse: [] }
  const run = async ({ service, load }: { service: BenchService; load: Load }) => {
    await emptyTables(service.pool)
    await checkpoint(service.pool)
    const result = await runToStored(service, load, { seconds })
    if (Object.keys(result.failures).length > 0) report.note(`not only 204: ${describeFailures(result)}`)
    return result
  }
  let seed: Seed | undefined
  for (let turn = 0; turn < turns; turn++) {
    const result = await run(inPostgres)
    rates.postgres.push(result.rate)
    seed ??= await readSeed(inPostgres.service.pool, result.bytes / result.lines)
    rates.clickhouse.push((await run(inClickHouse)).rate)
  }
  const ratio = median(rates.clickhouse.map((rate, turn) => rate / (rates.postgres[turn] as number)))
  report.table(
    ['', ...rates.postgres.map((_, turn) => `turn ${turn + 1}`), 'median'],
    [
      ['Postgres, lines/s', ...rates.postgres, median(rates.postgres)],
      ['ClickHouse, lines/s', ...rates.clickhouse, median(rates.clickhouse)],
      ['ClickHouse / Postgres', '', '', ...rates.postgres.slice(2).map(() => ''), ratio],
    ],
  )
  report.figure('ingest: postgres', median(rates.postgres), 'lines/s')
  report.figure('ingest: clickhouse', median(rates.clickhouse), 'lines/s')
  report.ratio('ingest: clickhouse', 'ingest: postgres', ratio)
  await scope.close()
  return seed as Seed
}

async function readSeed(pool: Pool, bytesPerLine: number): Promise<Seed> {
  const { rows } = await pool.query<StoredRow>(
    `select ${LINE_COLUMNS}, retention_days from log_line order by received_at limit ${SEED_LINES}`,
  )
  return { rows, bytes: bytesPerLine * rows.length }
}

interface Store {
  name: string
  lines: LineTable
  diskBytes(): Promise<number>
}

async function compareReading(bench: Bench, seed: Seed, lines: number): Promise<void> {
  const { quick, report, workplace, postgres, scope } = bench
  report.title(`${lines.toLocaleString('en-US')} lines of one resource in ${DAYS} days`)
  const wanted = lines * ROOM_BYTES_PER_LINE
  if (freeBytes(postgres.dataDirectory) < wanted) {
    report.note(`SKIPPED: it wants ${(wanted / 1e9).toFixed(0)} GB of disk.`)
    return
  }
  const { pool } = await postgres.createDatabase(scope)
  await migrate(pool)
  const clickhouse = await openClickHouse({
    url: `chdb:${mkdtempSync(join(workplace.directory, 'chdb-'))}`,
    cluster: null,
  })
  scope.add(clickhouse, (opened) => opened.close())
  const both: Store[] = [
    {
      name: 'postgres',
      lines: createPostgresLines(pool),
      diskBytes: async () => (await diskUse(pool)).total,
    },
    {
      name: 'clickhouse',
      lines: createClickHouseLines({ clickhouse, pool, onFailure: () => {} }),
      diskBytes: async () => {
        const [row] = await clickhouse.rows<{ bytes: number }>(
          'select sum(bytes_on_disk) as bytes from system.parts where active and database = currentDatabase()',
        )
        return row?.bytes as number
      },
    },
  ]
  const until = Math.floor(Date.now() / 1_000) * 1_000_000
  const from = until - DAYS * DAY_MICROS
  for (let day = 0; day <= DAYS; day++) {
    for (const { lines: table } of both) {
      await table.makeTables([PLAN.retentionDays + DAYS], new Date((from + day * DAY_MICROS) / 1_000))
    }
  }
  const needle = randomUUID()
  await fill({ pool, clickhouse, seed, lines, from, until, needle })
  // As they are after a while without much to do.
  await pool.query('vacuum analyze log_line')
  await clickhouse.command('optimize table log_line final')
  await checkpoint(pool)

  const raw = (seed.bytes / seed.rows.length) * lines
  const questions: { name: string; ask(table: LineTable): Promise<number> }[] = [
    { name: 'first page of 200', ask: (table) => found(table, '') },
    { name: 'a common word', ask: (table) => found(table, 'status') },
    { name: 'a rare word, to the end of all', ask: (table) => found(table, needle) },
    {
      name: 'histogram of the week',
      ask: async (table) => {
        const step = 3_600
        const edge = (micros: number) => Math.floor(micros / (step * 1e6)) * step * 1e6
        const counts = await table.countLines({
          resourceNumber: RESOURCE,
          from: edge(from),
          to: edge(until) + step * 1e6,
          stepSeconds: step,
        })
        return counts.reduce((sum, one) => sum + one.lines, 0)
      },
    },
  ]
  const table: (string | number)[][] = []
  const disk = await Promise.all(both.map((store) => store.diskBytes()))
  table.push(['bytes on disk for a byte of frames', ...disk.map((bytes) => bytes / raw)])
  for (const [at, { name }] of both.entries()) {
    report.figure(`disk: ${name}`, (disk[at] as number) / raw, 'of the frames')
  }
  for (const { name, ask } of questions) {
    const times: number[] = []
    const counts = new Set<number>()
    for (const store of both) {
      const rounds: number[] = []
      for (let round = 0; round < (quick ? 2 : 5); round++) {
        const started = performance.now()
        counts.add(await ask(store.lines))
        rounds.push(performance.now() - started)
      }
      times.push(median(rounds))
      report.figure(`${name}: ${store.name}`, median(rounds), 'ms')
    }
    if (counts.size !== 1) throw new Error(`${name}: the stores do not agree: ${[...counts].join(', ')}`)
    table.push([`${name}, ms`, ...times])
  }
  report.table(['', ...both.map(({ name }) => name)], table)
}

/** How many lines of the first page, going on where a search pauses. */
async function found(table: LineTable, typed: string): Promise<number> {
  let count = 0
  let before: string | undefined
  for (;;) {
    const page = await table.read({
      resourceNumber: RESOURCE,
      search: parse(typed).query,
      limit: 200,
      ...(before === undefined ? {} : { before }),
    })
    count += page.lines.length
    if (count >= 200 || page.searchedTo === null) return Math.min(count, 200)
    before = page.older as string
  }
}

interface Filling {
  pool: Pool
  clickhouse: ClickHouse
  seed: Seed
  lines: number
  from: number
  until: number
  needle: string
}

/**
 * The seed again and again, at other times: in each engine out of a table of its own. One line, in the middle of the
 * oldest day, holds the needle. Writers' numbers are those of one that has committed all.
 */
async function fill({ pool, clickhouse, seed, lines, from, until, needle }: Filling): Promise<void> {
  const days = PLAN.retentionDays + DAYS
  const rows = seed.rows.map((row, n) => ({ ...row, sent_micros: String(n), received_micros: '0' }))
  const middle = rows[Math.floor(rows.length / 2)] as StoredRow
  await clickhouse.command('create table seed as log_line engine = MergeTree order by sent_at')
  await clickhouse.insert('seed', COLUMNS, encodeRows(RESOURCE, rows, { writer: 1, batch: 1 }))
  await pool.query(
    `create table seed (n integer, priority smallint, form smallint, source text, process text, message text, original bytea)`,
  )
  for (let at = 0; at < rows.length; at += 1_000) {
    await pool.query(
      `insert into seed select * from json_to_recordset($1)
         as t (n integer, priority smallint, form smallint, source text, process text, message text, original bytea)`,
      [
        JSON.stringify(
          rows.slice(at, at + 1_000).map((row, n) => ({
            ...row,
            n: at + n,
            original: `\\x${row.original.toString('hex')}`,
          })),
        ),
      ],
    )
  }
  const { rows: writers } = await pool.query<{ id: number }>(
    'insert into line_writer (batch) values (1) returning id',
  )
  const writer = writers[0]?.id
  const step = (until - from) / lines
  for (let start = 0; start < lines; start += rows.length) {
    const count = Math.min(rows.length, lines - start)
    const base = Math.floor(from + start * step)
    await pool.query(
      `insert into log_line (sent_at, received_at, resource_number, drain_id, priority, form, retention_days,
                             source, process, message, original)
       select at, at + interval '50 milliseconds', ${RESOURCE}, 1, priority, form, ${days}, source, process, message, original
         from seed, lateral (select timestamptz 'epoch' + ($1::bigint + (n * $2::float8)::bigint) * interval '1 microsecond' as at) as made
        where n < $3`,
      [base, step, count],
    )
    await clickhouse.command(
      `insert into log_line (${COLUMNS.join(', ')})
       select ${RESOURCE}, {base:Int64} + toInt64(sent_at * {step:Float64}) as at, at + 50000, 1, priority, form, ${days},
              source, process, message, original, ${writer}, 1
         from seed where sent_at < {count:UInt32}`,
      { base, step, count },
    )
  }
  const at = Math.floor(from + DAY_MICROS / 2)
  const needled = {
    ...middle,
    message: `found ${needle}`,
    sent_micros: String(at),
    received_micros: String(at),
    retention_days: days,
  }
  await clickhouse.insert(
    'log_line',
    COLUMNS,
    encodeRows(RESOURCE, [needled], { writer: writer as number, batch: 1 }),
  )
  await pool.query(
    `insert into log_line (sent_at, received_at, resource_number, drain_id, priority, form, retention_days,
                           source, process, message, original)
     select at, at, ${RESOURCE}, 1, 190, 30, ${days}, 'app', 'web.1', $2, ''
       from (select timestamptz 'epoch' + $1::bigint * interval '1 microsecond' as at) as made`,
    [at, needled.message],
  )
}
