import { describe, expect, it } from 'vitest'
import { deprovision, provisioned, type Service, shareResource, signedIn } from '../partner/service.ts'

let service: Service
let id: string
shareResource((started, resource) => {
  service = started
  id = resource
})

function get(url: string, headers: Record<string, string> = {}) {
  return service.app.inject({ url, headers })
}

describe('a session', () => {
  it('opens the page and the lines of its resource', async () => {
    const cookie = await signedIn(service, id)
    expect((await get(`/resources/${id}`, { cookie })).statusCode).toBe(200)
    expect((await get(`/resources/${id}/lines`, { cookie })).statusCode).toBe(200)
  })

  it('lasts 90 minutes, however much it is used', async () => {
    const start = service.clock.now.getTime()
    const cookie = await signedIn(service, id)
    const statusAfter = async (minutes: number) => {
      service.clock.now = new Date(start + minutes * 60_000)
      return (await get(`/resources/${id}/lines`, { cookie })).statusCode
    }
    expect(await statusAfter(45)).toBe(200)
    expect(await statusAfter(89.9)).toBe(200)
    expect(await statusAfter(90)).toBe(401)
  })

  it('is found beside other cookies', async () => {
    const cookie = await signedIn(service, id)
    const answer = await get(`/resources/${id}/lines`, { cookie: `a=b; ${cookie}; heroku-nav-data=x` })
    expect(answer.statusCode).toBe(200)
  })

  it.each([
    '',
    'culvert_session=',
    'culvert_session=guess',
    'culvert_session=%00',
    'culvert_session=%zz',
    'x',
  ])('is not opened by the cookie %j', async (cookie) => {
    expect((await get(`/resources/${id}/lines`, { cookie })).statusCode).toBe(401)
  })

  it('is not opened by what the database keeps', async () => {
    await signedIn(service, id)
    const { rows } = await service.database.pool.query('select id_digest from session')
    for (const row of rows) {
      for (const encoding of ['hex', 'base64url'] as const) {
        const cookie = `culvert_session=${row.id_digest.toString(encoding)}`
        expect((await get(`/resources/${id}/lines`, { cookie })).statusCode).toBe(401)
      }
    }
  })

  it('opens nothing but its own resource', async () => {
    const other = (await provisioned(service)).id
    const cookie = await signedIn(service, other)
    for (const path of [`/resources/${id}`, `/resources/${id}/lines`, `/resources/${id}/lines?id=${other}`]) {
      expect((await get(path, { cookie })).statusCode).toBe(401)
    }
  })

  it('that was being opened while its resource ended opens nothing', async () => {
    const ended = (await provisioned(service)).id
    const cookie = await signedIn(service, ended)
    const { rows } = await service.database.pool.query('select * from session where resource_id = $1', [
      ended,
    ])
    await deprovision(service, ended)
    await service.database.pool.query(
      'insert into session (id_digest, resource_id, expires_at) values ($1, $2, $3)',
      [rows[0].id_digest, ended, rows[0].expires_at],
    )
    expect((await get(`/resources/${ended}/lines`, { cookie })).statusCode).toBe(401)
  })
})

describe('without a session', () => {
  const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

  it.each(['', '/lines'])('a browser gets a page that says how to sign in (%j)', async (path) => {
    const answer = await get(`/resources/${id}${path}`, { accept: BROWSER })
    expect(answer.statusCode).toBe(401)
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(answer.body).toContain('https://dashboard.heroku.com')
    expect(answer.body).toContain('heroku addons:open')
  })

  it.each<[string, Record<string, string>]>([
    ['/lines', {}],
    ['/lines', { accept: 'application/json' }],
    ['/lines', { accept: '*/*' }],
    ['/lines', { accept: 'application/logplex-1' }],
    ['', { accept: 'application/json' }],
  ])('a program gets JSON (%j, %j)', async (path, headers) => {
    const answer = await get(`/resources/${id}${path}`, headers)
    expect(answer.statusCode).toBe(401)
    expect(answer.json()).toEqual({ id: 'session_required', message: expect.any(String) })
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  it('nothing tells whether a resource exists', async () => {
    const known = await get(`/resources/${id}`, { accept: BROWSER })
    for (const other of ['00000000-0000-4000-8000-000000000000', 'nonsense', '%00', "'"]) {
      const unknown = await get(`/resources/${other}`, { accept: BROWSER })
      expect([unknown.statusCode, unknown.body]).toEqual([known.statusCode, known.body])
    }
  })
})
