// What is small on the wire may become large: a delivery is charged for what it becomes, and no other pays for it.
import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { counted, frame } from '../support/deliveries.ts'
import { provisionAt, type TestResource } from '../support/service.ts'
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts'

const MEMORY_LIMIT_MB = 400
const HEAP_MB = 400

let database: TestDatabase
let service: ServiceProcess
let hostile: TestResource
let victim: TestResource

beforeAll(async () => {
  database = await createTestDatabase()
  const environment = { DATABASE_URL: database.url, NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}` }
  service = await startServiceProcess(environment)
  const config = loadConfig({})
  hostile = await provisionAt(service.origin, config)
  victim = await provisionAt(service.origin, config)
})
afterAll(async () => {
  await service.end('SIGTERM')
  await database.close()
})

function post(to: TestResource, body: Uint8Array, headers: Record<string, string> = {}): Promise<number> {
  return fetch(`${service.origin}/drains/x`, {
    method: 'POST',
    headers: {
      'content-type': 'application/logplex-1',
      'logplex-drain-token': to.drainToken,
      'logplex-frame-id': randomBytes(16).toString('hex'),
      ...headers,
    },
    body: new Uint8Array(body),
  }).then(
    (answer) => answer.status,
    () => 0,
  )
}

function peakMemoryMegabytes(): number {
  if (process.platform !== 'linux') return 0
  const status = readFileSync(`/proc/${service.child.pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_000
}

/** Delivers for the victim while the work goes on, and answers with what was not 204. */
async function refusedMeanwhile(work: Promise<unknown>): Promise<number[]> {
  let isOver = false
  const over = work.finally(() => {
    isOver = true
  })
  const refused: number[] = []
  while (!isOver) {
    const status = await post(victim, counted(frame(randomUUID())))
    if (status !== 204) refused.push(status)
  }
  await over
  return refused
}

it.each([1_500_000, 3_300_000])(
  'ten kilobytes of gzip that unpack to %i lines cost nobody a delivery',
  async (lines) => {
    const bomb = gzipSync('1 a'.repeat(lines), { level: 9 })
    expect(bomb.length).toBeLessThan(12_000)
    const answer = post(hostile, bomb, { 'content-encoding': 'gzip' })
    expect(await refusedMeanwhile(answer)).toEqual([])
    expect(await answer).toBe(204)
    const { rows } = await database.pool.query(
      `select max(gap.lines) as lines from gap join resource on number = resource_number where id = $1 and kind = 'too_many_lines'`,
      [hostile.id],
    )
    expect(Number(rows[0].lines)).toBeGreaterThanOrEqual(lines - 10_000)
    expect(peakMemoryMegabytes()).toBeLessThan(MEMORY_LIMIT_MB)
  },
  60_000,
)

it('connections that announce much and send nothing refuse nobody', async () => {
  const sockets = await Promise.all(
    Array.from(
      { length: 12 },
      () =>
        new Promise<Socket>((resolve) => {
          const socket = connect(Number(new URL(service.origin).port), '127.0.0.1', () => resolve(socket))
          socket.on('error', () => {})
        }),
    ),
  )
  for (const socket of sockets)
    socket.write(
      `POST /drains/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/logplex-1\r\nLogplex-Drain-Token: ${hostile.drainToken}\r\nContent-Length: 10000000\r\n\r\n`,
    )
  try {
    // Longer than a delivery is held for room.
    expect(await refusedMeanwhile(new Promise((resolve) => setTimeout(resolve, 5_000)))).toEqual([])
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}, 60_000)

it('made-up drain tokens of 15 kB leave nothing behind', async () => {
  const before = peakMemoryMegabytes()
  for (let round = 0; round < 100; round++) {
    const tokens = Array.from({ length: 50 }, () => `d.${randomBytes(7_400).toString('hex')}`)
    await Promise.all(tokens.map((drainToken) => post({ ...hostile, drainToken }, counted(frame('x')))))
  }
  expect(await post(victim, counted(frame('still here')))).toBe(204)
  expect(peakMemoryMegabytes()).toBeLessThan(Math.max(before + 60, 260))
}, 90_000)
