import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLog, terminalStream } from '../../src/operations/log.ts'
import { requestId } from '../../src/operations/request-id.ts'
import { counted, frame } from '../support/deliveries.ts'
import { herokuAuthorization, startTestService, type TestService } from '../support/service.ts'

/** A log of everything, and what came out of it. */
function captured(level = 'trace') {
  const lines: string[] = []
  return { log: createLog(level, { write: (line: string) => lines.push(line) }), lines }
}

const SECRETS = {
  password: `password-${randomUUID()}`,
  salt: `salt-${randomUUID()}`,
  metricsToken: `metrics-${randomUUID()}`,
  drainToken: `d.${randomUUID()}`,
  unknownDrainToken: `d.${randomUUID()}`,
  grant: `grant-${randomUUID()}`,
  inputToken: `t.${randomUUID()}`,
  email: `${randomUUID()}@example.com`,
  query: `query-${randomUUID()}`,
  message: `message-${randomUUID()}`,
  body: `body-${randomUUID()}`,
  cookie: `cookie-${randomUUID()}`,
  path: `path-${randomUUID()}`,
}

describe('the log of a whole life', () => {
  const { log, lines } = captured()
  const id = randomUUID()
  let service: TestService
  let sessionCookie: string
  let ssoToken: string

  beforeAll(async () => {
    service = await startTestService(
      {
        ADDON_PASSWORD: SECRETS.password,
        ADDON_SSO_SALT: SECRETS.salt,
        METRICS_TOKEN: SECRETS.metricsToken,
      },
      log,
    )
    await partner()
    await people()
    await drain()
    await everythingWrong()
  })
  afterAll(() => service.close())

  function call(method: string, path: string, headers: Record<string, string>, body?: string | Uint8Array) {
    const url = `${service.origin}${path}`
    return fetch(url, { method, headers, redirect: 'manual', ...(body && { body: body as string }) })
  }

  async function partner() {
    const authorization = herokuAuthorization(service.config)
    const headers = { authorization, 'content-type': 'application/json' }
    const provision = {
      uuid: id,
      name: 'culvert-test-1',
      plan: 'test',
      region: 'us',
      oauth_grant: { code: SECRETS.grant, type: 'authorization_code' },
      log_drain_token: SECRETS.drainToken,
      log_input_url: `https://token:${SECRETS.inputToken}@1.us.logplex.io/logs`,
    }
    const answer = await call('POST', '/heroku/resources', headers, JSON.stringify(provision))
    expect(answer.status).toBe(200)
    await call('PUT', `/heroku/resources/${id}`, headers, JSON.stringify({ plan: 'standard' }))
    await call('PUT', `/heroku/resources/${id}?q=${SECRETS.query}`, headers, `{"plan": ${SECRETS.body}`)
    await call('DELETE', `/heroku/resources/${randomUUID()}`, {
      authorization: `Basic ${SECRETS.body}`,
    })
  }

  async function people() {
    const timestamp = String(Math.floor(Date.now() / 1000))
    ssoToken = createHash('sha256')
      .update(`${id}:${SECRETS.salt}:${timestamp}:u:${SECRETS.email}`)
      .digest('hex')
    const form = { resource_id: id, timestamp, user_id: 'u', email: SECRETS.email }
    const post = (fields: Record<string, string>) =>
      call(
        'POST',
        `/sso/login?token=${SECRETS.query}`,
        { 'content-type': 'application/x-www-form-urlencoded' },
        new URLSearchParams(fields).toString(),
      )
    const answer = await post({ ...form, user_scoped_resource_token: ssoToken })
    expect(answer.status).toBe(303)
    sessionCookie = /culvert_session=([^;]+)/.exec(answer.headers.get('set-cookie') ?? '')?.[1] ?? ''
    await post({ ...form, user_scoped_resource_token: SECRETS.body })
    const cookie = `culvert_session=${sessionCookie}`
    expect((await call('GET', `/resources/${id}?q=${SECRETS.query}`, { cookie })).status).toBe(200)
    await call('GET', `/resources/${id}/lines?before=${SECRETS.query}`, { cookie })
    await call('GET', `/resources/${id}`, { cookie: `culvert_session=${SECRETS.cookie}` })
  }

  async function drain() {
    const deliver = (drainToken: string) =>
      call(
        'POST',
        `/drains/${id}?x=${SECRETS.query}`,
        {
          'content-type': 'application/logplex-1',
          'logplex-drain-token': drainToken,
          'logplex-frame-id': randomBytes(16).toString('hex'),
        },
        new Uint8Array(counted(frame(SECRETS.message))),
      )
    expect((await deliver(SECRETS.drainToken)).status).toBe(204)
    expect((await deliver(SECRETS.unknownDrainToken)).status).toBe(404)
    // Postgres quotes the row in the detail of such an error, and the line in its context.
    await service.database.pool.query(
      `alter table log_line add constraint no_message check (message not like 'message-%') not valid`,
    )
    expect((await deliver(SECRETS.drainToken)).status).toBe(503)
    await Promise.all(Array.from({ length: 20 }, () => deliver(SECRETS.drainToken)))
  }

  async function everythingWrong() {
    await call('GET', `/${SECRETS.path}?q=${SECRETS.query}`, {})
    await call('GET', `/resources/%zz${SECRETS.path}`, {})
    await call('GET', '/metrics', { authorization: `Bearer ${SECRETS.metricsToken}` })
    await call('GET', '/metrics', { authorization: `Bearer ${SECRETS.body}` })
    await service.database.pool.query('alter table resource rename to resource_gone')
    const authorization = herokuAuthorization(service.config)
    await call('DELETE', `/heroku/resources/${randomUUID()}`, { authorization })
    await service.database.pool.query('alter table resource_gone rename to resource')
  }

  it('holds no secret, no query string, no body and no line of a customer', () => {
    const all = lines.join('')
    for (const [name, secret] of Object.entries({ ...SECRETS, sessionCookie, ssoToken })) {
      expect([name, all.includes(secret)]).toEqual([name, false])
      expect([name, all.includes(Buffer.from(secret).toString('base64'))]).toEqual([name, false])
    }
    expect(all).not.toContain(herokuAuthorization(service.config).slice('Basic '.length))
  })

  it('tells of each failure what is needed to find it', () => {
    const failures = lines.map((line) => JSON.parse(line)).filter(({ level }) => level >= 50)
    const first = (msg: string) => failures.find((failure) => failure.msg === msg)
    // A job may meet the table that is gone, too, where the machine is slow.
    const told = new Set(failures.map(({ msg }) => msg).filter((msg) => msg !== 'scheduled job failed'))
    expect([...told].sort()).toEqual(['a call by Heroku failed', 'a commit failed', 'delivery not stored'])
    // An outage has thousands of these; the metrics count them all.
    expect(failures.filter(({ msg }) => msg === 'delivery not stored').length).toBeLessThan(10)
    expect(first('a commit failed').err).toMatchObject({ code: '23514', constraint: 'no_message' })
    expect(first('a commit failed').err.stack).toMatch(/^\s+at /)
    expect(first('a call by Heroku failed').err).toMatchObject({
      code: '42P01',
      message: expect.stringContaining('resource'),
    })
  })

  it('has one line for each request of Heroku and of people, by the pattern of its route, and none for a delivery', () => {
    const requests = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request')
    const told = requests.map(({ method, route, status }) => `${method} ${route} ${status}`)
    expect(told.slice(0, 5)).toEqual([
      'POST /heroku/resources 200',
      'PUT /heroku/resources/:id 200',
      'PUT /heroku/resources/:id 400',
      'DELETE /heroku/resources/:id 401',
      'POST /sso/login 303',
    ])
    expect(told.filter((line) => line.includes('drains'))).toEqual([])
    for (const { ms, requestId } of requests)
      expect([typeof ms, typeof requestId]).toEqual(['number', 'string'])
  })
})

const failureOf = (work: () => unknown): Error => {
  try {
    work()
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not fail')
}
const as = (fields: object, message: string) => Object.assign(new Error(message), fields)

describe('a line of the log', () => {
  it('leaves out headers, queries, bodies and credentials, whoever logs them', () => {
    const { log, lines } = captured()
    const secret = 'a secret'
    const request = { method: 'GET', url: `/x?${secret}`, headers: { cookie: secret } }
    log.info({ headers: secret, authorization: secret, cookie: secret, query: secret, body: secret }, 'a')
    log.info({ req: request, token: secret, password: secret }, 'b')
    log.child({ headers: secret }).info({ res: { statusCode: 200, headers: secret } }, 'c')
    expect(lines).toHaveLength(3)
    expect(lines.join('')).not.toContain(secret)
  })

  it('tells an error by type, code and place, and its causes, but not what it quotes', () => {
    const { log, lines } = captured()
    const quoting = Object.assign(new Error('duplicate key', { cause: new Error('the reason') }), {
      code: '23505',
      detail: 'Key (email)=(me@example.com) already exists.',
      where: 'COPY log_line, line 1: "me@example.com"',
    })
    const syntax = failureOf(() => JSON.parse('me@example.com'))
    log.error(quoting)
    log.error({ err: new Error('outer', { cause: syntax }) }, 'a')
    log.error({ err: 'me@example.com' }, 'b')
    expect(lines.join('')).not.toContain('me@example')
    expect(JSON.parse(lines[0] ?? '').err).toMatchObject({
      type: 'Error',
      message: 'duplicate key',
      code: '23505',
      cause: { message: 'the reason' },
    })
    expect(JSON.parse(lines[1] ?? '').err.cause).toEqual({ type: 'SyntaxError' })
  })

  it.each<[string, Error]>([
    ['of JSON.parse', failureOf(() => JSON.parse('me@example.com'))],
    [
      'of Postgres about data',
      as({ code: '22P02', severity: 'ERROR' }, 'invalid input syntax: "me@example.com"'),
    ],
    ['of ClickHouse', as({ code: '427', type: 'CANNOT_COMPILE_REGEXP' }, 'cannot compile: me@example.com(')],
    ['with lines like those of a stack', new SyntaxError('no\n    at me@example.com')],
  ])('keeps out what the message %s quotes, and what pino would print in its place', (_, error) => {
    const { log, lines } = captured()
    log.error(error)
    log.error({ err: error })
    log.error({ err: error }, error.message)
    log.error({ err: new Error('outer', { cause: error }) }, 'a')
    expect(lines).toHaveLength(4)
    expect(lines.join('')).not.toContain('me@example')
    for (const line of lines) expect(JSON.parse(line).msg).toEqual(expect.stringMatching(/./))
  })

  it('cuts the query string off every address, in whatever sentence, error or field it stands', () => {
    const { log, lines } = captured()
    const address = '/resources/x/search?q=a"secret&from=?secret%20/secret'
    log.warn({ err: new Error(`sent already in "${address}" (GET)`) })
    log.warn(
      { err: new Error('outer', { cause: new Error(`no ${address}`) }) },
      `Route GET:${address} not found`,
    )
    log
      .child({ url: `https://host${address}` })
      .info({ deep: [{ of: address }] }, 'did you forget it? and/or what?')
    expect(lines.join('')).not.toContain('secret')
    expect(JSON.parse(lines[0] ?? '').msg).toBe('sent already in "/resources/x/search (GET)')
    expect(JSON.parse(lines[1] ?? '').msg).toBe('Route GET:/resources/x/search not found')
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({
      url: 'https://host/resources/x/search',
      deep: [{ of: '/resources/x/search' }],
      msg: 'did you forget it? and/or what?',
    })
  })

  it('stays short, however long an error is and however deep its causes go', () => {
    const { log, lines } = captured()
    const error = new Error('x'.repeat(100_000))
    error.cause = error
    log.error({ err: error }, 'a')
    expect(lines[0]?.length).toBeLessThan(10_000)
  })
})

it('names a request as Heroku did, unless the name is too long or looks like anything but a name', () => {
  const f = (given: string | undefined) => requestId({ headers: { 'x-request-id': given } as never })
  const heroku = randomUUID()
  expect(f(heroku)).toBe(heroku)
  for (const hostile of ['x'.repeat(8_192), 'a b', 'a"b', 'a\nb', '<b>', '', undefined])
    expect(f(hostile)).toMatch(/^[0-9a-f-]{36}$/)
})

it('writes for people at a terminal only', () => {
  const written = (isTTY: boolean) => {
    const stdout = Object.assign(new PassThrough(), { isTTY }) as unknown as NodeJS.WriteStream & PassThrough
    createLog('info', terminalStream(stdout)).info('hello')
    return String(stdout.read())
  }
  expect(written(true)).toMatch(/INFO.*hello/)
  expect(JSON.parse(written(false))).toMatchObject({ level: 30, msg: 'hello' })
})
