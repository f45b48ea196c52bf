// A delivery on its way through the whole service while the store is slow: into the spool, and out of it again.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { faultsOf } from '../support/database-faults.ts'
import {
  deprovision,
  deliver as post,
  provision,
  startTestService,
  stopCommits,
  storedMessages,
  type TestResource,
  type TestService,
} from '../support/service.ts'

const AFTER_MS = 100
const HOLD_MS = 600

/** What the service takes for the time, where that is not the time. */
let now: number | null = null

let directory: string
let service: TestService
let resource: TestResource

async function start(environment: Record<string, string> = {}): Promise<void> {
  const settings = {
    SPOOL: 'on',
    SPOOL_DIRECTORY: directory,
    SPOOL_AFTER_MS: String(AFTER_MS),
    DRAIN_HOLD_MS: String(HOLD_MS),
    ...environment,
  }
  now = null
  service = await startTestService(settings, pino({ level: 'silent' }), () => now ?? Date.now())
  resource = await provision(service)
  expect(await deliver('warm-up')).toBe(204)
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'culvert-spool-'))
})
afterEach(async () => {
  await service.close()
  await rm(directory, { recursive: true, force: true })
})

const deliver = async (message: string, frameId?: string) => (await post(resource, message, frameId)).status
const holdCommits = () => stopCommits(service.database)
const counters = () => service.service.drain.counters
const levels = () => service.service.drain.levels()
const spoolBytes = () => levels().spoolBytes
const messages = () => storedMessages(service, resource.id)

it('answers 204 from the spool while the store cannot commit, and stores all of it, once, in order', async () => {
  const afterMs = 500
  await start({ SPOOL_AFTER_MS: String(afterMs), DRAIN_HOLD_MS: String(6 * afterMs) })
  const letCommit = await holdCommits()
  const started = performance.now()
  expect(await deliver('first', 'f1')).toBe(204)
  expect(performance.now() - started).toBeGreaterThanOrEqual(afterMs - 5)
  const spoolingSince = performance.now()
  for (const name of ['second', 'third']) expect(await deliver(name)).toBe(204)
  // Nobody waits for the store again, nor does the sender's next try.
  expect(await deliver('first', 'f1')).toBe(204)
  expect(performance.now() - spoolingSince).toBeLessThan(3 * afterMs)
  expect(await messages()).toEqual(['warm-up'])
  expect(counters()).toMatchObject({ spooled: 3, replayed: 0, spoolFull: 0 })
  expect(spoolBytes()).toBeGreaterThan(0)

  await letCommit()
  await expect.poll(messages).toEqual(['warm-up', 'first', 'second', 'third'])
  await expect.poll(spoolBytes).toBe(0)
  expect(counters().replayed).toBe(3)
  expect(await deliver('fourth')).toBe(204)
  expect(counters()).toMatchObject({ spooled: 3, replayed: 3 })
  expect(await messages()).toEqual(['warm-up', 'first', 'second', 'third', 'fourth'])
})

it('holds what does not fit into the spool and then answers 503, and stores everything else', async () => {
  await start({ SPOOL_LIMIT_MB: '0.004' })
  const letCommit = await holdCommits()
  const names = Array.from({ length: 10 }, (_, at) => `${at} ${'x'.repeat(600)}`)
  const started = performance.now()
  const answers = await Promise.all(names.map((name, at) => deliver(name, `f${at}`)))
  expect(performance.now() - started).toBeGreaterThanOrEqual(HOLD_MS - 50)
  const refused = names.filter((_, at) => answers[at] === 503)
  const taken = names.filter((_, at) => answers[at] === 204)
  expect(refused.length).toBeGreaterThan(2)
  expect(taken.length).toBeGreaterThan(2)
  expect(refused.length + taken.length).toBe(names.length)
  expect(counters().spoolFull).toBe(refused.length)
  await letCommit()
  await expect.poll(spoolBytes).toBe(0)
  // A refused one may be there as well, where its commit was under way.
  expect(await messages()).toEqual(expect.arrayContaining(['warm-up', ...taken]))
  for (const [at, name] of names.entries()) expect(await deliver(name, `f${at}`)).toBe(204)
  expect((await messages()).sort()).toEqual(['warm-up', ...names].sort())
})

it('does not store again what waited in the spool until its resource was deleted', async () => {
  await start()
  const gone = await provision(service)
  const { pool } = service.database
  const letCommit = await holdCommits()
  expect(await deliver('first')).toBe(204)
  // Its commit and its replay are under way, and the replay of what follows waits behind them.
  const waiting = async () => {
    const { rows } = await pool.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return rows.length
  }
  await expect.poll(waiting).toBe(2)
  expect(await deliver('second')).toBe(204)
  expect((await post(gone, 'too late')).status).toBe(204)
  await deprovision(service, gone.id)
  // The day on which its lines are deleted.
  await pool.query(`update resource set deprovisioned_at = now() - interval '7 days' where id = $1`, [
    gone.id,
  ])
  await letCommit()
  await expect.poll(spoolBytes).toBe(0)
  expect(await messages()).toEqual(['warm-up', 'first', 'second'])
  expect(await storedMessages(service, gone.id)).toEqual([])
  expect(counters()).toMatchObject({ spooled: 3, replayed: 2, spoolEnded: 1, spoolRejected: 0 })
})

const POISON = 'b'.repeat(32)

it('sets a delivery aside that the store refuses, stores those around it, and tries it again by itself', async () => {
  await start()
  const faults = await faultsOf(service.database)
  await faults.begin('22P05', POISON)
  const letCommit = await holdCommits()
  expect(await deliver('before')).toBe(204)
  expect(await deliver('poison', POISON)).toBe(204)
  expect(await deliver('after')).toBe(204)
  await letCommit()
  await expect.poll(messages).toEqual(['warm-up', 'before', 'after'])
  await expect.poll(levels).toMatchObject({ spoolBytes: 0, spoolRejectedFiles: 1, spoolRejectedBytes: 4_096 })
  expect(levels().spoolRejectedAgeSeconds).toBeGreaterThan(0)
  expect(await deliver('later')).toBe(204)
  await expect.poll(messages).toEqual(['warm-up', 'before', 'after', 'later'])
  await faults.end()
  await expect.poll(messages).toEqual(['warm-up', 'before', 'poison', 'after', 'later'])
  await expect.poll(levels).toMatchObject({ spoolRejectedFiles: 0, spoolRejectedBytes: 0 })
  expect(counters()).toMatchObject({ spoolRejected: 1, spoolRejectedStored: 1, spoolRejectedLost: 0 })
})

it('has what was set aside tried again by the next process', async () => {
  await start()
  const faults = await faultsOf(service.database)
  await faults.begin('23514', POISON)
  expect(await deliver('poison', POISON)).toBe(204)
  await service.restart()
  await expect.poll(levels).toMatchObject({ spoolRejectedFiles: 1, spoolBytes: 0 })
  await faults.end()
  await expect.poll(messages).toEqual(['warm-up', 'poison'])
  await expect.poll(counters).toMatchObject({ spoolRejected: 0, spoolRejectedStored: 1 })
})

it('lets no delivery wait for one that fails again and again, and never sets that one aside', {
  timeout: 60_000,
}, async () => {
  await start({ SPOOL_AFTER_MS: '1500', DRAIN_HOLD_MS: '4000' })
  const faults = await faultsOf(service.database)
  await faults.begin('54000', POISON)
  const letCommit = await holdCommits()
  // Alone in the group of the replay, which nothing else can tell from a store that takes nothing.
  expect(await deliver('poison', POISON)).toBe(204)
  await letCommit()
  expect(await deliver('next')).toBe(204)
  await expect.poll(messages).toEqual(['warm-up', 'next'])
  await expect.poll(() => counters().spoolPostponed).toBe(1)
  // Deliveries go to the store again.
  await expect
    .poll(
      async () => {
        const { spooled } = counters()
        expect(await deliver('more')).toBe(204)
        return counters().spooled - spooled
      },
      { interval: 500, timeout: 15_000 },
    )
    .toBe(0)
  expect(spoolBytes()).toBeGreaterThan(0)
  expect(counters().spoolRejected).toBe(0)
  await faults.end()
  await expect.poll(messages).toContain('poison')
  await expect.poll(spoolBytes).toBe(0)
})

it('tells of a loss where there is no room to set more aside, and nothing else waits', async () => {
  // Room for one file of a resource: a quarter of an eighth.
  await start({ SPOOL_LIMIT_MB: '0.2', SPOOL_AFTER_MS: '3000', DRAIN_HOLD_MS: '4500' })
  const faults = await faultsOf(service.database)
  await faults.begin('22003')
  expect(await deliver('set aside')).toBe(204)
  // Not promised yet: the sender is told.
  expect(await deliver('no room')).toBe(503)
  const letCommit = await holdCommits()
  expect(await deliver('promised')).toBe(204)
  await letCommit()
  await expect.poll(() => counters().spoolRejectedLost).toBe(1)
  await faults.end()
  expect(await deliver('next')).toBe(204)
  await expect.poll(messages).toEqual(['warm-up', 'set aside', 'next'])
  now = Date.now() + 60_000
  await service.service.drain.writeDownRefusals()
  const gaps = await service.database.query(
    'select kind, sum(lines)::integer as lines from gap group by kind',
  )
  expect(gaps).toEqual([{ kind: 'unavailable', lines: 2 }])
})

it.each(['58030', '40001', '57014'])('loses nothing where the commit itself fails with %s', async (code) => {
  await start()
  const faults = await faultsOf(service.database, 'commit')
  await faults.begin(code)
  for (const name of ['first', 'second']) expect(await deliver(name)).toBe(204)
  expect(await messages()).toEqual(['warm-up'])
  await faults.end()
  await expect.poll(messages).toEqual(['warm-up', 'first', 'second'])
  expect(counters().spoolRejected).toBe(0)
})

it('looks a drain up again while the database fails to tell', async () => {
  await start({ DRAIN_HOLD_MS: '4000' })
  // Of a drain that this process has not seen yet.
  const other = await provision(service)
  await service.database.query('alter table drain rename to drain_away')
  const answer = post(other, 'early')
  await sleep(500)
  await service.database.query('alter table drain_away rename to drain')
  expect((await answer).status).toBe(204)
  expect(await storedMessages(service, other.id)).toEqual(['early'])
})
