// Live readers on two processes: each line is given once to each of them, wherever it was delivered, late or not, and
// whichever process dies.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { counted, frame } from '../support/deliveries.ts'
import { type Events, makeTokenAt, openEvents } from '../support/reading.ts'
import { deliver, provisionAt, stopCommits, type TestResource } from '../support/service.ts'
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts'

const READERS = 50
const SOON = { timeout: 15_000, interval: 50 }

let directory: string
let database: TestDatabase
let services: [ServiceProcess, ServiceProcess]

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'culvert-tails-'))
  database = await createTestDatabase()
  const start = () =>
    startServiceProcess({
      DATABASE_URL: database.url,
      SPOOL: 'on',
      SPOOL_DIRECTORY: directory,
      SPOOL_AFTER_MS: '200',
    })
  services = await Promise.all([start(), start()])
})
afterAll(async () => {
  await Promise.all(services.map((service) => service.end('SIGTERM')))
  await database.close()
  await rm(directory, { recursive: true, force: true })
})

let sent = 0

/** Delivers some lines by way of that process; answers with their messages. */
async function send(resource: TestResource, by: ServiceProcess, lines = 5): Promise<string[]> {
  const messages = Array.from({ length: lines }, () => `line ${sent++}`)
  const at = new Date().toISOString().replace('Z', '000+00:00')
  const body = Buffer.concat(messages.map((message) => counted(frame(message, { at }))))
  const answer = await deliver({ ...resource, drainUrl: `${by.origin}/drains/x` }, body)
  expect(answer.status).toBe(204)
  return messages
}

it('gives every reader every line once, while one process of two is killed and deliveries come late out of a spool', async () => {
  const config = loadConfig({})
  const [staying, dying] = services
  const resource = await provisionAt(staying.origin, config)
  const token = await makeTokenAt(staying.origin, config, resource.id)
  const open = (at: ServiceProcess, since?: string): Promise<Events> =>
    openEvents(`${at.origin}/resources/${resource.id}/tail?last=1000`, {
      authorization: `Bearer ${token}`,
      ...(since === undefined ? {} : { 'last-event-id': since }),
    })
  const want = await send(resource, staying)
  const readers = await Promise.all(
    Array.from({ length: READERS }, (_, at) => open(at % 2 === 0 ? staying : dying)),
  )
  for (let at = 0; at < 10; at++) want.push(...(await send(resource, at % 2 === 0 ? staying : dying)))

  // The database stands still: what comes is spooled, answered, and stored later.
  const goOn = await stopCommits(database)
  const late = [await send(resource, staying), await send(resource, staying)].flat()
  await goOn()
  want.push(...late, ...(await send(resource, dying)))

  const all = want.toSorted()
  for (const reader of readers)
    await vi.waitFor(() => expect(reader.messages().toSorted()).toEqual(all), SOON)

  await dying.end('SIGKILL')
  const orphans = readers.filter((_, at) => at % 2 === 1)
  await Promise.all(orphans.map((reader) => reader.over))
  want.push(...(await send(resource, staying)))
  const moved = await Promise.all(orphans.map((reader) => open(staying, reader.lastId())))
  want.push(...(await send(resource, staying)))

  const everything = want.toSorted()
  for (const [at, again] of moved.entries()) {
    const seen = () => [...(orphans[at]?.messages() ?? []), ...again.messages()]
    await vi.waitFor(() => expect(seen().toSorted()).toEqual(everything), SOON)
  }
  for (const reader of readers.filter((_, at) => at % 2 === 0)) {
    await vi.waitFor(() => expect(reader.messages().toSorted()).toEqual(everything), SOON)
    expect(reader.named('skipped')).toEqual([])
    reader.leave()
  }
  for (const reader of moved) reader.leave()
}, 60_000)
