// Lines a second acknowledged after a durable commit, over the lines a second that Postgres itself loads by one
// server-side COPY of the same rows into an identical empty table. They take turns, so that whatever else the machine
// does falls on both; the ratio is the median of the ratios of the turns.
import { join } from 'node:path'
import type { Pool } from 'pg'
import { partitionName } from '../src/logs/postgres/partitions.ts'
import { type Bench, LINES_PER_DELIVERY, SENDERS } from './support/bench.ts'
import { describeFailures, startLoad } from './support/load.ts'
import type { BenchPostgres } from './support/postgres.ts'
import { processorSeconds } from './support/processes.ts'
import { median } from './support/report.ts'
import { runToStored } from './support/run-to-stored.ts'
import { type BenchService, startService } from './support/service.ts'
import { checkpoint, emptyTables, storedDeliveries, storedLines } from './support/tables.ts'
import { PLAN } from './support/workplace.ts'

const FORMATS = ['binary', 'text'] as const

interface Turn {
  ingest: number
  copy: Record<(typeof FORMATS)[number], number>
  /** Share of the deliveries that was answered from the spool. */
  spooled: number
  p50: number
  p99: number
  /** Microseconds of processor time for each line. */
  processor: { service: number; postgres: number; generator: number }
}

export async function ingest({ quick, workplace, postgres, report, scope }: Bench): Promise<void> {
  const turns = quick ? 3 : 5
  const seconds = quick ? 3 : 15
  report.title(
    `${SENDERS} senders, ${SENDERS} resources, ${LINES_PER_DELIVERY} lines a delivery; ${turns} turns of ${seconds} s`,
  )
  const service = await startService(scope, { workplace, postgres, customers: SENDERS })
  const { origin, customers } = service
  const plan = { origin, customers, connections: SENDERS, linesPerDelivery: LINES_PER_DELIVERY }
  const load = await startLoad(scope, workplace, plan)
  // Until the compiler of the service and the caches of Postgres have settled.
  await runToStored(service, load, { seconds: quick ? 3 : 8 })

  const done: Turn[] = []
  for (let turn = 0; turn < turns; turn++) {
    await emptyTables(service.pool)
    await checkpoint(service.pool)
    const processes = { service: [service.pid], postgres: postgres.processes(), generator: [load.pid] }
    const before = processorTimes(processes)
    const result = await runToStored(service, load, { seconds })
    const after = processorTimes({ ...processes, postgres: postgres.processes() })
    await checkStored(service, result.lines, result.deliveries)
    if (Object.keys(result.failures).length > 0) report.note(`not only 204: ${describeFailures(result)}`)

    const perLine = (name: keyof typeof after) => ((after[name] - before[name]) * 1e6) / result.lines
    done.push({
      ingest: result.rate,
      spooled: result.spooled / result.deliveries,
      copy: await copyRates(service.pool, postgres, turn % 2 === 1),
      p50: result.latency.p50,
      p99: result.latency.p99,
      processor: {
        service: perLine('service'),
        postgres: perLine('postgres'),
        generator: perLine('generator'),
      },
    })
  }

  const middle = (read: (turn: Turn) => number) => median(done.map(read))
  const row = (name: string, read: (turn: Turn) => number) => [name, ...done.map(read), middle(read)]
  report.table(
    ['', ...done.map((_, turn) => `turn ${turn + 1}`), 'median'],
    [
      row('acknowledged, lines/s', (turn) => turn.ingest),
      row('COPY FROM file, binary, lines/s', (turn) => turn.copy.binary),
      row('COPY FROM file, text, lines/s', (turn) => turn.copy.text),
      row('acknowledged / COPY binary', (turn) => turn.ingest / turn.copy.binary),
      row('acknowledged / COPY text', (turn) => turn.ingest / turn.copy.text),
      row('answered from the spool, %', (turn) => turn.spooled * 100),
      row('answer p50, ms', (turn) => turn.p50),
      row('answer p99, ms', (turn) => turn.p99),
      row('processor: service, µs/line', (turn) => turn.processor.service),
      row('processor: postgres, µs/line', (turn) => turn.processor.postgres),
      row('processor: load generator, µs/line', (turn) => turn.processor.generator),
    ],
  )
  report.note('Every acknowledged line was found in the table, once.\n')
  report.figure(
    'acknowledged',
    middle((turn) => turn.ingest),
    'lines/s',
  )
  for (const format of FORMATS) {
    report.figure(
      `copy ${format}`,
      middle((turn) => turn.copy[format]),
      'lines/s',
    )
  }
  for (const format of FORMATS) {
    report.ratio(
      'acknowledged',
      `copy ${format}`,
      middle((turn) => turn.ingest / turn.copy[format]),
    )
  }
  report.figure(
    'answer p50',
    middle((turn) => turn.p50),
    'ms',
  )
  report.figure(
    'answer p99',
    middle((turn) => turn.p99),
    'ms',
  )
}

function processorTimes<K extends string>(processes: Record<K, number[]>): Record<K, number> {
  return Object.fromEntries(
    Object.entries<number[]>(processes).map(([name, pids]) => [name, processorSeconds(pids)]),
  ) as Record<K, number>
}

async function checkStored({ pool }: BenchService, lines: number, deliveries: number): Promise<void> {
  const [rows, keys] = [await storedLines(pool), await storedDeliveries(pool)]
  if (rows < lines || keys < deliveries || (rows !== lines && keys === deliveries)) {
    throw new Error(
      `${lines} lines of ${deliveries} deliveries were acknowledged, stored are ${rows} of ${keys}`,
    )
  }
}

/**
 * Writes out the rows that are stored and lets Postgres load them back, each format into a table of its own.
 *
 * The table is made and committed before: COPY into a table of its own transaction may skip the log, and no ingest
 * can do that.
 */
async function copyRates(pool: Pool, postgres: BenchPostgres, otherOrder: boolean): Promise<Turn['copy']> {
  const leaf = partitionName(PLAN.retentionDays, Date.now() * 1_000)
  const rates: Turn['copy'] = { binary: 0, text: 0 }
  for (const format of otherOrder ? [...FORMATS].reverse() : FORMATS) {
    const file = join(postgres.dataDirectory, `culvert-bench-rows.${format}`)
    // The parent's rows, so that a midnight in between loses none. All of them fit either table: it has no bounds.
    const { rowCount } = await pool.query(`copy (select * from log_line) to '${file}' (format ${format})`)
    await pool.query(`create table copied (like ${leaf} including all)`)
    await checkpoint(pool)
    const started = performance.now()
    await pool.query(`copy copied from '${file}' (format ${format})`)
    rates[format] = ((rowCount ?? 0) * 1_000) / (performance.now() - started)
    await pool.query('drop table copied')
    await pool.query(`copy (select) to program 'rm -f "${file}"'`)
  }
  return rates
}
