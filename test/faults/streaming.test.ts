// From a simulated Logplex through the service to another, strict one, while the service is killed and the receiver is
// away: every line that was taken in goes out, at least once, and in order for each process of the app.
import { setTimeout as sleep } from 'node:timers/promises'
import type { SimLine } from 'heroku-simulator'
import { createRandom, LogplexDrain, type SettledFrame } from 'heroku-simulator'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { type Receiver, startReceiver } from '../endpoints/receiver.ts'
import { createToken, fetchFastly } from '../endpoints/world.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { provisionAt } from '../support/service.ts'
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts'

const PROCESSES = ['web.1', 'web.2', 'worker.1']
const EVERY_MS = 5

let database: TestDatabase
let receiver: Receiver
let service: ServiceProcess
beforeAll(async () => {
  database = await createTestDatabase()
  receiver = await startReceiver()
  service = await startServiceProcess({ DATABASE_URL: database.url })
})
afterAll(async () => {
  await service.end('SIGTERM')
  await receiver.close()
  await database.close()
})

it('sends on every line that it took, in order, over a SIGKILL and an outage of the receiver', {
  timeout: 120_000,
}, async () => {
  const { origin } = service
  const { id, drainToken } = await provisionAt(origin, loadConfig({}))
  await streamEverySecondLine(origin, id)

  const settled: SettledFrame<SimLine>[] = []
  const drain = new LogplexDrain({
    url: `${origin}/drains/${id}`,
    token: drainToken,
    random: createRandom(11),
    settings: { bufferMessages: 100_000 },
    onSettled: (frame) => settled.push(frame),
  })
  let next = 0
  const pushing = setInterval(() => {
    const number = next++
    const process = PROCESSES[number % PROCESSES.length] as string
    drain.push({
      priority: 190,
      time: new Date().toISOString(),
      source: 'app',
      process,
      message: `${process} ${number} kind=${number % 2}`,
    })
  }, EVERY_MS)

  const someArrived = (more: number) => {
    const before = receiver.lines.length
    return vi.waitFor(() => expect(receiver.lines.length).toBeGreaterThan(before + more), {
      timeout: 40_000,
      interval: 50,
    })
  }
  const restart = async () => {
    await service.end('SIGKILL')
    service = await startServiceProcess({ DATABASE_URL: database.url, PORT: new URL(origin).port })
  }
  await someArrived(100)
  // Killed while it sends, then while it cannot.
  await restart()
  await someArrived(100)
  receiver.answers = 'nothing'
  await sleep(500)
  await restart()
  receiver.answers = { status: 503 }
  await vi.waitFor(() => expect(receiver.requests.at(-1)?.status).toBe(503), {
    timeout: 40_000,
    interval: 50,
  })
  receiver.answers = null
  await someArrived(100)
  clearInterval(pushing)
  await drain.whenIdle()
  drain.stop()

  const isMeant = ({ message }: SimLine) => String(message).endsWith('kind=1')
  const acknowledged = settled
    .filter(({ result }) => result === 'acknowledged')
    .flatMap(({ lines }) => lines)
    .filter(isMeant)
  await vi.waitFor(
    () => {
      const arrived = new Set(receiver.messages())
      expect(
        acknowledged.filter(({ message }) => !arrived.has(String(message))).map(({ message }) => message),
      ).toEqual([])
    },
    { timeout: 60_000, interval: 100 },
  )

  const first = [...new Set(receiver.messages())]
  expect(first.filter((message) => !message.endsWith('kind=1'))).toEqual([])
  for (const process of PROCESSES) {
    const numbers = first
      .filter((message) => message.startsWith(`${process} `))
      .map((message) => Number(message.split(' ')[1]))
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  }
  // What was refused, was refused because we had it so.
  expect(receiver.requests.filter(({ status }) => status >= 400 && status !== 503)).toEqual([])
  expect(acknowledged.length).toBeGreaterThan(300)
})

async function streamEverySecondLine(origin: string, resourceId: string): Promise<void> {
  const key = await createToken({ database }, resourceId)
  const call = async (method: string, path: string, body?: Record<string, string>) => {
    const answer = await fetchFastly(origin, key, method, path, body)
    if (answer.status !== 200) throw new Error(answer.text)
    return answer.json
  }
  const [{ id }] = await call('GET', '/service')
  const version = `/service/${id}/version/1`
  await call('POST', `${version}/condition`, {
    name: 'odd',
    type: 'RESPONSE',
    statement: 'line.field.kind == "1"',
  })
  await call('POST', `${version}/logging/heroku`, {
    name: 'elsewhere',
    response_condition: 'odd',
    format: '%{line.message}V',
    ...receiver.target,
  })
  await call('PUT', `${version}/activate`)
}
