import { get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { counted, frame } from '../support/deliveries.ts'
import { storedLines } from '../support/logs.ts'
import { makeTokenAt } from '../support/reading.ts'
import { deliver, provisionAt, stopCommits } from '../support/service.ts'
import { startServiceProcess } from '../support/service-process.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

it('finishes what was let in when SIGTERM comes, and exits with 0', async () => {
  const service = await startServiceProcess({ DATABASE_URL: database.url })
  const resource = await provisionAt(service.origin, loadConfig({}))
  const letCommit = await stopCommits(database)
  const answer = deliver(resource, 'under way')
  await sleep(300)
  const ended = service.end('SIGTERM')
  await sleep(300)
  await expect(fetch(`${service.origin}/healthz`)).rejects.toThrow()
  await letCommit()
  expect((await answer).status).toBe(204)
  expect(await ended).toEqual({ code: 0, signal: null })
  const stored = await storedLines(database)
  expect(stored.map(({ message }) => message)).toEqual(['under way'])
})

it('exits with 0 although clients fetch nothing of the answers that they asked for', async () => {
  const service = await startServiceProcess({ DATABASE_URL: database.url })
  const config = loadConfig({})
  const resource = await provisionAt(service.origin, config)
  // As JSON each character is six: more than the sockets between the two take.
  const body = Buffer.concat(Array.from({ length: 100 }, () => counted(frame('\x01'.repeat(9_000)))))
  for (let n = 0; n < 10; n++) expect((await deliver(resource, body)).status).toBe(204)
  const authorization = `Bearer ${await makeTokenAt(service.origin, config, resource.id)}`
  const ask = (path: string) =>
    new Promise<IncomingMessage>((resolve) => {
      get(
        `${service.origin}/resources/${resource.id}/${path}`,
        { headers: { authorization, accept: 'application/x-ndjson' } },
        resolve,
      )
    })
  const answers = await Promise.all(
    ['lines?limit=1000', 'tail?last=1000', 'export', 'export?gzip=true'].map(ask),
  )
  for (const answer of answers) {
    expect(answer.statusCode).toBe(200)
    answer.on('error', () => {})
  }
  expect(await service.end('SIGTERM')).toEqual({ code: 0, signal: null })
  for (const answer of answers) answer.destroy()
}, 60_000)

it('ends at once, and not with 0, when a second signal comes while it waits for what was let in', async () => {
  const service = await startServiceProcess({ DATABASE_URL: database.url })
  const resource = await provisionAt(service.origin, loadConfig({}))
  const letCommit = await stopCommits(database)
  const answer = deliver(resource, 'never acknowledged').catch(() => 'cut off')
  await sleep(300)
  service.child.kill('SIGTERM')
  await sleep(300)
  expect(service.child.exitCode).toBeNull()
  const started = performance.now()
  const { code } = await service.end('SIGINT')
  expect(performance.now() - started).toBeLessThan(2_000)
  expect(code).toBeGreaterThan(0)
  expect(await answer).toBe('cut off')
  expect(service.output()).toContain('second SIGINT')
  await letCommit()
})

it('says in a sentence what is wrong with the settings, and exits with 1', async () => {
  await expect(startServiceProcess({ DATABASE_URL: database.url, PORT: 'http' })).rejects.toThrow(/PORT/)
})
