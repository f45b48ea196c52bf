// Whoever can reach the drain can send it anything. It must stay within its memory, recover without help, and keep
// taking honest deliveries meanwhile.
import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { counted, frame } from '../support/deliveries.ts'
import { storedLines } from '../support/logs.ts'
import { provisionAt, type TestResource } from '../support/service.ts'
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts'

/** Far above what the honest need, far below what any of these attacks would like to have. */
const MEMORY_LIMIT_MB = 400

let database: TestDatabase
let service: ServiceProcess
let resource: TestResource

beforeAll(async () => {
  database = await createTestDatabase()
  service = await startServiceProcess({ DATABASE_URL: database.url, SPOOL: 'off' })
  resource = await provisionAt(service.origin, loadConfig({}))
})
afterAll(async () => {
  await service.end('SIGTERM')
  await database.close()
})

function post(body: Uint8Array, headers: Record<string, string> = {}): Promise<number> {
  return fetch(`${service.origin}/drains/x`, {
    method: 'POST',
    headers: {
      'content-type': 'application/logplex-1',
      'logplex-drain-token': resource.drainToken,
      'logplex-frame-id': randomBytes(16).toString('hex'),
      ...headers,
    },
    body: new Uint8Array(body),
  }).then(
    (answer) => answer.status,
    () => 0,
  )
}

async function stored(): Promise<string[]> {
  const rows = await storedLines(database)
  return rows.map(({ message }) => message)
}

/** An honest delivery, which must come through whatever else is going on. */
async function expectHonestDelivery(): Promise<void> {
  const name = randomUUID()
  expect(await post(counted(frame(name)))).toBe(204)
  expect((await stored()).filter((message) => message === name)).toEqual([name])
}

/** Resident now and at its highest, as Linux tells it; elsewhere nothing is asserted. */
function peakMemoryMegabytes(): number {
  if (process.platform !== 'linux') return 0
  const status = readFileSync(`/proc/${service.child.pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_000
}

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(service.origin).port), '127.0.0.1', () => resolve(socket))
    socket.on('error', reject)
  })
}

it('stands floods of unknown tokens, sent without waiting for answers', async () => {
  const CONNECTIONS = 8
  const body = counted(frame('x'))
  const request = (token: string) =>
    Buffer.concat([
      Buffer.from(
        `POST /drains/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/logplex-1\r\n` +
          `Logplex-Drain-Token: ${token}\r\nContent-Length: ${body.length}\r\n\r\n`,
      ),
      body,
    ])
  const flood = async (requests: number, tokens: (n: number) => string) => {
    const socket = await open()
    let answered = ''
    socket.on('data', (chunk) => {
      answered += chunk.toString('latin1')
    })
    const answers = () => answered.split('HTTP/1.1 404').length - 1
    for (let n = 0; n < requests; n++) {
      if (!socket.write(request(tokens(n)))) await new Promise((drained) => socket.once('drain', drained))
    }
    await expect.poll(answers, { timeout: 60_000 }).toBe(requests)
    socket.destroy()
  }
  const same = Array.from({ length: CONNECTIONS / 2 }, () => flood(2_500, () => 'd.always-the-same'))
  const others = Array.from({ length: CONNECTIONS / 2 }, () => flood(1_000, () => `d.${randomUUID()}`))
  await expectHonestDelivery()
  await Promise.all([...same, ...others])
  await expectHonestDelivery()
  expect(peakMemoryMegabytes()).toBeLessThan(MEMORY_LIMIT_MB)
}, 90_000)

it('serves others while two hundred senders trickle a byte a second', async () => {
  const sockets = await Promise.all(Array.from({ length: 200 }, open))
  const head = `POST /drains/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/logplex-1\r\nLogplex-Drain-Token: ${resource.drainToken}\r\n`
  for (const [at, socket] of sockets.entries()) {
    socket.on('error', () => {})
    // Half of them never finish their head, half never their body.
    socket.write(at % 2 === 0 ? head : `${head}Content-Length: 1000\r\n\r\n`)
  }
  const trickle = setInterval(() => {
    for (const socket of sockets) if (!socket.destroyed) socket.write('x')
  }, 1_000)
  try {
    await expectHonestDelivery()
    await sleep(3_000)
    await expectHonestDelivery()
    await expect
      .poll(() => sockets.every((socket) => socket.destroyed || socket.readableEnded), { timeout: 20_000 })
      .toBe(true)
  } finally {
    clearInterval(trickle)
    for (const socket of sockets) socket.destroy()
  }
  await expectHonestDelivery()
}, 40_000)

it('refuses bodies of a hundred megabytes and gzip bombs without holding them', async () => {
  const bomb = gzipSync(Buffer.alloc(200_000_000))
  const large = Buffer.alloc(100_000_000, 'x')
  const attacks = await Promise.all([
    post(large),
    post(large),
    ...Array.from({ length: 10 }, () => post(bomb, { 'content-encoding': 'gzip' })),
  ])
  // The large ones may see the connection closed before they could read the answer.
  for (const status of attacks) expect([413, 0]).toContain(status)
  await expectHonestDelivery()
  expect(peakMemoryMegabytes()).toBeLessThan(MEMORY_LIMIT_MB)
}, 40_000)

it('keeps the lines around one that no column can hold as it is', async () => {
  const poison = Buffer.concat([Buffer.from(frame('poison ').trimEnd()), Buffer.from([0, 0xff, 0xc0, 0x80])])
  const names = [randomUUID(), randomUUID()]
  const body = Buffer.concat([
    counted(frame(names[0] as string)),
    counted(poison),
    counted(frame(names[1] as string)),
  ])
  expect(await post(body)).toBe(204)
  expect((await stored()).filter((message) => (names as string[]).includes(message))).toEqual(names)
})
