// Every HTTP route with anything in it: never a 5xx, never a crash, and an answer within a bound.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import fc from 'fast-check'
import type { InjectOptions } from 'fastify'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { counted, frame } from '../support/deliveries.ts'
import { routesOf } from '../support/routes.ts'
import { herokuAuthorization, provision, startTestService, type TestService } from '../support/service.ts'

const ANSWER_WITHIN_MS = 6_000
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

let service: TestService
let resource: { id: string; drainToken: string }
let cookie: string

beforeAll(async () => {
  service = await startTestService({
    // What is behind the limits is to be reached.
    SIGN_INS_PER_MINUTE: '1000000',
    FAILED_LOGINS_PER_MINUTE: '1000000',
  })
  resource = await provision(service)
  const signedIn = await service.service.app.inject({ method: 'POST', url: '/sso/login', ...signedForm({}) })
  cookie = String(signedIn.headers['set-cookie']).split(';')[0] as string
})
afterAll(() => service.close())

const routePatterns = () => [...new Set(routesOf(service.service.app).map(({ pattern }) => pattern))]

const text = fc.oneof(
  fc.constantFrom('', '\0', '__proto__', 'null', '-1', '1e999', '%00', '../..', '\ud800', 'ﷺ'.repeat(50)),
  fc.string({ maxLength: 60 }),
  fc.uuid(),
  fc.string({ unit: 'binary', maxLength: 30 }),
)
const headerText = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 60 }),
  fc.constant('x'.repeat(8_000)),
  fc.nat().map(String),
)

function requests(): fc.Arbitrary<InjectOptions> {
  const id = fc.oneof(
    { weight: 3, arbitrary: fc.constant(resource.id) },
    fc.constantFrom(encodeURIComponent('a/b'), '%zz', '%2e%2e', 'x'.repeat(300), '%00', `${resource.id}%0a`),
    fc.uuid(),
    text.map((value) => encodeURIComponent(Buffer.from(value).toString())),
  )
  const query = fc.oneof(
    fc.constant(''),
    fc
      .tuple(fc.constantFrom('before', 'after', 'q', 'limit', 'format', 'page', 'x'), text)
      .map(([name, value]) => `?${name}=${encodeURIComponent(Buffer.from(value).toString())}`),
    fc.constantFrom('?', '?%', '?a[b]=c', '?q=%ff', '?limit=1&limit=2', '?__proto__=1'),
  )
  const url = fc
    .tuple(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...routePatterns()) }, text), id, query)
    .map(
      ([pattern, value, rest]) =>
        `/${pattern
          .replace(/^\//, '')
          .replace(/:\w+/g, () => value)
          .replaceAll(/[^\x21-\x7e]/g, '')}${rest}`,
    )
  const authorization = fc.oneof(
    { weight: 6, arbitrary: fc.constant(herokuAuthorization(service.config)) },
    fc.constantFrom('Basic', 'Basic !!!', 'Basic Og==', 'Bearer x', `Basic ${'A'.repeat(4_000)}`),
    headerText,
  )
  const headers = fc
    .record(
      {
        authorization,
        accept: fc.oneof(fc.constantFrom('text/html', 'application/json', '*/*;q=x'), headerText),
        'content-type': fc.oneof(
          fc.constantFrom(
            'application/json',
            'application/x-www-form-urlencoded',
            'application/logplex-1',
            'application/logplex-1; charset=x',
            'multipart/form-data',
            ';',
          ),
          headerText,
        ),
        'content-encoding': fc.oneof(fc.constantFrom('gzip', 'br', 'identity', 'gzip, gzip'), headerText),
        cookie: fc.oneof(headerText, fc.constantFrom('culvert_session=', 'culvert_session=%', '=;=;')),
        'logplex-drain-token': fc.oneof(
          { weight: 4, arbitrary: fc.constant(resource.drainToken) },
          headerText,
        ),
        'logplex-frame-id': fc.oneof(
          fc.nat().map(() => randomBytes(16).toString('hex')),
          headerText,
        ),
        'logplex-msg-count': headerText,
        'user-agent': fc.oneof(fc.constant('log-shuttle/0.1'), headerText),
        'x-request-id': headerText,
        'x-forwarded-for': headerText,
        'x-forwarded-host': headerText,
        range: headerText,
        'if-none-match': headerText,
        expect: fc.constant('x'),
      },
      { requiredKeys: ['authorization', 'logplex-drain-token'] },
    )
    .map((given) => given as Record<string, string>)
  const field = fc.constantFrom(
    ...['uuid', 'name', 'plan', 'region', 'options', 'log_drain_token', 'log_input_url', 'oauth_grant'],
    ...[
      'resource_id',
      'timestamp',
      'resource_token',
      'user_id',
      'email',
      'app',
      'path',
      'nav-data',
      'token',
      'id',
    ],
  )
  const value = fc.oneof(
    text,
    fc.constantFrom('test', 'standard', String(Math.floor(Date.now() / 1000))),
    fc.jsonValue({ maxDepth: 2 }),
  )
  const object = fc.oneof(
    fc.dictionary(field, value, { maxKeys: 8 }),
    // Near to a right one, or nothing of it would get past the first check.
    fc.dictionary(field, value, { maxKeys: 2 }).map((changes) => ({
      uuid: randomUUID(),
      name: 'culvert-fuzz-1',
      plan: 'test',
      region: 'us',
      log_drain_token: `d.${randomUUID()}`,
      ...changes,
    })),
  )
  const payload = fc.oneof(
    fc.constant(undefined),
    object.map((given) => JSON.stringify(given)),
    fc
      .dictionary(field, text, { maxKeys: 8 })
      .map((given) => new URLSearchParams(Object.entries(given)).toString()),
    fc
      .array(
        fc.oneof(
          text.map((message) => counted(frame(message))),
          fc.uint8Array().map(Buffer.from),
        ),
      )
      .map((parts) => Buffer.concat(parts)),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  )
  return (
    fc
      .record({ method: fc.constantFrom(...METHODS), url, headers, payload })
      // The resource must live; and inject takes only what is an address, which is why sockets come after it.
      .filter(({ method, url }) => method !== 'DELETE' || !url.includes(resource.id))
      .filter(({ url }) => URL.canParse(url, 'http://localhost'))
      .map((request) => ({ ...request, payload: request.payload ?? '' }))
  )
}

/** Requests that are right but for a part: what is wrong gets as far as it can. */
function almostRight(): fc.Arbitrary<InjectOptions> {
  const authorization = herokuAuthorization(service.config)
  const value = fc.oneof(text, fc.jsonValue({ maxDepth: 2 }))
  const changes = (...names: string[]) =>
    fc.dictionary(fc.constantFrom(...names), value, { minKeys: 1, maxKeys: 2 })
  const provision = changes('uuid', 'name', 'plan', 'region', 'options', 'log_drain_token', 'oauth_grant')
  const signIn = fc.dictionary(fc.constantFrom('user_id', 'email', 'app', 'path', 'nav-data', 'x'), text)
  const query = fc.dictionary(fc.constantFrom('before', 'after', 'q', 'limit', 'format', 'x'), text)
  const frames = fc.array(
    fc.oneof(
      text.map((message) => counted(frame(message))),
      text.map(counted),
      fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
    ),
  )
  return fc.oneof(
    provision.map(
      (changed): InjectOptions => ({
        method: 'POST',
        url: '/heroku/resources',
        headers: { authorization },
        payload: JSON.stringify({
          uuid: randomUUID(),
          name: 'culvert-fuzz-1',
          plan: 'test',
          region: 'us',
          log_drain_token: `d.${randomUUID()}`,
          ...changed,
        }),
      }),
    ),
    value.map(
      (plan): InjectOptions => ({
        method: 'PUT',
        url: `/heroku/resources/${resource.id}`,
        headers: { authorization },
        payload: JSON.stringify({ plan }),
      }),
    ),
    signIn.map((fields): InjectOptions => ({ method: 'POST', url: '/sso/login', ...signedForm(fields) })),
    query.map(
      (given): InjectOptions => ({
        method: 'GET',
        url: `/resources/${resource.id}${'/lines'.repeat(Number('x' in given))}?${new URLSearchParams(given)}`,
        headers: { cookie },
      }),
    ),
    fc.tuple(frames, headerText, headerText).map(
      ([parts, count, frameId]): InjectOptions => ({
        method: 'POST',
        url: `/drains/${resource.id}`,
        headers: {
          'content-type': 'application/logplex-1',
          'logplex-drain-token': resource.drainToken,
          'logplex-msg-count': count,
          'logplex-frame-id': frameId,
        },
        payload: Buffer.concat(parts),
      }),
    ),
  )
}

/** A sign-in form whose token is right, whatever the fields are. */
function signedForm(fields: Record<string, string>): Pick<InjectOptions, 'headers' | 'payload'> {
  const timestamp = String(Math.floor(Date.now() / 1000))
  // As the bytes will be read: a lone surrogate is sent as U+FFFD.
  const form = new URLSearchParams({
    resource_id: resource.id,
    timestamp,
    user_id: 'u',
    email: 'e',
    ...fields,
  })
  const covered = [
    resource.id,
    service.config.addon.ssoSalts[0],
    timestamp,
    form.get('user_id'),
    form.get('email'),
  ]
  form.set('user_scoped_resource_token', createHash('sha256').update(covered.join(':')).digest('hex'))
  return { headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: form.toString() }
}

it('answers any request to any route within a bound, and never with 5xx', async () => {
  expect(routePatterns()).toContain('/resources/:id/lines')
  await fc.assert(
    fc.asyncProperty(fc.oneof(requests(), almostRight()), async (request) => {
      const started = performance.now()
      const { statusCode, body } = await service.service.app.inject(request)
      expect(statusCode, `${body.slice(0, 200)}`).toBeLessThan(500)
      expect(performance.now() - started).toBeLessThan(ANSWER_WITHIN_MS)
    }),
    { numRuns: 500 },
  )
})

it('answers bytes that are no HTTP, and heads without end, with 4xx or a closed connection', async () => {
  const start = fc.constantFrom(
    'GET / HTTP/1.1\r\n',
    'POST /drains/x HTTP/1.1\r\nhost: x\r\n',
    'GET /\0 HTTP/1.1\r\n',
    'G\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '',
  )
  const rest = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom(
        'content-length: -1',
        'content-length: 1\r\ncontent-length: 2',
        'transfer-encoding: chunked\r\ncontent-length: 5',
        'transfer-encoding: chunked, chunked',
        `x: ${'y'.repeat(20_000)}`,
        'x: y\r\n'.repeat(2_000),
        'host: x\r\nx : y',
        'host: x\r\nexpect: 100-continue\r\ncontent-length: 5',
      )
      .map((head) => Buffer.from(`${head}\r\n\r\nzz\r\n\r\n`)),
  )
  await fc.assert(
    fc.asyncProperty(start, rest, async (head, bytes) => {
      const answer = await send(Buffer.concat([Buffer.from(head), bytes]))
      expect(answer).toMatch(/^$|^HTTP\/1\.1 (?:[1-4]\d\d) /)
    }),
    { numRuns: 150 },
  )
  expect((await fetch(`${service.origin}/healthz`)).status).toBe(200)
})

it('refuses headers above 16 KB with 431', async () => {
  const answer = await send(
    Buffer.from(`GET /healthz HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(17_000)}\r\n\r\n`),
  )
  expect(answer).toMatch(/^HTTP\/1\.1 431 /)
})

/** Writes and ends; resolves with all that came back. */
function send(bytes: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(service.origin).port), '127.0.0.1')
    let answer = ''
    socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy(new Error(`no answer to ${bytes}`)))
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(answer)
      else reject(error)
    })
    socket.on('close', () => resolve(answer))
    socket.end(bytes)
  })
}
