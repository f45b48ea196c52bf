import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deprovision, provisioned, type Service, signedIn, startService } from '../partner/service.ts'

const OURS = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }

let service: Service
let id: string
let cookie: string

beforeAll(async () => {
  service = await startService()
  id = (await provisioned(service)).id
  cookie = await signedIn(service, id)
})
afterAll(() => service.close())

function call(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  headers: Record<string, string>,
  body?: object,
) {
  return service.app.inject({
    method,
    url: `/resources/${path}`,
    headers,
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  })
}

async function makeToken(name = 'deploy script', resource = id, by = cookie) {
  const answer = await call('POST', `${resource}/tokens`, { cookie: by, ...OURS }, { name })
  expect(answer.statusCode).toBe(201)
  return answer.json() as { id: string; name: string; token: string }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('an API token', () => {
  it('is made by a signed-in person, shown once, and reads the lines of its resource', async () => {
    const { id: tokenId, name, token } = await makeToken()
    expect(name).toBe('deploy script')
    expect(token).toMatch(/^culvert_[\w-]{43}$/)
    expect((await call('GET', `${id}/lines`, bearer(token))).statusCode).toBe(200)
    const { tokens } = (await call('GET', `${id}/tokens`, { cookie })).json()
    expect(tokens.find((one: { id: string }) => one.id === tokenId)).toEqual({
      id: tokenId,
      name: 'deploy script',
      hint: token.slice(-4),
      created_at: expect.stringMatching(/Z$/),
      last_used_at: expect.stringMatching(/Z$/),
    })
    expect(JSON.stringify(tokens)).not.toContain(token)
  })

  it('is kept as SHA-256 only', async () => {
    const { token } = await makeToken()
    const { rows } = await service.database.pool.query('select t::text as row from api_token as t')
    const all = rows.map(({ row }) => row).join('\n')
    expect(all).toContain(createHash('sha256').update(token).digest('hex'))
    expect(all).not.toContain(token)
  })

  it('is worth nothing from the moment it is revoked', async () => {
    const { id: tokenId, token } = await makeToken()
    const revoked = await call('DELETE', `${id}/tokens/${tokenId}`, {
      cookie,
      'sec-fetch-site': 'same-origin',
    })
    expect([revoked.statusCode, revoked.body]).toEqual([204, ''])
    const answer = await call('GET', `${id}/lines`, bearer(token))
    expect(answer.statusCode).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Bearer')
    expect(answer.json()).toEqual({ id: 'token_unknown', message: expect.any(String) })
    const again = await call('DELETE', `${id}/tokens/${tokenId}`, { cookie, 'sec-fetch-site': 'same-origin' })
    expect(again.statusCode).toBe(404)
  })

  it('goes with its resource', async () => {
    const other = (await provisioned(service)).id
    const { token } = await makeToken('x', other, await signedIn(service, other))
    expect((await call('GET', `${other}/lines`, bearer(token))).statusCode).toBe(200)
    await deprovision(service, other)
    expect((await call('GET', `${other}/lines`, bearer(token))).statusCode).toBe(401)
    const { rowCount } = await service.database.pool.query('select from api_token where resource_id = $1', [
      other,
    ])
    expect(rowCount).toBe(0)
  })

  it('neither makes, lists nor revokes tokens', async () => {
    const { id: tokenId, token } = await makeToken()
    for (const answer of [
      await call('POST', `${id}/tokens`, { ...bearer(token), ...OURS }, { name: 'another' }),
      await call('GET', `${id}/tokens`, bearer(token)),
      await call('DELETE', `${id}/tokens/${tokenId}`, bearer(token)),
    ]) {
      expect(answer.statusCode).toBe(403)
      expect(answer.json().id).toBe('session_only')
    }
  })

  it('is not taken from the address, and a wrong one is not saved by a session', async () => {
    const { token } = await makeToken()
    for (const query of [`token=${token}`, `access_token=${token}`, `authorization=Bearer+${token}`])
      expect((await call('GET', `${id}/lines?${query}`, {})).statusCode).toBe(401)
    for (const wrong of ['x', `${token}x`, token.slice(0, -1), 'culvert_'])
      expect((await call('GET', `${id}/lines`, { cookie, ...bearer(wrong) })).statusCode).toBe(401)
  })

  it('has a name, and a resource has fifty of them at most', async () => {
    const other = (await provisioned(service)).id
    const by = await signedIn(service, other)
    for (const body of [{}, { name: '' }, { name: '  ' }, { name: 'x'.repeat(101) }, { name: 1 }, []]) {
      const answer = await call('POST', `${other}/tokens`, { cookie: by, ...OURS }, body)
      expect(answer.statusCode).toBe(422)
    }
    for (let at = 0; at < 50; at++) await makeToken(`token ${at}`, other, by)
    const answer = await call('POST', `${other}/tokens`, { cookie: by, ...OURS }, { name: 'one more' })
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toEqual({
      id: 'too_many',
      message: 'There are 50 API tokens already. Delete one of them first.',
    })
  })
})

describe('a change by a browser', () => {
  const post = (headers: Record<string, string>) =>
    call('POST', `${id}/tokens`, { cookie, ...headers }, { name: 'x' })

  it.each<[string, Record<string, string>]>([
    ['of another site', { ...OURS, 'sec-fetch-site': 'cross-site' }],
    ['of a sibling domain', { ...OURS, 'sec-fetch-site': 'same-site' }],
    ['that nobody started on a page', { ...OURS, 'sec-fetch-site': 'none' }],
    ['of another origin', { 'content-type': 'application/json', origin: 'https://evil.test' }],
    ['of no origin', { 'content-type': 'application/json', origin: 'null' }],
    ['that does not say where it comes from', { 'content-type': 'application/json' }],
    ['by a form', { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }],
    ['as plain text', { 'content-type': 'text/plain', 'sec-fetch-site': 'same-origin' }],
    ['without a type', { 'sec-fetch-site': 'same-origin' }],
  ])('%s is refused', async (_, headers) => {
    const answer = await post(headers)
    expect(answer.statusCode).toBe(403)
    expect(answer.json().id).toBe('cross_site')
  })

  it('of our own page is carried out, whichever header tells it', async () => {
    expect((await post(OURS)).statusCode).toBe(201)
    const old = { 'content-type': 'application/json; charset=utf-8', origin: 'https://culvert.test' }
    expect((await post(old)).statusCode).toBe(201)
  })

  it('that is no JSON is refused without a trace of what it was', async () => {
    const answer = await service.app.inject({
      method: 'POST',
      url: `/resources/${id}/tokens`,
      headers: { cookie, ...OURS },
      payload: '{"name": secret',
    })
    expect(answer.statusCode).toBe(400)
    expect(answer.body).not.toContain('secret')
  })
})
