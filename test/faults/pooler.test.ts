// The service behind PgBouncer in transaction mode, which is what Heroku's connection pooling is: two connections to
// Postgres for all that it does, closed and opened again each second.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { type Receiver, startReceiver } from '../endpoints/receiver.ts'
import { fetchFastly } from '../endpoints/world.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { counted, frame } from '../support/deliveries.ts'
import { storedLines } from '../support/logs.ts'
import { hasPgBouncer, type PgBouncer, startPgBouncer } from '../support/pgbouncer.ts'
import { makeTokenAt, openEvents } from '../support/reading.ts'
import { deliver, provisionAt, type TestResource } from '../support/service.ts'
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts'

const SENDERS = 8
const DELIVERIES = 2_000
const ALARMS = 5
const SOON = { timeout: 60_000, interval: 100 }

describe.skipIf(!hasPgBouncer())('the service behind a pooler in transaction mode', () => {
  let database: TestDatabase
  let pooler: PgBouncer
  let service: ServiceProcess
  let receiver: Receiver
  let webhook: Server
  const posted: { culvert: { kind: string; lines: number } }[] = []

  beforeAll(async () => {
    // Without a schema: the service migrates through the pooler as well.
    database = await createTestDatabase({ empty: true })
    pooler = await startPgBouncer(database.url, { server_lifetime: 1 })
    service = await startServiceProcess({ DATABASE_URL: pooler.url })
    receiver = await startReceiver()
    webhook = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      posted.push(JSON.parse(body))
      response.end('ok')
    }).listen(0, '127.0.0.1')
    await once(webhook, 'listening')
  })
  afterAll(async () => {
    await service.end('SIGTERM')
    await pooler.close()
    await receiver.close()
    webhook.closeAllConnections()
    webhook.close()
    await database.close()
  })

  it('stores, pages, tails, alerts and streams each line once, and logs no error', {
    timeout: 120_000,
  }, async () => {
    const { origin } = service
    const config = loadConfig({})
    const resource = await provisionAt(origin, config)
    const token = await makeTokenAt(origin, config, resource.id)
    const authorization = `Bearer ${token}`
    await streamTo(receiver, origin, token)
    await makeAlert(`${origin}/resources/${resource.id}/alerts`, authorization, webhook)
    const tail = await openEvents(`${origin}/resources/${resource.id}/tail`, { authorization })

    const messages = Array.from({ length: DELIVERIES }, (_, at) => `line ${at}${at < ALARMS ? ' alarm' : ''}`)
    const want = messages.toSorted()
    const waiting = [...messages]
    await Promise.all(Array.from({ length: SENDERS }, () => sendAll(resource, waiting)))

    const stored = await storedLines({ url: pooler.url, query: database.query })
    expect(stored.map(({ message }) => message).toSorted()).toEqual(want)
    expect((await readPages(`${origin}/resources/${resource.id}/lines`, authorization)).toSorted()).toEqual(
      want,
    )
    await vi.waitFor(() => expect(tail.messages().toSorted()).toEqual(want), SOON)
    tail.leave()
    await vi.waitFor(() => expect(receiver.messages().toSorted()).toEqual(want), SOON)
    await vi.waitFor(() => expect(posted).toHaveLength(1), SOON)
    expect(posted[0]).toMatchObject({ culvert: { kind: 'fired', lines: ALARMS } })
    expect(failuresIn(service.output())).toEqual([])
  })
})

/** One delivery after the other, until none is left. */
async function sendAll(resource: TestResource, waiting: string[]): Promise<void> {
  for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
    const at = new Date(Date.now() - 20_000).toISOString()
    const { status } = await deliver(resource, counted(frame(message, { at })))
    expect(status).toBe(204)
  }
}

async function readPages(url: string, authorization: string): Promise<string[]> {
  const messages: string[] = []
  for (let before: string | null | undefined; before !== null; ) {
    const cursor = before === undefined ? '' : `&before=${encodeURIComponent(before)}`
    const answer = await fetch(`${url}?limit=300${cursor}`, { headers: { authorization } })
    expect(answer.status).toBe(200)
    const page = (await answer.json()) as { lines: { message: string }[]; older: string | null }
    messages.push(...page.lines.map((line) => line.message))
    before = page.older
  }
  return messages
}

async function streamTo(receiver: Receiver, origin: string, key: string): Promise<void> {
  const call = async (method: string, path: string, body?: Record<string, string>) => {
    const { status, text, json } = await fetchFastly(origin, key, method, path, body)
    if (status !== 200) throw new Error(text)
    return json
  }
  const [{ id }] = await call('GET', '/service')
  const version = `/service/${id}/version/1`
  await call('POST', `${version}/logging/heroku`, {
    name: 'elsewhere',
    format: '%{line.message}V',
    ...receiver.target,
  })
  await call('PUT', `${version}/activate`)
}

async function makeAlert(url: string, authorization: string, webhook: Server): Promise<void> {
  const { port } = webhook.address() as AddressInfo
  const { status } = await fetch(url, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 'alarms',
      q: 'alarm',
      condition: { kind: 'more_than', lines: ALARMS - 1, minutes: 5 },
      to: { webhook: `http://127.0.0.1:${port}/hook` },
    }),
  })
  expect(status).toBe(201)
}

/** Every line of the log that tells of an error. */
function failuresIn(output: string): string[] {
  return output.split('\n').filter((line) => line.startsWith('{') && 'err' in JSON.parse(line))
}
