// What the service holds in memory: at the peak of its ingest, and while Postgres stands still under it and the
// deliveries keep coming. In the second part every answer has to be 204, in time, and every line there afterwards.
import { type Bench, LINES_PER_DELIVERY, SENDERS, sleep } from './support/bench.ts'
import { describeFailures, failureCount, type Load, startLoad } from './support/load.ts'
import type { LoadResult } from './support/load-messages.ts'
import { freeze } from './support/postgres.ts'
import { residentBytes, watchMemory } from './support/processes.ts'
import { megabytes } from './support/report.ts'
import { runToStored, waitUntilIdle } from './support/run-to-stored.ts'
import { Scope } from './support/scope.ts'
import { type BenchService, startService } from './support/service.ts'
import { countedLines, storedDeliveries, storedLines } from './support/tables.ts'

const OUTAGE_LINES_PER_SECOND = 20_000
const BEFORE_SECONDS = 3
const AFTER_SECONDS = 5
/** For what was put aside to be stored after the outage. */
const REPLAY_TIMEOUT_MS = 180_000

export async function memory(bench: Bench): Promise<void> {
  const { quick, report } = bench
  const seconds = quick ? 8 : 60
  report.title(`resident size of the service, sampled every 100 ms`)
  await atPeak(bench, seconds)
  if (bench.postgres.processes().length === 0) {
    report.note('Postgres is not on this machine, so that it cannot be stopped: no outage measured.')
    return
  }
  await inOutage(bench, quick ? 10 : 60)
}

async function open(
  { workplace, postgres }: Bench,
  scope: Scope,
): Promise<{ service: BenchService; load: Load }> {
  const service = await startService(scope, { workplace, postgres, customers: SENDERS })
  const { origin, customers } = service
  const plan = { origin, customers, connections: SENDERS, linesPerDelivery: LINES_PER_DELIVERY }
  return { service, load: await startLoad(scope, workplace, plan) }
}

async function atPeak(bench: Bench, seconds: number): Promise<void> {
  const { report } = bench
  const scope = bench.scope.add(new Scope(), (opened) => opened.close())
  const { service, load } = await open(bench, scope)
  const idle = residentBytes(service.pid)
  const watch = scope.add(watchMemory(service.pid), (started) => started.stop())
  const result = await runToStored(service, load, { seconds })
  const { peak, mean } = watch.read()
  report.table(
    ['ingest peak', 'value'],
    [
      ['lines/s', result.rate],
      ['resident before, MB', megabytes(idle)],
      ['resident mean, MB', megabytes(mean)],
      ['resident peak, MB', megabytes(peak)],
      ['answered from the spool, %', (result.spooled * 100) / result.deliveries],
      ['answers', describeFailures(result)],
    ],
  )
  report.figure('ingest peak: rate', result.rate, 'lines/s')
  report.figure('ingest peak: resident peak', megabytes(peak), 'MB')
  report.figure('ingest peak: resident mean', megabytes(mean), 'MB')
  await scope.close()
}

async function inOutage(bench: Bench, outageSeconds: number): Promise<void> {
  const { postgres, report } = bench
  const scope = bench.scope.add(new Scope(), (opened) => opened.close())
  const { service, load } = await open(bench, scope)
  const watch = scope.add(watchMemory(service.pid), (started) => started.stop())
  const running = load.run({
    seconds: BEFORE_SECONDS + outageSeconds + AFTER_SECONDS,
    linesPerSecond: OUTAGE_LINES_PER_SECOND,
  })
  await sleep(BEFORE_SECONDS * 1_000)
  // Also where the benchmark is interrupted: a stopped server cannot be ended.
  const thaw = scope.add(freeze(postgres), (resume) => resume())
  await sleep(outageSeconds * 1_000)
  thaw()
  const thawed = performance.now()
  const [result, replaySeconds] = await Promise.all([
    running,
    waitUntilIdle(service).then(() => (performance.now() - thawed) / 1_000),
  ])
  await settled(service, result)
  const { peak } = watch.read()
  const stored = { lines: await storedLines(service.pool), deliveries: await storedDeliveries(service.pool) }
  const verdict = judge(result, stored)

  report.table(
    [`Postgres stopped for ${outageSeconds} s`, 'value'],
    [
      ['lines/s offered', OUTAGE_LINES_PER_SECOND],
      ['deliveries answered 204', result.deliveries],
      ['other ends', describeFailures(result)],
      ['answer p50, ms', result.latency.p50],
      ['answer p99, ms', result.latency.p99],
      ['answer max, ms', result.latency.max],
      ['resident peak, MB', megabytes(peak)],
      ['nothing left in the spool after, s', replaySeconds],
      ['lines acknowledged', result.lines],
      ['lines stored', stored.lines],
      ['verdict', verdict],
    ],
  )
  for (const [message, times] of service.troubles) report.note(`the service logged ${times} × ${message}`)
  report.figure('outage: answered 204', result.deliveries, 'deliveries')
  report.figure('outage: not answered 204', failureCount(result) + result.unsent, 'deliveries')
  report.figure('outage: answer p99', result.latency.p99, 'ms')
  report.figure('outage: answer max', result.latency.max, 'ms')
  report.figure('outage: resident peak', megabytes(peak), 'MB')
  report.figure('outage: acknowledged lines missing', Math.max(0, result.lines - stored.lines), 'lines')
  report.figure('outage: spool empty after', replaySeconds, 's')
  await scope.close()
}

/** Waits until all that was acknowledged is stored, and nothing has been added for a moment. */
async function settled({ pool }: BenchService, { lines }: LoadResult): Promise<void> {
  const deadline = performance.now() + REPLAY_TIMEOUT_MS
  for (let before = -1; performance.now() < deadline; ) {
    const now = await countedLines(pool)
    if (now >= lines && now === before) return
    before = now
    await sleep(250)
  }
}

/** A delivery that was not answered 204 may be stored all the same: its sender would have tried again. */
function judge(result: LoadResult, stored: { lines: number; deliveries: number }): string {
  if (stored.lines < result.lines) return `LOST: ${result.lines - stored.lines} acknowledged lines`
  if (stored.lines !== stored.deliveries * LINES_PER_DELIVERY) return 'WRONG: lines and frame keys differ'
  const others = failureCount(result)
  const extra = stored.deliveries - result.deliveries
  if (extra > others) return `TWICE: ${extra - others} deliveries`
  return others + result.unsent === 0
    ? 'all 204, all there, once'
    : 'all acknowledged there, once; not all 204'
}
