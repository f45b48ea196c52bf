// The database stops answering, or dies, under load: every delivery is answered 204 in time, from the spool, and
// every line is there afterwards, once, in the order of its drain.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { type OwnPostgres, startOwnPostgres } from '../support/own-postgres.ts'
import { expectAllStoredOnce, percentile, type Senders, type Sent, startSenders } from '../support/senders.ts'
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts'

const AWAY_MS = 3_000

let postgres: OwnPostgres
let service: ServiceProcess
let spoolDirectory: string
let environment: Record<string, string>

beforeAll(async () => {
  spoolDirectory = await mkdtemp(join(tmpdir(), 'culvert-spool-'))
  postgres = await startOwnPostgres()
  environment = { DATABASE_URL: postgres.url, SPOOL: 'on', SPOOL_DIRECTORY: spoolDirectory }
  service = await startServiceProcess(environment)
})
afterAll(async () => {
  await service.end('SIGTERM')
  await postgres.close()
  await rm(spoolDirectory, { recursive: true, force: true })
})

function send(options: { insist?: boolean } = {}): Promise<Senders> {
  return startSenders({
    origin: () => service.origin,
    config: loadConfig({}),
    senders: 24,
    linesPerDelivery: 20,
    pauseMs: 40,
    ...options,
  })
}

function tell(what: string, sent: Sent): void {
  const { times } = sent
  console.log(
    `${what}: ${times.length} deliveries, p50 ${percentile(times, 0.5)} ms, p99 ${percentile(times, 0.99)} ms, ` +
      `slowest ${percentile(times, 1)} ms`,
  )
}

it('answers every delivery while Postgres stands still, and stores each line once, in order, when it goes on', async () => {
  const senders = await send()
  await sleep(500)
  postgres.freeze()
  await sleep(AWAY_MS)
  postgres.thaw()
  await sleep(500)
  const sent = await senders.stop()
  tell('Postgres stopped', sent)
  expect([...sent.answers.keys()]).toEqual([204])
  await expectAllStoredOnce(postgres, sent)
})

it('answers every delivery while Postgres is dead, and stores each line once, in order, when it is started', async () => {
  const senders = await send()
  await sleep(500)
  await postgres.crash()
  await sleep(500)
  await postgres.startAgain()
  await sleep(500)
  const sent = await senders.stop()
  tell('Postgres crashed', sent)
  expect([...sent.answers.keys()]).toEqual([204])
  await expectAllStoredOnce(postgres, sent)
})

it('keeps what it promised over a SIGKILL while the database is away', async () => {
  const senders = await send({ insist: true })
  await sleep(300)
  postgres.freeze()
  await sleep(1_200)
  await service.end('SIGKILL')
  postgres.thaw()
  const port = new URL(service.origin).port
  service = await startServiceProcess({ ...environment, PORT: port })
  await sleep(300)
  const sent = await senders.stop()
  tell('service killed', sent)
  await expectAllStoredOnce(postgres, sent)
})

it('ends in time on SIGTERM while the database stands still, and the next life stores what is spooled', {
  timeout: 60_000,
}, async () => {
  const senders = await send()
  // A drain is known to this process from its first delivery on.
  await expect
    .poll(() => [...senders.sent.acknowledged.values()].every((lines) => lines.length > 0))
    .toBe(true)
  postgres.freeze()
  await sleep(1_000)
  const sent = await senders.stop()
  expect([...sent.answers.keys()]).toEqual([204])
  const started = performance.now()
  expect(await service.end('SIGTERM')).toEqual({ code: 0, signal: null })
  expect(performance.now() - started).toBeLessThan(10_000)
  postgres.thaw()
  service = await startServiceProcess(environment)
  await expectAllStoredOnce(postgres, sent)
})
