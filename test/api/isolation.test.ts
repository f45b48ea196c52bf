// Nobody reads another resource's lines, whatever the operation: every one that the OpenAPI document has is tried, so
// that a new one cannot be forgotten.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { deprovision, provisioned, type Service, signedIn, startService } from '../partner/service.ts'
import { delivery, frame } from '../support/deliveries.ts'
import { openEvents } from '../support/reading.ts'
import { routesOf } from '../support/routes.ts'

const NOW = new Date()
const JSON_BODY = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }

interface Tenant {
  id: string
  number: number
  cookie: string
  token: string
}

let service: Service
let mine: Tenant
let other: Tenant
let gone: Tenant

async function tenant(secret: string): Promise<Tenant> {
  const { id, number } = await provisioned(service)
  const cookie = await signedIn(service, id)
  await service.logs.append([
    delivery([frame(secret, { at: NOW.toISOString() })], {
      resourceNumber: number,
      drainId: number,
      receivedAtMicros: NOW.getTime() * 1000,
    }),
  ])
  const answer = await service.app.inject({
    method: 'POST',
    url: `/resources/${id}/tokens`,
    headers: { cookie, ...JSON_BODY },
    payload: JSON.stringify({ name: 'of a test' }),
  })
  return { id, number, cookie, token: answer.json().token }
}

beforeAll(async () => {
  service = await startService()
  await service.logs.makeTables([7], NOW)
  mine = await tenant('my own line')
  other = await tenant('a secret of others')
  gone = await tenant('a line of a removed add-on')
  await deprovision(service, gone.id)
})
afterAll(() => service.close())

/** Every route of a resource, pages too, addressed to `to`. */
function requests(to: Tenant) {
  const routes = routesOf(service.app).filter(({ pattern }) => pattern.startsWith('/resources/:id'))
  expect(routes.length).toBeGreaterThan(5)
  return routes.map(({ method, pattern }) => ({
    method: method as 'GET',
    url: pattern.replace(':id', to.id).replace(/:\w+/g, '00000000-0000-4000-8000-000000000000'),
    headers: { ...JSON_BODY, accept: 'application/json' } as Record<string, string>,
    ...(method === 'POST' || method === 'PUT' ? { payload: '{}' } : {}),
  }))
}

async function expectRefused(to: Tenant, headers: Record<string, string>, query = '') {
  for (const request of requests(to)) {
    const answer = await service.app.inject({
      ...request,
      url: `${request.url}${query}`,
      headers: { ...request.headers, ...headers },
    })
    expect([request.method, request.url, answer.statusCode]).toEqual([request.method, request.url, 401])
    expect(answer.body).not.toMatch(/secret of others|removed add-on/)
  }
}

describe('every route of a resource refuses', () => {
  it('whoever brings nothing', () => expectRefused(other, {}))
  it("another resource's session", () => expectRefused(other, { cookie: mine.cookie }))
  it("another resource's token", () => expectRefused(other, { authorization: `Bearer ${mine.token}` }))
  it("another resource's token beside the right session", () =>
    expectRefused(other, { cookie: other.cookie, authorization: `Bearer ${mine.token}` }))
  it('both of them, of another resource', () =>
    expectRefused(other, { cookie: mine.cookie, authorization: `Bearer ${mine.token}` }))
  it('a token in the address', () =>
    expectRefused(other, {}, `?token=${other.token}&access_token=${other.token}`))
  it('a token as a cookie, a session as a token, a token as Basic', async () => {
    await expectRefused(other, { cookie: `culvert_session=${other.token}` })
    await expectRefused(other, { authorization: `Bearer ${other.cookie.split('=')[1]}` })
    await expectRefused(other, {
      authorization: `Basic ${Buffer.from(`x:${other.token}`).toString('base64')}`,
    })
  })
  it('what was valid until the add-on was removed', async () => {
    await expectRefused(gone, { cookie: gone.cookie })
    await expectRefused(gone, { authorization: `Bearer ${gone.token}` })
  })
  it('ids that are none', async () => {
    for (const id of [
      'x',
      '00000000-0000-4000-8000-000000000000',
      `${other.id}%00`,
      `${mine.id},${other.id}`,
    ])
      await expectRefused({ ...other, id }, { cookie: mine.cookie, authorization: `Bearer ${mine.token}` })
  })
  it('an id in capitals or with a suffix, which would be another cookie path', async () => {
    for (const id of [other.id.toUpperCase(), `${other.id};x`])
      await expectRefused({ ...other, id }, { authorization: `Bearer ${other.token}` })
  })
})

describe('every route that reads shows its own resource alone', () => {
  const QUERY = 'q=&cursor=1-1&from=2026-01-01&format=text&last=1000&limit=500'

  it.each(['session', 'token'] as const)('to a %s', async (kind) => {
    const credentials: Record<string, string> =
      kind === 'session' ? { cookie: mine.cookie } : { authorization: `Bearer ${mine.token}` }
    const shown: string[] = []
    for (const { method, url, headers } of requests(mine)) {
      // A tail has no end; see below.
      if (method !== 'GET' || url.endsWith('/tail')) continue
      for (const accept of ['application/json', 'text/event-stream', 'text/html']) {
        const answer = await service.app.inject({
          url: `${url}?${QUERY}`,
          headers: { ...headers, accept, ...credentials },
        })
        expect(answer.statusCode, url).toBeLessThan(500)
        expect(answer.body, url).not.toMatch(/secret of others|removed add-on/)
        if (answer.body.includes('my own line')) shown.push(url.split('/').at(-1) as string)
      }
    }
    // It is no test of empty answers.
    expect(new Set(shown)).toEqual(new Set([...shown, 'lines', 'search', 'context', 'export']))
  })

  it('live', async () => {
    const origin = await service.app.listen({ host: '127.0.0.1', port: 0 })
    const tail = await openEvents(`${origin}/resources/${mine.id}/tail`, {
      authorization: `Bearer ${mine.token}`,
    })
    const store = (to: Tenant, message: string) =>
      service.logs.append([
        delivery([frame(message, { at: new Date().toISOString() })], {
          resourceNumber: to.number,
          drainId: to.number,
          receivedAtMicros: Date.now() * 1000,
        }),
      ])
    await store(other, 'another secret of others')
    await store(mine, 'another of my own')
    await vi.waitFor(() => expect(tail.messages()).toEqual(['my own line', 'another of my own']), {
      timeout: 10_000,
    })
    // A position is no key to what somebody else reads.
    const again = await openEvents(`${origin}/resources/${mine.id}/tail`, {
      authorization: `Bearer ${mine.token}`,
      'last-event-id': `${Date.now()}.1:1:`,
    })
    await store(mine, 'and one more')
    await vi.waitFor(() => expect(again.messages()).toContain('and one more'), { timeout: 10_000 })
    expect(JSON.stringify([tail.events, again.events])).not.toContain('secret of others')
    tail.leave()
    again.leave()
  })
})
