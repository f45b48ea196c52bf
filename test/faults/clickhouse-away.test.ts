// ClickHouse is away, or says nothing, under load: every delivery is answered 204 in time, from the spool, and every line is
// there afterwards, once, in the order of its drain. Where a write broke off, what it left is seen by nobody.
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { isOverClickHouse, storeEnvironment } from '../support/logs.ts'
import { expectAllStoredOnce, startSenders } from '../support/senders.ts'
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts'

const AWAY_MS = 3_000

/** The way to the server, which can be cut off. */
async function startWay(targetPort: number) {
  let state: 'open' | 'silent' | 'closed' = 'open'
  const sockets = new Set<Socket>()
  const server = createServer((incoming) => {
    sockets.add(incoming)
    incoming.on('error', () => {}).on('close', () => sockets.delete(incoming))
    if (state === 'closed') {
      incoming.destroy()
      return
    }
    const outgoing = connect(targetPort, '127.0.0.1')
    sockets.add(outgoing)
    outgoing
      .on('error', () => {})
      .on('close', () => {
        sockets.delete(outgoing)
        incoming.destroy()
      })
    incoming.on('close', () => outgoing.destroy())
    incoming.on('data', (chunk) => {
      if (state === 'open') outgoing.write(chunk)
    })
    outgoing.on('data', (chunk) => {
      if (state === 'open') incoming.write(chunk)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: String((server.address() as AddressInfo).port),
    set(next: typeof state) {
      state = next
      // Half of an answer is none.
      if (next !== 'silent') cut()
    },
    close() {
      cut()
      server.close()
    },
  }
}

let database: TestDatabase
let service: ServiceProcess
let spoolDirectory: string
let way: Awaited<ReturnType<typeof startWay>>
beforeAll(async () => {
  if (!isOverClickHouse) return
  spoolDirectory = await mkdtemp(join(tmpdir(), 'culvert-spool-'))
  database = await createTestDatabase()
  const url = new URL(storeEnvironment(database.url).CLICKHOUSE_URL as string)
  way = await startWay(Number(url.port))
  url.port = way.port
  service = await startServiceProcess({
    DATABASE_URL: database.url,
    CLICKHOUSE_URL: url.href,
    SPOOL: 'on',
    SPOOL_DIRECTORY: spoolDirectory,
  })
})
afterAll(async () => {
  if (!isOverClickHouse) return
  way.set('open')
  await service.end('SIGTERM')
  way.close()
  await database.close()
  await rm(spoolDirectory, { recursive: true, force: true })
})

it.runIf(isOverClickHouse).each(['closed', 'silent'] as const)(
  'answers every delivery while the way to ClickHouse is %s, and stores each line once, in order, when it is open',
  { timeout: 60_000 },
  async (state) => {
    const senders = await startSenders({
      origin: () => service.origin,
      config: loadConfig({}),
      senders: 12,
      linesPerDelivery: 20,
      pauseMs: 40,
    })
    await sleep(500)
    way.set(state)
    await sleep(AWAY_MS)
    way.set('open')
    await sleep(500)
    const sent = await senders.stop()
    expect([...sent.answers.keys()]).toEqual([204])
    await expectAllStoredOnce(database, sent)
    expect(service.output()).not.toContain('"level":60')
  },
)
