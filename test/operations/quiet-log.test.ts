// The whole log, at its lowest level, of a service whose every route is called: rightly, wrongly, by clients that leave
// half-way, and while the database fails. Routes come from the router and operations from the OpenAPI document, so
// that a new one cannot be forgotten.
import { randomUUID } from 'node:crypto'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createLog } from '../../src/operations/log.ts'
import { counted, frame } from '../support/deliveries.ts'
import { makeTokenAt, signInAt } from '../support/reading.ts'
import { type Route, routesOf } from '../support/routes.ts'
import {
  deliver,
  herokuAuthorization,
  provision,
  startTestService,
  type TestResource,
  type TestService,
} from '../support/service.ts'

const SOON = { timeout: 20_000, interval: 20 }
/** More than fits between a service and a client that does not read. */
const LINES = { deliveries: 3, each: 700, bytes: 1_200 }
/** A client that was given nothing by then hangs up. */
const PATIENCE_MS = 200

const SECRETS = {
  search: `search-${randomUUID()}`,
  cursor: `cursor-${randomUUID()}`,
  unknownToken: `token-${randomUUID()}`,
  cookie: `cookie-${randomUUID()}`,
  line: `line-${randomUUID()}`,
  body: `body-${randomUUID()}`,
  hook: `hook-${randomUUID()}`,
  query: `query-${randomUUID()}`,
  path: `path-${randomUUID()}`,
}
/** Characters that a shortened address might be cut at: quotes, spaces, a question mark, a slash. */
const SEARCH = `"said \\"/x?y ${SECRETS.search}" or ${SECRETS.line}`
const ADDRESS = `?q=${encodeURIComponent(SEARCH)}"${SECRETS.query}&token=${SECRETS.query}&from=${new Date().toISOString().slice(0, 10)}`
const MATCHING = `?q=${SECRETS.line}&x=${SECRETS.query}`

/** What operations are asked with that the address above does not suit. */
const BODIES: Record<string, object> = {
  createSearch: { name: SECRETS.body, q: SEARCH },
  updateSearch: { name: SECRETS.body, q: SEARCH },
  createExclusion: { name: SECRETS.body, q: `${SECRETS.search}-dropped`, on: false },
  updateExclusion: { name: SECRETS.body, q: `${SECRETS.search}-dropped`, on: false },
  createAlert: alertTo(`https://hooks.example.com/${SECRETS.hook}`),
  updateAlert: alertTo(`https://hooks.example.com/${SECRETS.hook}`),
  muteAlert: { minutes: 1 },
  testAlert: {},
  createToken: { name: SECRETS.body },
  previewLogEndpoint: { format: `${SECRETS.body} %v`, condition: `resp.status == 1` },
}
const ACCEPTED = ['text/event-stream', 'application/x-ndjson', 'application/logplex-1']

function alertTo(webhook: string): object {
  return {
    name: SECRETS.body,
    q: SEARCH,
    condition: { kind: 'silence', minutes: 60 },
    to: { webhook },
  }
}

interface Operation extends Route {
  name: string
  hasStream: boolean
}

const logged: string[] = []
const entries = () => logged.map((line) => JSON.parse(line) as Record<string, unknown>)
/** Those that tell of a fault. */
const faults = (from = 0) =>
  entries()
    .slice(from)
    .filter(({ level }) => (level as number) >= 40)
/** Known to be said here: the one alert that is tried goes to a host that no resolver of a test knows. */
const isExpected = ({ msg }: Record<string, unknown>) => msg === 'a message of an alert was not delivered'

let service: TestService
let resource: TestResource
let cookie: string
let token: string
let operations: Operation[]
let cursor: string

beforeAll(async () => {
  const log = createLog('trace', { write: (line: string) => logged.push(line) })
  service = await startTestService(
    { FAILED_LOGINS_PER_MINUTE: '1000000', SIGN_INS_PER_MINUTE: '1000000' },
    log,
  )
  resource = await provision(service)
  cookie = await signInAt(service.origin, service.config, resource.id)
  token = await makeTokenAt(service.origin, service.config, resource.id)
  operations = await describedOperations()
  const at = new Date().toISOString().replace('Z', '000+00:00')
  const body = Buffer.concat(
    Array.from({ length: LINES.each }, (_, n) =>
      counted(frame(`${SECRETS.line} ${n} ${'x'.repeat(LINES.bytes)}`, { at })),
    ),
  )
  for (let n = 0; n < LINES.deliveries; n++) expect((await deliver(resource, body)).status).toBe(204)
  const page = await call({ method: 'GET', pattern: '/resources/:id/lines' }, { query: '?limit=1' })
  cursor = ((await page.json()) as { lines: { cursor: string }[] }).lines[0]?.cursor ?? ''
}, 120_000)
afterAll(() => service.database.close())

async function describedOperations(): Promise<Operation[]> {
  const document = (await (await fetch(`${service.origin}/openapi.json`)).json()) as {
    paths: Record<
      string,
      Record<
        string,
        { operationId: string; responses: Record<string, { content?: Record<string, unknown> }> }
      >
    >
  }
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, responses }]) => ({
      name: operationId,
      method: method.toUpperCase(),
      pattern: path.replace(/\{(\w+)\}/g, ':$1'),
      hasStream: Object.keys(responses['200']?.content ?? {}).some((type) => type !== 'application/json'),
    })),
  )
}

interface Asked {
  query?: string
  headers?: Record<string, string>
  body?: object | string
  ids?: Record<string, string>
}

function urlOf({ pattern }: Route, { query = ADDRESS, ids = {} }: Asked): string {
  const path = pattern
    .replace(':id', resource.id)
    .replace(/:(\w+)/g, (_, name: string) => ids[name] ?? randomUUID())
    .replace('*', `/a/b/c/${SECRETS.path}`)
  return `${service.origin}${path}${query}`
}

function call(route: Route, asked: Asked = {}): Promise<Response> {
  const { headers = { cookie }, body } = asked
  const isRead = route.method === 'GET' || route.method === 'HEAD'
  return fetch(urlOf(route, asked), {
    method: route.method,
    redirect: 'manual',
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', ...headers },
    ...(isRead ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body ?? {}) }),
  })
}

/** Reads that much of the answer and hangs up; 0 bytes: while it is being asked. */
function leave(route: Route, asked: Asked, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    const request = get(urlOf(route, asked), { headers: { cookie, ...asked.headers } }, (answer) => {
      let read = 0
      answer.on('data', (chunk: Buffer) => {
        read += chunk.length
        if (read >= bytes) answer.destroy()
      })
      answer.on('error', () => {})
      answer.on('close', resolve)
    })
    request.on('error', () => resolve())
    request.on('close', resolve)
    setTimeout(() => request.destroy(), bytes === 0 ? 5 : PATIENCE_MS)
  })
}

/** What the service has open for a stream: nothing may be told after a test that belongs to it. */
async function noneOpen(): Promise<void> {
  await vi.waitFor(async () => {
    const metrics = await (await fetch(`${service.origin}/metrics`)).text()
    expect(/^culvert_viewer_tail_readers (\d+)/m.exec(metrics)?.[1]).toBe('0')
  }, SOON)
}

function expectNothingSecret() {
  const all = logged.join('')
  const known = { ...SECRETS, token, cookie: cookie.split('=')[1], drainToken: resource.drainToken, cursor }
  for (const [name, secret] of Object.entries(known))
    expect([name, all.includes(secret as string)]).toEqual([name, false])
  expect(all).not.toContain(herokuAuthorization(service.config).slice('Basic '.length))
  // An address with a query, whatever is in it.
  expect(/\/[^\s"]*\?[^\s"]/.exec(all)?.[0]).toBeUndefined()
}

it('says nothing of searches and nothing amiss where every operation is asked rightly', async () => {
  const ids: Record<string, string> = {}
  const inOrder = (one: Operation) =>
    ['POST', 'GET', 'PUT', 'DELETE'].indexOf(one.method) + (one.name === 'testAlert' ? 2.5 : 0)
  for (const one of operations.toSorted((a, b) => inOrder(a) - inOrder(b))) {
    if (one.name === 'tailLines') continue
    const query = one.name === 'readContext' ? `?cursor=${cursor}&x=${SECRETS.query}` : ADDRESS
    const answer = await call(one, { query, ids, body: BODIES[one.name] ?? {} })
    expect([one.name, answer.status, answer.ok]).toEqual([one.name, answer.status, true])
    if (one.method !== 'POST' || answer.status !== 201) {
      await answer.arrayBuffer()
      continue
    }
    const { id } = (await answer.json()) as { id: string }
    const parameter = operations.find(({ pattern }) => pattern.startsWith(`${one.pattern}/:`))
    ids[/:(\w+)$/.exec(parameter?.pattern ?? '')?.[1] ?? ''] = id
  }
  expect(faults().filter((fault) => !isExpected(fault))).toEqual([])
  expectNothingSecret()
}, 120_000)

it('says nothing of it where an answer of many pieces is read to its end, or left half-way', async () => {
  const uncaught: unknown[] = []
  const catchIt = (error: unknown) => uncaught.push(error)
  process.on('uncaughtException', catchIt)
  const streams = operations.filter(({ hasStream }) => hasStream)
  expect(streams.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['tailLines', 'exportLines', 'searchLines']),
  )
  const from = logged.length
  for (const one of streams) {
    for (const accept of ACCEPTED) {
      const headers = { accept, cookie }
      for (const query of [ADDRESS, `${MATCHING}&gzip=true&format=frames`])
        await Promise.all([0, 1, 100_000].map((bytes) => leave(one, { query, headers }, bytes)))
      if (one.name === 'tailLines') continue
      const whole = await call(one, { query: MATCHING, headers })
      expect((await whole.arrayBuffer()).byteLength).toBeGreaterThan(0)
    }
  }
  await noneOpen()
  process.off('uncaughtException', catchIt)
  expect(uncaught).toEqual([])
  expect(faults(from).filter((fault) => !isExpected(fault))).toEqual([])
  expectNothingSecret()
}, 240_000)

it.each(['search', 'export', 'export?gzip=true'])(
  'says nothing of it where the client of …/%s leaves while the database is being asked for the next page',
  async (path) => {
    const from = logged.length
    const uncaught: unknown[] = []
    const catchIt = (error: unknown) => uncaught.push(error)
    process.on('uncaughtException', catchIt)
    const { pool } = service.database
    const [first, second] = [await pool.connect(), await pool.connect()]
    const waiting = async () => {
      const { rows } = await pool.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return rows.length
    }
    try {
      // The first page waits for the first lock, the second lock for the first page, the second page for the second lock.
      await first.query('begin; lock table log_line in access exclusive mode')
      const client = get(`${service.origin}/resources/${resource.id}/${path}`, { headers: { cookie } })
      client.on('error', () => {})
      const answered = new Promise<IncomingMessage>((resolve) => client.on('response', resolve))
      await vi.waitFor(async () => expect(await waiting()).toBe(1), SOON)
      const locked = second.query('begin; lock table log_line in access exclusive mode')
      await vi.waitFor(async () => expect(await waiting()).toBe(2), SOON)
      await first.query('rollback')
      expect((await answered).statusCode).toBe(200)
      await locked
      ;(await answered).resume()
      await vi.waitFor(async () => expect(await waiting()).toBe(1), SOON)
      client.destroy()
      await vi.waitFor(async () => expect(await waiting()).toBe(0), SOON)
    } finally {
      await Promise.all([first, second].map((one) => one.query('rollback')))
      for (const one of [first, second]) one.release()
      process.off('uncaughtException', catchIt)
    }
    expect(uncaught).toEqual([])
    expect(faults(from).filter((fault) => !isExpected(fault))).toEqual([])
  },
  60_000,
)

it('says nothing of it where a caller may not, or asks wrongly', async () => {
  const from = logged.length
  const wrong: Asked[] = [
    { headers: {} },
    { headers: { cookie: `culvert_session=${SECRETS.cookie}` } },
    { headers: { authorization: `Bearer ${SECRETS.unknownToken}` } },
    { headers: { 'fastly-key': SECRETS.unknownToken } },
    { headers: { authorization: `Basic ${Buffer.from(`x:${SECRETS.unknownToken}`).toString('base64')}` } },
    {
      query: `?q=${SECRETS.search.repeat(20)}&before=${SECRETS.cursor}&after=${SECRETS.cursor}&last=${SECRETS.query}`,
    },
    {
      query: `?cursor=${SECRETS.cursor}&since=${SECRETS.cursor}&limit=x&before=${SECRETS.cursor}&format=${SECRETS.query}`,
    },
    { body: `{"q": ${SECRETS.body}` },
    { body: { q: SECRETS.search.repeat(20), name: SECRETS.body, to: { webhook: SECRETS.hook } } },
  ]
  for (const route of routesOf(service.service.app)) {
    // These a client of Node cannot send.
    if (route.method === 'TRACE' || route.method === 'QUERY') continue
    const isRead = route.method === 'GET' || route.method === 'HEAD'
    const ask = async (asked: Asked) => {
      if (route.pattern.endsWith('/tail')) await leave(route, asked, 1)
      else {
        const answer = await call(route, asked)
        await answer.arrayBuffer()
        expect(answer.status).toBeLessThan(500)
      }
    }
    await Promise.all(wrong.filter(({ body }) => !isRead || body === undefined).map(ask))
  }
  await noneOpen()
  expect(faults(from).filter((fault) => !isExpected(fault))).toEqual([])
  expectNothingSecret()
}, 240_000)

it('says nothing of addresses that nothing answers, nor of bytes that are no request', async () => {
  const from = logged.length
  const { query, path } = SECRETS
  for (const target of [
    `/${path}?q=${query}`,
    `/resources/${resource.id}/${path}?q=${query}`,
    `/resources/${resource.id}/lines/?q=${query}`,
    `/resources/%zz?q=${query}`,
    `/resources/${path.repeat(100)}?q=${query}`,
    `/?q=${query}`,
    `//${path}?q=${query}`,
    `http://${path}.example/resources/x?q=${query}`,
    `/resources/${resource.id}/lines;q=${query}`,
  ]) {
    for (const method of ['GET', 'POST', 'BREW', 'OPTIONS', 'HEAD'])
      await raw(`${method} ${target} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
  }
  await raw(`GET /${path}?q=${query} HTTP/9.9\r\n\r\n`)
  await raw(`${query}\r\n\r\n`)
  await raw(`GET /?q=${query} HTTP/1.1\r\nhost: x\r\n${query}: ${'y'.repeat(20_000)}\r\n\r\n`)
  await raw(`POST /sso/login?q=${query} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n${query}\r\n\r\n`)
  expect(faults(from)).toEqual([])
  expectNothingSecret()
})

it('tells of a failing database by route and code, and of nothing that was asked', async () => {
  const from = logged.length
  await service.database.pool.query('alter table log_line rename to log_line_gone')
  try {
    for (const one of operations.filter(({ method, name }) => method === 'GET' && name !== 'tailLines')) {
      await (await call(one, one.name === 'readContext' ? { query: `?cursor=${cursor}` } : {})).arrayBuffer()
    }
  } finally {
    await service.database.pool.query('alter table log_line_gone rename to log_line')
  }
  const told = faults(from).filter((fault) => !isExpected(fault))
  expect(told.length).toBeGreaterThan(5)
  for (const { msg, err } of told) {
    expect(msg).toMatch(/failed/)
    expect(err).toMatchObject({ code: '42P01' })
  }
  expectNothingSecret()
}, 60_000)

it('says nothing amiss where the service ends with answers under way', async () => {
  const from = logged.length
  const streams = operations.filter(({ hasStream }) => hasStream)
  const answers = await Promise.all(
    streams.flatMap((one) =>
      ACCEPTED.map((accept) => call(one, { query: MATCHING, headers: { accept, cookie } })),
    ),
  )
  // A client that reads all there is: what was cut off has no proper end.
  const read = Promise.allSettled(answers.map((answer) => answer.arrayBuffer()))
  await service.service.close()
  await read
  expect(faults(from).filter((fault) => !isExpected(fault))).toEqual([])
  expectNothingSecret()
})

it('has a line of the log for every operation and every route there is', () => {
  const requests = entries().filter(({ msg }) => msg === 'request')
  const answered = new Set(
    requests.map(
      ({ method, route, status }) => `${method} ${route} ${Math.floor((status as number) / 100)}xx`,
    ),
  )
  expect(
    operations.map(({ method, pattern }) => `${method} ${pattern} 2xx`).filter((one) => !answered.has(one)),
  ).toEqual([])
  const seen = new Set(entries().map(({ method, route }) => `${method} ${route}`))
  const silent = routesOf(service.service.app)
    .filter(({ method }) => method !== 'TRACE' && method !== 'QUERY')
    .map(({ method, pattern }) => `${method} ${pattern.replace('*', '/*')}`)
    .filter((route) => !seen.has(route))
  // A delivery has no line.
  expect(silent).toEqual(['POST /drains/:resource_id'])
})

function raw(bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(service.origin).port), '127.0.0.1')
    socket.on('error', () => {})
    socket.on('data', () => {})
    socket.on('close', () => resolve())
    socket.write(bytes)
    socket.setTimeout(5_000, () => socket.destroy())
  })
}
