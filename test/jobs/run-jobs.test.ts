// The runner of scheduled jobs, over the leases of a real database.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { Job } from '../../src/job.ts'
import { JobCounters } from '../../src/jobs/counters.ts'
import { createJobLeaseStore } from '../../src/jobs/job-lease-store.ts'
import { type RunningJobs, runJobs } from '../../src/jobs/run-jobs.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
const running: RunningJobs[] = []

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())
afterEach(async () => {
  for (const { stop } of running.splice(0)) await stop()
  await database.pool.query('delete from job')
})

interface Process {
  counters: JobCounters
  logged: object[]
  stop(): Promise<void>
}

function startProcess(...jobs: Job[]): Process {
  const counters = new JobCounters()
  const logged: object[] = []
  const log = { error: (fields: object) => logged.push(fields) }
  const leases = createJobLeaseStore(database.pool)
  const started = runJobs(jobs, { leases, counters, log: log as never, random: () => 0 })
  running.push(started)
  return { counters, logged, stop: started.stop }
}

it('runs a job again and again, and counts its rounds', async () => {
  const { counters } = startProcess({ name: 'tick', intervalMs: 5, work: async () => {} })
  await expect.poll(() => counters.rounds.get('tick')).toBeGreaterThan(3)
  expect(counters.failures.size).toBe(0)
})

it('a job that fails is counted, logged now and then, and tried again; others go on', async () => {
  let tries = 0
  const broken: Job = {
    name: 'broken',
    intervalMs: 1,
    async work() {
      tries++
      throw new Error('no')
    },
  }
  const { counters, logged } = startProcess(broken, { name: 'tick', intervalMs: 5, work: async () => {} })
  await expect.poll(() => tries).toBeGreaterThan(5)
  const ticks = counters.rounds.get('tick') ?? 0
  await expect.poll(() => counters.rounds.get('tick')).toBeGreaterThan(ticks)
  expect(counters.failures.get('broken')).toBeGreaterThan(4)
  expect(logged.slice(0, 3)).toMatchObject([
    { job: 'broken', failures: 1 },
    { job: 'broken', failures: 2 },
    { job: 'broken', failures: 4 },
  ])
})

it('a job that takes too long is told to stop, and goes on with its next round', async () => {
  let rounds = 0
  const { counters } = startProcess({
    name: 'slow',
    intervalMs: 5,
    timeoutMs: 20,
    async work(signal) {
      rounds++
      await sleep(60_000, undefined, { signal, ref: false })
    },
  })
  await expect.poll(() => rounds).toBeGreaterThan(1)
  expect(counters.failures.get('slow')).toBeGreaterThan(0)
})

it('of all processes one at a time runs a leased job, as often as one process would', async () => {
  let [atOnce, most, rounds] = [0, 0, 0]
  const job: Job = {
    name: 'alone',
    intervalMs: 300,
    leased: true,
    async work() {
      atOnce++
      rounds++
      most = Math.max(most, atOnce)
      await sleep(100)
      atOnce--
    },
  }
  const startedAt = performance.now()
  const processes = [startProcess(job), startProcess(job), startProcess(job)]
  await expect.poll(() => rounds, { interval: 5 }).toBeGreaterThan(3)
  const elapsedMs = performance.now() - startedAt
  expect(most).toBe(1)
  // Each round is followed by 0.9 of its interval without one, whichever process is next.
  expect(rounds).toBeLessThanOrEqual(1 + elapsedMs / 370)
  for (const { counters } of processes) expect(counters.failures.size).toBe(0)
})

it('a lease ends with a round that failed, and the next process may try soon', async () => {
  let tries = 0
  const job: Job = {
    name: 'broken',
    intervalMs: 20,
    leased: true,
    async work() {
      tries++
      throw new Error('no')
    },
  }
  startProcess(job)
  startProcess(job)
  await expect.poll(() => tries).toBeGreaterThan(2)
  const [row] = await database.query<{ failures: number }>(`select failures from job where name = 'broken'`)
  expect(row?.failures).toBeGreaterThan(0)
})

it('takes over the lease of a process that died', async () => {
  const leases = createJobLeaseStore(database.pool)
  const dead = '00000000-0000-4000-8000-000000000001'
  const living = '00000000-0000-4000-8000-000000000002'
  expect(await leases.claim('job', dead, 150)).toEqual({ failures: 0 })
  expect(await leases.claim('job', living, 60_000)).toBeNull()
  await sleep(200)
  expect(await leases.claim('job', living, 60_000)).toEqual({ failures: 0 })
  // Should it live after all, it ends nobody's lease but its own.
  await leases.settle('job', dead, { dueInMs: 0, failures: 0 })
  expect(await leases.claim('job', dead, 60_000)).toBeNull()
  await leases.settle('job', living, { dueInMs: 0, failures: 3 })
  expect(await leases.claim('job', dead, 60_000)).toEqual({ failures: 3 })
})

it('stops in the middle of a round, and leaves the job to the next process at once', async () => {
  const started: string[] = []
  const job = (name: string): Job => ({
    name: 'long',
    intervalMs: 10,
    leased: true,
    async work(signal) {
      started.push(name)
      await sleep(60_000, undefined, { signal, ref: false })
    },
  })
  const first = startProcess(job('first'))
  await expect.poll(() => started).toEqual(['first'])
  startProcess(job('second'))
  await first.stop()
  await expect.poll(() => started).toEqual(['first', 'second'])
  expect(first.counters.failures.size).toBe(0)
})
