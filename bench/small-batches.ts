// A thousand drains that each bring a few lines at a time, at half of what the machine could take: how long does an
// answer take? Measured from when a delivery was due, so that a slow answer is not excused by those it holds up.
import type { Bench } from './support/bench.ts'
import { describeFailures, startLoad } from './support/load.ts'
import { median } from './support/report.ts'
import { runToStored, type StoredResult } from './support/run-to-stored.ts'
import { startService } from './support/service.ts'
import { checkpoint, emptyTables, storedLines } from './support/tables.ts'

const DRAINS = 1_000
const LINES = 10

export async function smallBatches({ quick, workplace, postgres, report, scope }: Bench): Promise<void> {
  const seconds = quick ? 4 : 30
  report.title(`${DRAINS} drains of ${DRAINS} resources, each with a connection, ${LINES} lines a delivery`)
  const service = await startService(scope, { workplace, postgres, customers: DRAINS })
  const { origin, customers } = service
  const load = await startLoad(scope, workplace, {
    origin,
    customers,
    connections: DRAINS,
    linesPerDelivery: LINES,
  })
  await runToStored(service, load, { seconds: quick ? 3 : 8 })

  const peaks = []
  for (let turn = 0; turn < 3; turn++) {
    await emptyTables(service.pool)
    await checkpoint(service.pool)
    peaks.push(await runToStored(service, load, { seconds: seconds / 2 }))
  }
  const peak = median(peaks.map((result) => result.rate))

  await emptyTables(service.pool)
  await checkpoint(service.pool)
  const paced = await runToStored(service, load, { seconds, linesPerSecond: peak / 2 })
  const stored = await storedLines(service.pool)
  if (stored < paced.lines) throw new Error(`${paced.lines} lines acknowledged, ${stored} stored`)

  const results = [
    { name: 'peak', result: peaks.find((result) => result.rate === peak) as StoredResult },
    { name: 'half the peak', result: paced },
  ]
  report.table(
    ['', 'lines/s', 'p50 ms', 'p99 ms', 'max ms', 'from the spool, %', 'answers'],
    results.map(({ name, result }) => [
      name,
      result.rate,
      result.latency.p50,
      result.latency.p99,
      result.latency.max,
      (result.spooled * 100) / result.deliveries,
      describeFailures(result),
    ]),
  )
  for (const { name, result } of results) {
    report.figure(`${name}: rate`, result.rate, 'lines/s')
    for (const key of ['p50', 'p99', 'max'] as const)
      report.figure(`${name}: ${key}`, result.latency[key], 'ms')
  }
}
