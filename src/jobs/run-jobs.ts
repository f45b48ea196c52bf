// Runs scheduled jobs, each by itself: one that fails or hangs keeps no other from its rounds, nor the process from
// living on.
//
// A job is
//   WAITING   for its time. A leased one asks for its lease then; where another process has it, or the job is
//             not due for all of them, it waits again.
//   WORKING   until its work ends, or for timeoutMs: then its signal aborts, and it has GRACE_MS to stop.
//   ABANDONED where it does not stop. It counts as failed and goes on waiting; whatever still hangs may end beside the
//             next round, which every job bears.
// A round that failed is followed by the next one sooner than usual, and later each time.
import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { pauseMs } from '../back-off.ts'
import { startDeadline, withinMs } from '../deadline.ts'
import type { Job } from '../job.ts'
import type { JobCounters } from './counters.ts'
import type { JobLeaseStore } from './job-lease-store.ts'

export interface RunJobsParts {
  leases: JobLeaseStore
  counters: JobCounters
  log: Pick<FastifyBaseLogger, 'error'>
  /** In [0, 1). */
  random(): number
}

export interface RunningJobs {
  /** Aborts the rounds under way. Resolves when they are over. */
  stop(): Promise<void>
}

const TIMEOUT_MS = 60_000
const GRACE_MS = 5_000
/** For a lease: clocks, and the statement that ends it. */
const LEASE_MARGIN_MS = 10_000
const FIRST_RETRY_MS = 5_000
/** A leased job is due for all processes a little before the one that ran it asks again. */
const DUE_SHARE = 0.9

/** The first round of each comes after an interval, or half of one more. */
export function runJobs(jobs: readonly Job[], parts: RunJobsParts): RunningJobs {
  const stopping = new AbortController()
  // One for each job: no leak, whatever Node makes of more than ten.
  setMaxListeners(0, stopping.signal)
  const owner = randomUUID()
  const running = jobs.map((job) => runAgainAndAgain(job, owner, parts, stopping.signal))
  return {
    async stop() {
      stopping.abort(new Error('the service is ending'))
      await Promise.all(running)
    },
  }
}

async function runAgainAndAgain(
  job: Job,
  owner: string,
  parts: RunJobsParts,
  stopping: AbortSignal,
): Promise<void> {
  const { counters, log, random } = parts
  // Processes that start together do not work together.
  let waitMs = job.intervalMs * (1 + random() / 2)
  let failures = 0
  for (;;) {
    await sleep(waitMs, undefined, { signal: stopping, ref: false }).catch(() => {})
    if (stopping.aborted) return
    try {
      await runOnce(job, owner, parts, stopping)
      failures = 0
      waitMs = job.intervalMs
    } catch (error) {
      if (stopping.aborted) return
      failures++
      counters.count('failures', job.name)
      waitMs = retryMs(job, failures, random())
      // Each time twice as many: an outage of hours is some lines, and the metric counts all.
      if (Number.isInteger(Math.log2(failures))) {
        log.error(
          { err: error, job: job.name, failures, retryInMs: Math.round(waitMs) },
          'scheduled job failed',
        )
      }
    }
  }
}

async function runOnce(job: Job, owner: string, parts: RunJobsParts, stopping: AbortSignal): Promise<void> {
  const { leases, counters, random } = parts
  if (!job.leased) {
    await work(job, stopping)
    counters.count('rounds', job.name)
    return
  }
  const lease = await leases.claim(job.name, owner, timeoutMs(job) + GRACE_MS + LEASE_MARGIN_MS)
  if (lease === null) return
  try {
    await work(job, stopping)
  } catch (error) {
    const failures = lease.failures + 1
    const dueInMs = stopping.aborted ? 0 : retryMs(job, failures, random()) * DUE_SHARE
    // The lease runs out by itself.
    await leases.settle(job.name, owner, { dueInMs: Math.round(dueInMs), failures }).catch(() => {})
    throw error
  }
  counters.count('rounds', job.name)
  const dueInMs = stopping.aborted ? 0 : Math.round(job.intervalMs * DUE_SHARE)
  await leases.settle(job.name, owner, { dueInMs, failures: 0 })
}

/** @throws what the work throws, or an Error where it does not end in time */
async function work(job: Job, stopping: AbortSignal): Promise<void> {
  const deadline = startDeadline(timeoutMs(job), stopping)
  try {
    const late = () => new Error(`it took longer than ${(timeoutMs(job) + GRACE_MS) / 1_000} s`)
    await withinMs(timeoutMs(job) + GRACE_MS, job.work(deadline.signal), late)
  } finally {
    deadline.end()
  }
}

function timeoutMs(job: Job): number {
  return job.timeoutMs ?? TIMEOUT_MS
}

/** Sooner than the next round of a slow job, and no more often than those of a quick one. */
function retryMs({ intervalMs }: Job, failures: number, random: number): number {
  const firstMs = Math.min(intervalMs, FIRST_RETRY_MS)
  return pauseMs(failures, { firstMs, longestMs: Math.max(intervalMs, FIRST_RETRY_MS) }, random)
}
