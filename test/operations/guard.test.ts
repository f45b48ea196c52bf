import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeTokenAt } from '../support/reading.ts'
import { herokuAuthorization, provision, startTestService, type TestService } from '../support/service.ts'

const PRODUCTION = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://logs.example.com',
  ADDON_ID: 'acme-logs',
  ADDON_PASSWORD: 'a password of our own',
  ADDON_SSO_SALT: 'a salt of our own',
  SECRET_KEYS: `k1:${Buffer.alloc(32, 'k').toString('base64')}`,
  METRICS_TOKEN: 'a-token-of-the-tests',
  SIGN_INS_PER_MINUTE: '3',
  FAILED_LOGINS_PER_MINUTE: '3',
}

let service: TestService
beforeAll(async () => {
  service = await startTestService(PRODUCTION)
})
afterAll(() => service.close())

/** As Heroku's router passes it on: it adds the address it saw behind whatever the client claimed. */
function call(method: string, path: string, headers: Record<string, string> = {}) {
  return fetch(`${service.origin}${path}`, { method, headers })
}

describe('limits', () => {
  it('answers 429 to wrong passwords of one address after some, and lets the right one in', async () => {
    const attempt = (address: string, authorization: string) =>
      call('DELETE', '/heroku/resources/x', { 'x-forwarded-for': address, authorization })
    for (let i = 0; i < 3; i++) expect((await attempt('192.0.2.1', 'Basic d3Jvbmc6')).status).toBe(401)
    const refused = await attempt('192.0.2.1', 'Basic d3Jvbmc6')
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50)
    expect(refused.headers.get('www-authenticate')).toBeNull()
    expect(await refused.json()).toMatchObject({ id: 'too_many_requests' })
    expect((await attempt('192.0.2.1', herokuAuthorization(service.config))).status).toBe(404)
    expect((await attempt('192.0.2.2', 'Basic d3Jvbmc6')).status).toBe(401)
  })

  it('goes by the address that the last proxy saw, not by what a client claims', async () => {
    const attempt = (forwarded: string) => call('GET', '/metrics', { 'x-forwarded-for': forwarded })
    for (let i = 0; i < 3; i++) expect((await attempt(`10.0.0.${i}, 192.0.2.10`)).status).toBe(401)
    expect((await attempt('203.0.113.9, 192.0.2.10')).status).toBe(429)
    expect((await attempt('192.0.2.10, 203.0.113.9')).status).toBe(401)
  })

  it('does not count what Heroku does with the right password', async () => {
    for (let i = 0; i < 10; i++) {
      const { status } = await call('DELETE', '/heroku/resources/x', {
        'x-forwarded-for': '192.0.2.20',
        authorization: herokuAuthorization(service.config),
      })
      expect(status).toBe(404)
    }
  })

  it('answers 429 to wrong API tokens of one address after some, and lets right ones, browsers and Heroku in', async () => {
    const from = { 'x-forwarded-for': '192.0.2.50' }
    const attempt = (authorization?: string) =>
      call('GET', '/resources/x/lines', {
        ...from,
        ...(authorization === undefined ? {} : { authorization }),
      })
    for (let i = 0; i < 3; i++) expect((await attempt('Bearer culvert_guess')).status).toBe(401)
    const refused = await attempt('bearer culvert_guess')
    expect(refused.status).toBe(429)
    expect(await refused.json()).toMatchObject({ id: 'too_many_requests' })
    expect((await attempt()).status).toBe(401)
    expect((await call('GET', '/tokens/self', { ...from, 'fastly-key': 'culvert_guess' })).status).toBe(429)

    const { id } = await provision(service)
    const token = await makeTokenAt(service.origin, service.config, id)
    const right = { ...from, authorization: `Bearer ${token}` }
    expect((await call('GET', `/resources/${id}/lines`, right)).status).toBe(200)
    expect((await call('GET', '/tokens/self', { ...from, 'fastly-key': token })).status).toBe(200)
    const byHeroku = await call('DELETE', '/heroku/resources/x', {
      ...from,
      authorization: herokuAuthorization(service.config),
    })
    expect(byHeroku.status).toBe(404)
  })

  it('answers too many sign-ins of one address with a page that says when to try again', async () => {
    const attempt = () =>
      call('POST', '/sso/login', {
        'x-forwarded-for': '192.0.2.30',
        'content-type': 'application/x-www-form-urlencoded',
      })
    for (let i = 0; i < 3; i++) expect((await attempt()).status).toBe(403)
    const refused = await attempt()
    expect(refused.status).toBe(429)
    expect(refused.headers.get('content-type')).toContain('text/html')
    expect(await refused.text()).toMatch(/too many tries from your address\. Try again in \d+ seconds/)
  })

  it('never limits a drain, whatever token it tries', async () => {
    for (let i = 0; i < 20; i++) {
      const { status } = await call('POST', '/drains/x', {
        'x-forwarded-for': '192.0.2.40',
        'content-type': 'application/logplex-1',
        'logplex-drain-token': 'd.unknown',
      })
      expect(status).toBe(404)
    }
  })
})

describe('security headers', () => {
  it.each(['/healthz', '/nothing', '/resources/x', '/heroku/resources'])('are on %s', async (path) => {
    const { headers } = await call('GET', path, { accept: 'application/json' })
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('strict-transport-security')).toMatch(/^max-age=\d+$/)
  })

  it('leave a page its own policy, which lets in the style sheet', async () => {
    const { headers } = await call('GET', '/resources/x', { accept: 'text/html' })
    expect(headers.get('content-security-policy')).toContain("style-src 'self'")
  })

  it('are not on the answer to a drain, which nobody reads', async () => {
    const { headers } = await call('POST', '/drains/x', { 'content-type': 'application/logplex-1' })
    expect([...headers.keys()].sort()).toEqual([
      'connection',
      'content-length',
      'content-type',
      'date',
      'keep-alive',
    ])
  })

  it('ask for https only where we are reached by it', async () => {
    const development = await startTestService()
    const { headers } = await fetch(`${development.origin}/healthz`)
    expect(headers.get('strict-transport-security')).toBeNull()
    await development.close()
  })
})
