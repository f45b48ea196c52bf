// Half of the peak for an hour: does the service grow? A straight line through the resident sizes of the second half
// tells; the first half is for caches and the collector to find their size.
//
// An hour at this rate is more than most disks have room for, so the tables of lines are emptied now and then, which
// is what retention does to them too. The service's own count of lines goes on, and is compared at the end.
import { type Bench, LINES_PER_DELIVERY, SENDERS } from './support/bench.ts'
import { describeFailures, startLoad } from './support/load.ts'
import type { LoadProgress } from './support/load-messages.ts'
import { watchMemory } from './support/processes.ts'
import { megabytes } from './support/report.ts'
import { runToStored, waitUntilIdle } from './support/run-to-stored.ts'
import { startService } from './support/service.ts'
import { checkpoint, countedLines, diskUse, emptyTables } from './support/tables.ts'

const MAX_BYTES = 4_000_000_000
/** A rise over the second half by less than this share of the size is taken for none. */
const TOLERATED_RISE = 0.05

interface Minute {
  minute: number
  linesPerSecond: number
  mean: number
  peak: number
  failures: number
}

export async function soak({
  quick,
  minutes,
  rate,
  workplace,
  postgres,
  report,
  scope,
}: Bench): Promise<void> {
  const everySeconds = quick ? 5 : 60
  report.title(`${rate === undefined ? 'half the peak' : `${rate} lines/s`} for ${minutes} minutes`)
  const service = await startService(scope, { workplace, postgres, customers: SENDERS })
  const { origin, customers, pool } = service
  const plan = { origin, customers, connections: SENDERS, linesPerDelivery: LINES_PER_DELIVERY }
  const load = await startLoad(scope, workplace, plan)
  await runToStored(service, load, { seconds: 3 })
  const { rate: peak } = await runToStored(service, load, { seconds: quick ? 5 : 20 })
  const linesPerSecond = rate ?? peak / 2
  await emptyTables(pool)
  await checkpoint(pool)
  const rounded = (value: number) => Math.round(value).toLocaleString('en-US')
  report.note(`peak ${rounded(peak)} lines/s here and now; offered ${rounded(linesPerSecond)}`)

  const watch = scope.add(watchMemory(service.pid), (started) => started.stop())
  const seen: Minute[] = []
  let emptying: Promise<void> = Promise.resolve()
  let last: LoadProgress = { deliveries: 0, lines: 0, failures: 0 }
  let lastAt = performance.now()
  const onProgress = (progress: LoadProgress) => {
    const now = performance.now()
    if (now - lastAt < everySeconds * 1_000) return
    const minute = {
      minute: ((seen.length + 1) * everySeconds) / 60,
      linesPerSecond: ((progress.lines - last.lines) * 1_000) / (now - lastAt),
      ...watch.read(),
      failures: progress.failures - last.failures,
    }
    seen.push(minute)
    report.note(
      `minute ${minute.minute.toFixed(quick ? 2 : 0)}: ${Math.round(minute.linesPerSecond).toLocaleString('en-US')} lines/s, resident mean ${megabytes(minute.mean).toFixed(1)} MB, peak ${megabytes(minute.peak).toFixed(1)} MB, not 204: ${minute.failures}`,
    )
    last = progress
    lastAt = now
    emptying = emptying.then(() => makeRoom(pool))
    emptying.catch(() => {})
  }
  const result = await load.run({ seconds: minutes * 60, linesPerSecond }, onProgress)
  await emptying
  await waitUntilIdle(service)
  const counted = await countedLines(pool)
  report.note('')

  const half = seen.slice(Math.floor(seen.length / 2))
  if (half.length < 2) throw new Error('too short for a line through the second half: give it more --minutes')
  const slope = slopeOf(half.map(({ minute, mean }) => [minute, mean]))
  const mean = half.reduce((sum, minute) => sum + minute.mean, 0) / half.length
  const span = (half.at(-1) as Minute).minute - (half[0] as Minute).minute
  const rise = slope * span
  const grows = rise > TOLERATED_RISE * mean
  report.table(
    ['', 'value'],
    [
      ['lines/s', result.lines / result.seconds],
      ['answers', describeFailures(result)],
      ['answer p99, ms', result.latency.p99],
      ['answer max, ms', result.latency.max],
      ['lines acknowledged', result.lines],
      ['lines counted by the service', counted],
      ['resident peak, MB', megabytes(Math.max(...seen.map((minute) => minute.peak)))],
      ['resident mean of the second half, MB', megabytes(mean)],
      ['fitted growth, MB an hour', megabytes(slope) * 60],
      [`fitted rise over the second half (${span.toFixed(0)} min), MB`, megabytes(rise)],
    ],
  )
  report.note(
    `VERDICT: ${grows ? 'memory GROWS' : 'memory does not grow'} (${((rise / mean) * 100).toFixed(1)} % over the second half; up to ${TOLERATED_RISE * 100} % is noise)${counted < result.lines ? `; ${result.lines - counted} acknowledged lines are MISSING` : ''}\n`,
  )
  report.figure('rate', result.lines / result.seconds, 'lines/s')
  report.figure('resident mean', megabytes(mean), 'MB')
  report.figure('growth', megabytes(slope) * 60, 'MB/h')
  report.figure('answer p99', result.latency.p99, 'ms')
  report.figure('acknowledged lines missing', Math.max(0, result.lines - counted), 'lines')
}

async function makeRoom(pool: Parameters<typeof diskUse>[0]): Promise<void> {
  const { total } = await diskUse(pool)
  // The service's writers wait for this and are held for a moment, as they are when retention drops a table.
  if (total > MAX_BYTES) await pool.query('truncate log_line')
}

/** Of the line with the least squares. */
function slopeOf(points: readonly [number, number][]): number {
  const middle = (read: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + read(point), 0) / points.length
  const [x, y] = [middle(([x]) => x), middle(([, y]) => y)]
  const covariance = middle(([px, py]) => (px - x) * (py - y))
  const variance = middle(([px]) => (px - x) ** 2)
  return covariance / variance
}
