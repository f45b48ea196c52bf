// The connections that commits run on are cut, again and again, wherever they are: between statements, in the middle
// of a COPY, while a commit is on its way.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startSenders } from '../support/senders.ts'
import { startTestService, storedMessages, type TestService } from '../support/service.ts'

const CUTS = 25

let service: TestService
beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service.close())

it(`answers 204 all the same over ${CUTS} cuts, and stores each line once`, async () => {
  const senders = await startSenders({
    origin: () => service.origin,
    config: service.config,
    senders: 12,
    linesPerDelivery: 200,
    pauseMs: 0,
    filling: ' '.padEnd(150, 'x'),
  })
  let cut = 0
  for (let n = 0; n < CUTS; n++) {
    await sleep(20 + Math.random() * 40)
    const { rowCount } = await service.database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'culvert write' and state <> 'idle'`,
    )
    cut += rowCount ?? 0
  }
  const { answers, acknowledged } = await senders.stop()
  expect(cut).toBeGreaterThan(0)
  expect([...answers.keys()]).toEqual([204])
  for (const [id, lines] of acknowledged) expect(await storedMessages(service, id)).toEqual(lines)
})
