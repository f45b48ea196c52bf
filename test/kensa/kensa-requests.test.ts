// kensa is Heroku's own test of an add-on: old, deprecated, and the only official green light there is. It needs Ruby,
// so here are its requests as it sends them, and what it checks of the answers, in its order
// (github.com/heroku/kensa: lib/heroku/kensa/check.rb, http.rb, sso.rb).
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { basic, hash, hex32, type Service, startService } from '../partner/service.ts'

interface Manifest {
  id: unknown
  api: {
    password: string
    sso_salt: string
    regions: string[]
    requires: string[]
    config_vars: string[]
    config_vars_prefix?: string
    username?: string
    test: { base_url: string; sso_url: string }
    production: { base_url: string; sso_url: string }
  }
}

const manifest: Manifest = JSON.parse(
  readFileSync(new URL('../../addon-manifest.json', import.meta.url), 'utf8'),
)
const BASE = new URL(manifest.api.test.base_url).pathname
const SSO = new URL(manifest.api.test.sso_url).pathname
const HEADERS = {
  accept: 'application/json',
  'accept-encoding': 'gzip;q=1.0,deflate;q=0.6,identity;q=0.3',
  'user-agent': 'rest-client/2.1.0 (linux-gnu x86_64) ruby/3.1.2p20',
}
const RIGHT = basic(String(manifest.id), manifest.api.password)
const WRONG = basic('wrong', 'secret')

let service: Service
let origin: string
beforeAll(async () => {
  // As kensa is run: against plain http, with the header bar it still asks for.
  service = await startService({ PUBLIC_URL: 'http://localhost:5000', HEROKU_NAV_HEADER: 'true' })
  origin = await service.app.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(() => service.close())

function call(method: 'post' | 'put' | 'delete', path: string, authorization: string, body?: object) {
  const sent = request(origin)[method](path).set(HEADERS).set('authorization', authorization)
  return body === undefined ? sent : sent.set('content-type', 'application/json').send(JSON.stringify(body))
}

const herokuId = () => `app${randomInt(10_000)}@kensa.heroku.com`

function provisionBody(plan = 'test'): object {
  return {
    heroku_id: herokuId(),
    plan,
    callback_url: 'http://localhost:7779/callback/999',
    logplex_token: null,
    region: 'amazon-web-services::us-east-1',
    options: {},
    uuid: randomUUID(),
    log_drain_token: hex32(),
  }
}

const provision = () => call('post', BASE, RIGHT, provisionBody())

/** kensa's "200": anything from 200 to 207. */
function expectSuccess(status: number): void {
  expect(status).toBeGreaterThanOrEqual(200)
  expect(status).toBeLessThanOrEqual(207)
}

describe('kensa test manifest', () => {
  it('finds id, regions, password, both environments and declared config vars', () => {
    expect(manifest.id).toEqual(expect.stringMatching(/./))
    const { api } = manifest
    const known = ['us', 'eu', 'frankfurt', 'oregon', 'tokyo', 'virginia', '*']
    expect(known).toEqual(expect.arrayContaining(api.regions))
    expect(api.regions.some((region) => region === 'us' || region === '*')).toBe(true)
    expect(api.password).not.toBe('')
    expect(api.test).toBeDefined()
    expect(api.production.base_url).toMatch(/^https:/)
    expect(api.production.sso_url).toMatch(/^https:/)
    const prefix = api.config_vars_prefix ?? String(manifest.id).toUpperCase().replaceAll('-', '_')
    for (const name of api.config_vars) {
      expect(name).toMatch(/^[A-Z][0-9A-Z_]+$/)
      expect(name.startsWith(`${prefix}_`)).toBe(true)
    }
    expect(api.username).toBeUndefined()
  })
})

describe('kensa test provision', () => {
  it('gets JSON with an id, declared config of strings, and an address to drain to', async () => {
    const answer = await provision()
    expectSuccess(answer.status)
    const body = JSON.parse(answer.text)
    expect(body.id).toBeTruthy()
    for (const [name, value] of Object.entries<string>(body.config)) {
      expect(manifest.api.config_vars).toContain(name)
      expect(value).toEqual(expect.any(String))
      if (name.endsWith('_URL')) expect(new URL(value).host).not.toBe('')
    }
    expect(Object.keys(body.config)).toEqual(manifest.api.config_vars)
    expect(body.log_drain_url).toMatch(/^(https|syslog):\/\/\S+$/)
  })

  it('is answered exactly 401 with wrong credentials', async () => {
    expect((await call('post', BASE, WRONG, provisionBody())).status).toBe(401)
  })

  it('may come twice for one app with one drain token, and both bodies are JSON', async () => {
    const body = provisionBody()
    for (let i = 0; i < 2; i++) {
      const answer = await call('post', BASE, RIGHT, { ...body, uuid: randomUUID() })
      expect(() => JSON.parse(answer.text)).not.toThrow()
    }
  })

  it('works for each plan there is', async () => {
    for (const plan of service.config.plans) {
      expectSuccess((await call('post', BASE, RIGHT, provisionBody(plan.slug))).status)
    }
  })
})

describe('kensa test planchange', () => {
  it('succeeds by the path, with a random uuid in the body, and is 401 with wrong credentials', async () => {
    const { id } = (await provision()).body
    const body = { plan: 'premium', heroku_id: herokuId(), uuid: randomUUID() }
    const path = `${BASE}/${encodeURIComponent(id)}`
    expectSuccess((await call('put', path, RIGHT, body)).status)
    expect((await call('put', path, WRONG, body)).status).toBe(401)
  })
})

describe('kensa test deprovision', () => {
  it('succeeds without a body, and is 401 with wrong credentials although the resource is gone', async () => {
    const { id } = (await provision()).body
    expectSuccess((await call('delete', `${BASE}/${id}`, RIGHT)).status)
    expect((await call('delete', `${BASE}/${id}`, WRONG)).status).toBe(401)
  })
})

describe('kensa test sso', () => {
  const navData = Buffer.from(
    JSON.stringify({ addon: 'Your Addon', appname: 'myapp', random: randomBytes(9).toString('hex') }),
  ).toString('base64url')

  function form(id: string, changes: Record<string, string> = {}): string {
    const timestamp = changes.timestamp ?? String(Math.floor(Date.now() / 1000))
    return new URLSearchParams({
      token: hash('sha1', `${id}:${manifest.api.sso_salt}:${timestamp}`),
      timestamp,
      'nav-data': navData,
      email: 'username@example.com',
      app: 'myapp',
      id,
      ...changes,
    }).toString()
  }

  it('is answered exactly 403 for an invalid token and for a time six minutes ago', async () => {
    const { id } = (await provision()).body
    service.clock.now = new Date()
    const sixMinutesAgo = String(Math.floor(Date.now() / 1000) - 360)
    for (const changes of [{ token: 'invalid' }, { timestamp: sixMinutesAgo }]) {
      const answer = await request(origin).post(SSO).send(form(id, changes))
      expect(answer.status).toBe(403)
    }
  })

  it('ends on a page with the Heroku header, and the cookie it is drawn from unaltered', async () => {
    const { id } = (await provision()).body
    service.clock.now = new Date()
    const browser = request.agent(origin) // keeps cookies by their path, as a browser does
    const page = await browser.post(SSO).send(form(id)).redirects(3)
    expect(page.status).toBe(200)
    expect(page.headers['content-type']).toMatch(/^text\/html/)
    expect(page.text).toContain('<div id="heroku-header">')
    const { hostname } = new URL(origin)
    const visible = browser.jar.getCookies({ domain: hostname, path: SSO, secure: false, script: false })
    expect(visible.find((cookie) => cookie.name === 'heroku-nav-data')?.value).toBe(navData)
  })
})
