// Alerts, rules and searches on the whole service: made through its API, looked at by its own clock, gone with their
// resource.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createTokenStore } from '../../src/access/token-store.ts'
import { sha256 } from '../../src/secrets/sha256.ts'
import { counted, frame } from '../support/deliveries.ts'
import { deprovision, provision, startTestService, type TestService } from '../support/service.ts'

const WITHIN = { timeout: 30_000, interval: 100 }

let service: TestService
beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service.close())

async function resourceWithToken() {
  const resource = await provision(service)
  const token = `culvert_${resource.id}`
  await createTokenStore(service.database.pool).create(resource.id, sha256(token), { name: 'test', hint: '' })
  const call = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${service.origin}/resources/${resource.id}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
  }
  const deliver = (...frames: string[]) =>
    fetch(resource.drainUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/logplex-1', 'logplex-drain-token': resource.drainToken },
      body: new Uint8Array(Buffer.concat(frames.map(counted))),
    })
  return { ...resource, call, deliver }
}

it('an alert that is made through the API tells its webhook of lines that come through the drain', async () => {
  const posted: { text: string; culvert: { kind: string; lines: number } }[] = []
  const receiver = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    posted.push(JSON.parse(body))
    response.end('ok')
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  try {
    const { call, deliver } = await resourceWithToken()
    const at = new Date(Date.now() - 20_000).toISOString()
    await deliver(frame('Error: boom', { at }), frame('Error: bang', { at }), frame('fine', { at }))
    const webhook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
    const { status, body } = await call('POST', '/alerts', {
      name: 'errors',
      q: 'level:error',
      condition: { kind: 'more_than', lines: 1, minutes: 5 },
      to: { webhook },
    })
    expect(status).toBe(201)
    await vi.waitFor(() => expect(posted).toHaveLength(1), WITHIN)
    expect(posted[0]).toMatchObject({ culvert: { kind: 'fired', lines: 2 } })
    expect(posted[0]?.text).toContain('Error: bang')
    await vi.waitFor(async () => {
      expect((await call('GET', `/alerts/${body.id}`)).body).toMatchObject({
        state: 'firing',
        last_error: null,
      })
    }, WITHIN)
    const metrics = await (await fetch(`${service.origin}/metrics`)).text()
    expect(metrics).toMatch(/^culvert_alerts_fired_total 1$/m)
    expect(metrics).toMatch(/^culvert_alerts_delivered_total 1$/m)
  } finally {
    receiver.closeAllConnections()
    receiver.close()
  }
})

it('what people made of a resource ends with it', async () => {
  const { id, call } = await resourceWithToken()
  const condition = { kind: 'silence', minutes: 5 }
  const alert = { name: 'a', q: '', condition, to: { webhook: 'https://hooks.example.com/x' } }
  expect((await call('POST', '/alerts', alert)).status).toBe(201)
  expect((await call('POST', '/searches', { name: 's', q: 'x' })).status).toBe(201)
  expect((await call('POST', '/exclusions', { name: 'e', q: 'x' })).status).toBe(201)
  const kept = async () => {
    const { rows } = await service.database.pool.query(
      `select (select count(*) from alert where resource_number = number)
            + (select count(*) from saved_search where resource_number = number)
            + (select count(*) from exclusion where resource_number = number) as kept
         from resource where id = $1`,
      [id],
    )
    return Number(rows[0].kept)
  }
  expect(await kept()).toBe(3)
  await deprovision(service, id)
  expect(await kept()).toBe(0)
})
