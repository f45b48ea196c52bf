// What people keep of a resource through the API: saved searches, alerts and exclusion rules.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { provisioned, type Service, signedIn, startService } from '../partner/service.ts'

const OURS = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
const WEBHOOK = 'https://hooks.slack.com/services/T0/B0/very-secret'
const NOBODY = '00000000-0000-4000-8000-000000000000'

let service: Service
let id: string
let number: number
let cookie: string

beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.close())
beforeEach(async () => {
  ;({ id, number } = await provisioned(service))
  cookie = await signedIn(service, id)
})

async function call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object) {
  const answer = await service.app.inject({
    method,
    url: `/resources/${id}${path}`,
    headers: { cookie, 'sec-fetch-site': 'same-origin', ...(body === undefined ? {} : OURS) },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  })
  return { status: answer.statusCode, body: answer.body === '' ? null : answer.json(), text: answer.body }
}

const KINDS = [
  ['/searches', { name: 'one', q: 'level:error' }],
  [
    '/alerts',
    { name: 'one', q: 'level:error', condition: { kind: 'silence', minutes: 5 }, to: { webhook: WEBHOOK } },
  ],
  ['/exclusions', { name: 'one', q: 'path:/healthz' }],
] as const

describe.each(KINDS)('%s', (path, body) => {
  const things = path.slice(1)

  it('are created, listed by name, replaced and deleted', async () => {
    expect((await call('GET', path)).body).toEqual({ [things]: [] })
    const created = await call('POST', path, body)
    expect(created).toMatchObject({ status: 201, body: { name: 'one', q: body.q } })
    const own = `${path}/${created.body.id}`
    expect(await call('PUT', own, { ...body, name: '  two ' })).toMatchObject({
      status: 200,
      body: { name: 'two' },
    })
    expect((await call('GET', path)).body[things]).toMatchObject([{ id: created.body.id, name: 'two' }])
    expect(await call('DELETE', own)).toMatchObject({ status: 204, text: '' })
    expect((await call('GET', path)).body).toEqual({ [things]: [] })
    for (const method of ['PUT', 'DELETE'] as const) {
      expect(await call(method, own, method === 'PUT' ? body : undefined)).toMatchObject({ status: 404 })
    }
  })

  it('have names of their own', async () => {
    const { body: first } = await call('POST', path, body)
    expect(await call('POST', path, body)).toMatchObject({ status: 409, body: { id: 'name_taken' } })
    const { body: second } = await call('POST', path, { ...body, name: 'two' })
    expect(await call('PUT', `${path}/${second.id}`, body)).toMatchObject({ status: 409 })
    expect(await call('PUT', `${path}/${first.id}`, body)).toMatchObject({ status: 200 })
  })

  it('take no nonsense', async () => {
    for (const wrong of [
      {},
      { ...body, name: '' },
      { ...body, name: 'two\nlines' },
      { ...body, name: 'nul\0' },
      { ...body, name: 'x'.repeat(101) },
      { ...body, q: 'nul\0' },
      { ...body, q: 'x'.repeat(501) },
      { ...body, q: Array.from({ length: 60 }, (_, at) => at).join(' ') },
    ]) {
      const answer = await call('POST', path, wrong)
      expect([wrong, answer.status, answer.body.id]).toEqual([wrong, 422, 'invalid_params'])
    }
    expect((await call('PUT', `${path}/no-uuid`, body)).status).toBe(422)
    expect((await call('GET', path)).body).toEqual({ [things]: [] })
  })

  it('are nobody else’s, whoever knows their id', async () => {
    const { body: created } = await call('POST', path, body)
    const [ours, theirs] = [{ id, cookie }, await provisioned(service)]
    id = theirs.id
    cookie = await signedIn(service, theirs.id)
    expect((await call('GET', path)).body).toEqual({ [things]: [] })
    expect((await call('PUT', `${path}/${created.id}`, { ...body, name: 'stolen' })).status).toBe(404)
    expect((await call('DELETE', `${path}/${created.id}`)).status).toBe(404)
    ;({ id, cookie } = ours)
    expect((await call('GET', path)).body[things]).toMatchObject([{ name: 'one' }])
  })

  it('need a page of ours, or a token', async () => {
    const url = `/resources/${id}${path}`
    const payload = JSON.stringify(body)
    const from = async (headers: Record<string, string>) =>
      (await service.app.inject({ method: 'POST', url, headers: { cookie, ...headers }, payload })).statusCode
    expect(await from({ 'content-type': 'application/json', 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(
      await from({ 'content-type': 'text/plain', 'sec-fetch-site': 'same-origin' }),
    ).toBeGreaterThanOrEqual(400)
    const { body: made } = await call('POST', '/tokens', { name: 'a program' })
    const byToken = await service.app.inject({
      method: 'POST',
      url,
      headers: { authorization: `Bearer ${made.token}`, 'content-type': 'application/json' },
      payload,
    })
    expect(byToken.statusCode).toBe(201)
  })
})

describe('an alert', () => {
  const CONDITION = { kind: 'more_than', lines: 10, minutes: 5 }
  const create = (fields: object = {}) =>
    call('POST', '/alerts', {
      name: 'errors',
      q: 'x',
      condition: CONDITION,
      to: { webhook: WEBHOOK },
      ...fields,
    })

  it('shows where it tells by host and hint, and never the address', async () => {
    const { body, text } = await create()
    expect(body).toEqual({
      id: expect.any(String),
      name: 'errors',
      q: 'x',
      condition: CONDITION,
      to: { webhook: { host: 'hooks.slack.com', hint: expect.stringMatching(/^[0-9a-f]{6}$/) } },
      muted_until: null,
      state: 'unknown',
      last_evaluated_at: null,
      last_fired_at: null,
      last_error: null,
    })
    const shown = [text, (await call('GET', '/alerts')).text, (await call('GET', `/alerts/${body.id}`)).text]
    expect(shown.join('')).not.toContain('secret')
    expect(service.logged.join('')).not.toContain('very-secret')
  })

  it('keeps its webhook unless another is given, and never goes nowhere', async () => {
    const { body: created } = await create()
    const put = (to: object) =>
      call('PUT', `/alerts/${created.id}`, { name: 'errors', q: 'x', condition: CONDITION, to })
    expect((await put({})).body.to).toEqual(created.to)
    const other = (await put({ webhook: 'https://example.com/hook' })).body.to
    expect(other.webhook.host).toBe('example.com')
    expect(await put({ webhook: null })).toMatchObject({ status: 422, body: { id: 'invalid_params' } })
    expect((await call('GET', `/alerts/${created.id}`)).body.to).toEqual(other)
    expect(await create({ name: 'nowhere', to: {} })).toMatchObject({ status: 422 })
  })

  it('takes each condition as it is written', async () => {
    for (const condition of [
      { kind: 'more_than', lines: 0, minutes: 60 },
      { kind: 'ratio', of_q: 'process:router', percent: 2.5, minutes: 5, at_least_lines: 100 },
      { kind: 'silence', minutes: 1_440 },
    ]) {
      const { body } = await create({ name: condition.kind, condition })
      expect(body.condition).toEqual(condition)
      expect((await call('GET', `/alerts/${body.id}`)).body.condition).toEqual(condition)
    }
    for (const condition of [
      { kind: 'more_than', lines: 1, minutes: 61 },
      { kind: 'more_than', lines: -1, minutes: 5 },
      { kind: 'ratio', percent: 5, minutes: 5 },
      { kind: 'ratio', of_q: 'x', percent: 101, minutes: 5 },
      { kind: 'silence', minutes: 0 },
      { kind: 'other', minutes: 5 },
    ]) {
      expect([condition, (await create({ name: 'wrong', condition })).status]).toEqual([condition, 422])
    }
  })

  it('calls nobody inside, and mails only where that is set up', async () => {
    const f = async (to: object, reason: string) =>
      expect(await create({ to })).toMatchObject({
        status: 422,
        body: { message: expect.stringContaining(reason) },
      })
    await f({ webhook: 'http://hooks.slack.com/x' }, 'not an https address')
    await f(
      { webhook: 'https://169.254.169.254/latest/meta-data' },
      '169.254.169.254 is not a host on the public',
    )
    await f({ webhook: 'https://localhost/x' }, 'localhost is not a host')
    await f({ webhook: 'nonsense' }, 'not an https address')
    await f({ email: 'team@example.com' }, 'sends no e-mail')
    await f({ email: 'no address' }, 'to.email')
  })

  it('is muted and heard again', async () => {
    const { body } = await create()
    const mute = (minutes: number) => call('POST', `/alerts/${body.id}/mute`, { minutes })
    const until = new Date(service.clock.now.getTime() + 3_600_000).toISOString()
    expect((await mute(60)).body.muted_until).toBe(until)
    expect((await mute(0)).body.muted_until).toBeNull()
    expect((await mute(-1)).status).toBe(422)
    expect((await call('POST', `/alerts/${NOBODY}/mute`, { minutes: 1 })).status).toBe(404)
  })

  it('is tested once a minute', async () => {
    const { body } = await create()
    expect(await call('POST', `/alerts/${body.id}/test`, {})).toMatchObject({ status: 202 })
    expect(await call('POST', `/alerts/${body.id}/test`, {})).toMatchObject({ status: 429 })
    const { rows } = await service.database.pool.query(
      'select content from alert_message where alert_id = $1',
      [body.id],
    )
    expect(rows).toMatchObject([{ content: { kind: 'test', resource: { id } } }])
    expect((await call('POST', `/alerts/${NOBODY}/test`, {})).status).toBe(404)
  })
})

describe('an exclusion rule', () => {
  it('tells what it saved today and in thirty days', async () => {
    const { body: rule } = await call('POST', '/exclusions', {
      name: 'health',
      q: 'path:/healthz',
      on: false,
    })
    expect(rule).toMatchObject({
      on: false,
      saved: { today: { lines: 0, bytes: 0 }, days30: { lines: 0, bytes: 0 } },
    })
    const day = (ago: number) =>
      new Date(service.clock.now.getTime() - ago * 86_400_000).toISOString().slice(0, 10)
    for (const [ago, lines] of [
      [0, 5],
      [1, 7],
      [29, 11],
      [30, 13],
    ] as const) {
      for (const shard of [1, 2]) {
        await service.database.pool.query(
          `insert into exclusion_saved (resource_number, exclusion_id, day, shard, lines, bytes)
           values ($1, $2, $3, $4, $5, $6)`,
          [number, rule.id, day(ago), shard, lines, lines * 100],
        )
      }
    }
    expect((await call('GET', '/exclusions')).body.exclusions[0].saved).toEqual({
      today: { lines: 10, bytes: 1_000 },
      days30: { lines: 46, bytes: 4_600 },
    })
  })

  it('is never one that drops everything, or one that was misread', async () => {
    const f = async (q: string, reason: string) =>
      expect(await call('POST', '/exclusions', { name: 'wrong', q })).toMatchObject({
        status: 422,
        body: { message: expect.stringContaining(reason) },
      })
    await f('', 'every line')
    await f('   ', 'every line')
    await f('debug OR', 'nothing on one side')
    await f('path:/(unclosed/', 'q, at')
    await f(Array.from({ length: 21 }, (_, at) => `w${at}`).join(' OR '), '20 conditions')
  })
})
