// A run of the load generator that is over when all of it is in Postgres. Under load the service may answer for
// deliveries that it has synced to its spool and stores a little later: that is durable, but it is not yet ingested,
// and a rate that counted them at their answer could not be kept up.
import { sleep } from './bench.ts'
import type { Load } from './load.ts'
import type { LoadResult, LoadRun } from './load-messages.ts'
import type { BenchService } from './service.ts'
import { countedLines } from './tables.ts'

export interface StoredResult extends LoadResult {
  /** From the first byte sent until all that was acknowledged was stored. */
  storedSeconds: number
  /** Lines a second over that time. */
  rate: number
  /** Deliveries that were answered from the spool. */
  spooled: number
}

const POLL_MS = 20
/** For what was put aside to be stored. */
const REPLAY_TIMEOUT_MS = 300_000

/** Returns when the service has nothing left to do, so that its tables may be touched. */
export async function runToStored(service: BenchService, load: Load, run: LoadRun): Promise<StoredResult> {
  const before = await countedLines(service.pool)
  const spooledBefore = (await levels(service)).spooled
  const result = await load.run(run)
  const answered = performance.now()
  const waited = await waitUntil(async () => (await countedLines(service.pool)) - before >= result.lines)
  const storedSeconds = result.seconds + (waited === 0 ? 0 : (performance.now() - answered) / 1_000)
  await waitUntilIdle(service)
  const spooled = (await levels(service)).spooled - spooledBefore
  return { ...result, storedSeconds, rate: result.lines / storedSeconds, spooled }
}

/** What is replayed from the spool may be in the tables already; it must have been found out before they change. */
export async function waitUntilIdle(service: BenchService): Promise<void> {
  await waitUntil(async () => (await levels(service)).waiting === 0)
}

/** Returns how often it had to wait. */
async function waitUntil(isSo: () => Promise<boolean>): Promise<number> {
  const deadline = performance.now() + REPLAY_TIMEOUT_MS
  for (let waits = 0; ; waits++) {
    if (await isSo()) return waits
    if (performance.now() > deadline) throw new Error('what was acknowledged is still not stored')
    await sleep(POLL_MS)
  }
}

/** As the service itself tells them, where Prometheus reads. */
async function levels({ origin }: BenchService): Promise<{ waiting: number; spooled: number }> {
  const text = await (await fetch(`${origin}/metrics`)).text()
  const read = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0)
  return {
    waiting: read('culvert_drain_queued_deliveries') + read('culvert_drain_spool_bytes'),
    spooled: read('culvert_drain_spooled_total'),
  }
}
