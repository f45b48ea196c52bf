import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { faultsOf } from '../support/database-faults.ts'
import { counted, frame } from '../support/deliveries.ts'
import {
  deliver as post,
  provision,
  startTestService,
  stopCommits,
  storedMessages,
  type TestResource,
  type TestService,
} from '../support/service.ts'

const HOLD_MS = 1_500
let service: TestService

beforeAll(async () => {
  service = await startTestService({ DRAIN_HOLD_MS: String(HOLD_MS), DRAIN_QUEUE_LIMIT_MB: '0.01' })
})
afterAll(() => service.close())

/** One line, whose message is the frame id too. */
const deliver = (to: TestResource, name: string) => post(to, name, name)
const holdCommits = () => stopCommits(service.database)

it('holds the answer while the store cannot commit, then answers 503; the retry is stored once', async () => {
  const resource = await provision(service)
  await deliver(resource, 'warm-up')
  const letCommit = await holdCommits()
  const started = performance.now()
  const answer = await deliver(resource, 'held')
  expect(answer.status).toBe(503)
  expect(performance.now() - started).toBeGreaterThanOrEqual(HOLD_MS - 50)
  await letCommit()
  expect((await deliver(resource, 'held')).status).toBe(204)
  await service.service.drain.drained()
  expect(await storedMessages(service, resource.id)).toEqual(['warm-up', 'held'])
})

it('answers 204 when the store comes back while deliveries are held', async () => {
  const resource = await provision(service)
  await deliver(resource, 'warm-up')
  const letCommit = await holdCommits()
  const answers = Promise.all(['a', 'b', 'c'].map((name) => deliver(resource, name)))
  await sleep(HOLD_MS / 4)
  await letCommit()
  expect((await answers).map((answer) => answer.status)).toEqual([204, 204, 204])
})

it('goes on by itself after its database connections were cut', async () => {
  const resource = await provision(service)
  await deliver(resource, 'before')
  await service.database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name like 'culvert write%'`,
  )
  expect((await deliver(resource, 'after')).status).toBe(204)
  expect(await storedMessages(service, resource.id)).toEqual(['before', 'after'])
})

it('stores a group but for the one that fails again and again, which is answered 503', {
  timeout: 60_000,
}, async () => {
  const resource = await provision(service)
  const poison = 'b'.repeat(32)
  const faults = await faultsOf(service.database)
  await faults.begin('XX000', poison)
  let isOver = false
  const poisoned = (async () => {
    const answers = new Set<number>()
    while (!isOver) answers.add((await post(resource, 'poison', poison)).status)
    return answers
  })()
  const names = Array.from({ length: 20 }, (_, at) => `one of ${at}`)
  const insist = async (name: string) => {
    while ((await deliver(resource, name)).status !== 204) await sleep(50)
  }
  for (let round = 0; round < 3; round++) {
    await Promise.all(names.map((name) => insist(`${round} ${name}`)))
  }
  isOver = true
  expect([...(await poisoned)]).toEqual([503])
  expect(await storedMessages(service, resource.id)).toHaveLength(60)
  await faults.end()
  expect((await post(resource, 'poison', poison)).status).toBe(204)
  await service.database.query('drop trigger fault on delivery; drop function fault; drop table fault')
})

it('does not store what was given up while it still waited behind others', async () => {
  const resource = await provision(service)
  await deliver(resource, 'warm-up')
  const letCommit = await holdCommits()
  // Two writers are stuck, one delivery each; what comes then waits in the queue until its time is over.
  const stuck: Promise<Response>[] = []
  for (const name of ['stuck 1', 'stuck 2']) {
    stuck.push(deliver(resource, name))
    await sleep(HOLD_MS / 4)
  }
  const names = Array.from({ length: 6 }, (_, at) => `given up ${at}`)
  for (const answer of await Promise.all([...stuck, ...names.map((name) => deliver(resource, name))])) {
    expect(answer.status).toBe(503)
  }
  await letCommit()
  await service.service.drain.drained()
  expect((await storedMessages(service, resource.id)).sort()).toEqual(['stuck 1', 'stuck 2', 'warm-up'])
  for (const name of names) await deliver(resource, name)
  expect(await storedMessages(service, resource.id)).toHaveLength(3 + names.length)
})

it('takes no body into memory above its bound, and everything in the end', async () => {
  const resource = await provision(service)
  await deliver(resource, 'warm-up')
  const letCommit = await holdCommits()
  const names = Array.from({ length: 8 }, (_, at) => `large ${at} ${'x'.repeat(4_000)}`)
  const answers = names.map((name) => post(resource, name))
  await sleep(HOLD_MS / 4)
  expect(service.service.drain.gate.heldBytes).toBeLessThanOrEqual(10_000)
  await letCommit()
  expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual(Array(8).fill(204))
  expect(service.service.drain.gate.heldBytes).toBe(0)
})

it('serves the next delivery on the connection on which one was refused unread', async () => {
  const resource = await provision(service)
  const body = counted(frame('next'))
  const request = (token: string, content: Buffer) =>
    Buffer.concat([
      Buffer.from(
        `POST /drains/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/logplex-1\r\n` +
          `Logplex-Drain-Token: ${token}\r\nContent-Length: ${content.length}\r\n\r\n`,
      ),
      content,
    ])
  const socket = connect(Number(new URL(service.origin).port), '127.0.0.1')
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  socket.write(request('d.unknown', Buffer.alloc(100_000, 'x')))
  await expect.poll(() => received).toContain('HTTP/1.1 404 ')
  socket.write(request(resource.drainToken, body))
  await expect.poll(() => received).toContain('HTTP/1.1 204 ')
  socket.destroy()
  expect(received.toLowerCase()).not.toContain('transfer-encoding')
})
