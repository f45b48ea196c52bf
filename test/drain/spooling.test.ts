// A delivery on its way through the whole service while the store is slow: into the spool, and out of it again.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
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

let directory: string
let service: TestService
let resource: TestResource

async function start(environment: Record<string, string> = {}): Promise<void> {
  service = await startTestService({
    SPOOL: 'on',
    SPOOL_DIRECTORY: directory,
    SPOOL_AFTER_MS: String(AFTER_MS),
    DRAIN_HOLD_MS: String(HOLD_MS),
    ...environment,
  })
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
const spoolBytes = () => service.service.drain.levels().spoolBytes
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

it('sets a delivery aside that the store refuses, and stores those around it', async () => {
  await start()
  await service.database.pool.query(`
    create function refuse() returns trigger language plpgsql as $$
      begin raise exception 'no such line'; end $$;
    create trigger refuse before insert on log_line for each row when (new.message = 'poison')
      execute function refuse()`)
  const letCommit = await holdCommits()
  const names = ['before', 'poison', 'behind']
  for (const name of names) expect(await deliver(name)).toBe(204)
  await letCommit()
  await expect.poll(messages).toEqual(['warm-up', 'before', 'behind'])
  await expect.poll(() => counters().spoolRejected).toBe(1)
  expect(spoolBytes()).toBeGreaterThan(0)
  expect(await deliver('later')).toBe(204)
  expect(await messages()).toEqual(['warm-up', 'before', 'behind', 'later'])
})
