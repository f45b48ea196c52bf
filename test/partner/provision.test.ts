import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createResourceStore } from '../../src/resources/resource-store.ts'
import { testLifecycle } from '../support/lifecycle.ts'
import { openPool } from '../support/pool.ts'
import {
  basic,
  changePlan,
  deprovision,
  drainToken,
  hash,
  herokuHeaders,
  hex32,
  postProvision,
  provision,
  provisionBody,
  type Service,
  startService,
} from './service.ts'

let service: Service
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.close())

const digest = (token: string) => Buffer.from(hash('sha256', token), 'hex')

async function countResources(id: string): Promise<number> {
  const { rows } = await service.database.pool.query(
    'select count(*)::int as n from resource where id = $1',
    [id],
  )
  return rows[0].n
}

async function drainsOf(id: string): Promise<{ digest: string; hint: string }[]> {
  const { rows } = await service.database.pool.query(
    `select encode(token_digest, 'hex') as digest, token_hint as hint
       from drain join resource on number = resource_number where resource.id = $1 order by drain.id`,
    [id],
  )
  return rows
}

describe('a provision', () => {
  it('answers with the id, the config var, a message and the address to drain to', async () => {
    const uuid = randomUUID()
    const answer = await provision(service, { uuid })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.json()).toEqual({
      id: uuid,
      config: { CULVERT_URL: `https://culvert.test/resources/${uuid}` },
      message: expect.stringContaining('heroku addons:open culvert'),
      log_drain_url: `https://culvert.test/drains/${uuid}`,
    })
  })

  it('returns no config var that the manifest does not declare', async () => {
    const manifest = JSON.parse(readFileSync(new URL('../../addon-manifest.json', import.meta.url), 'utf8'))
    const { config } = (await provision(service)).json()
    expect(manifest.api.config_vars).toEqual(expect.arrayContaining(Object.keys(config)))
  })

  it('gives each resource its own drain address, because Logplex refuses the same one twice on an app', async () => {
    const [one, two] = [await provision(service), await provision(service)]
    expect(one.json().log_drain_url).not.toBe(two.json().log_drain_url)
  })

  it('has the drain token on file by the time it is answered', async () => {
    const token = drainToken()
    const uuid = randomUUID()
    await provision(service, { uuid, log_drain_token: token })
    expect(await service.drains.find(digest(token))).toEqual({
      drainId: expect.any(Number),
      resourceNumber: (await service.resources.findResource(uuid))?.number,
      resourceId: uuid,
      plan: 'test',
      state: 'provisioned',
    })
  })

  it('keeps of a drain token its SHA-256 and four characters', async () => {
    const token = drainToken()
    const uuid = randomUUID()
    await provision(service, { uuid, log_drain_token: token })
    expect(await drainsOf(uuid)).toEqual([{ digest: hash('sha256', token), hint: token.slice(-4) }])
  })

  it('keeps name, region and options', async () => {
    const uuid = randomUUID()
    await provision(service, { uuid, options: { retention: '7d', depth: 3, deep: { er: true } } })
    const { rows } = await service.database.pool.query(
      'select name, region, options from resource where id = $1',
      [uuid],
    )
    expect(rows[0]).toEqual({
      name: 'culvert-curly-41233',
      region: 'amazon-web-services::us-east-1',
      options: { retention: '7d', depth: '3', deep: '{"er":true}' },
    })
  })

  it('leaves no secret in the log', async () => {
    const body = provisionBody() as Record<string, string> & { oauth_grant: { code: string } }
    service.logged.length = 0
    await provision(service, body)
    await provision(service, { ...body, uuid: randomUUID() }) // refused: the token is taken
    const log = service.logged.join('')
    expect(log).toContain(body.uuid)
    expect(log).toContain('drain_token_taken')
    for (const secret of [body.oauth_grant.code, body.log_input_url, body.log_drain_token]) {
      expect(log).not.toContain(secret)
    }
    expect(log).not.toContain(service.config.addon.passwords[0])
    expect(log).not.toContain(herokuHeaders(service).authorization)
  })
})

describe('what Heroku may send', () => {
  it.each<[string, Record<string, unknown>]>([
    ['fields it has not told of', { brand_new: { nested: [1, 2] }, heroku_id: 'app1@heroku.com' }],
    ['a null OAuth grant', { oauth_grant: null }],
    ['no OAuth grant', { oauth_grant: undefined }],
    ['an OAuth grant of another shape', { oauth_grant: { code: 7, expires_at: 'soon' } }],
    ['null options', { options: null }],
    ['no options', { options: undefined }],
    ['an option named __proto__', { options: JSON.parse('{"__proto__":"x","verbose":"true"}') }],
    ['a region we never heard of', { region: 'amazon-web-services::mars-north-1' }],
    ['no region', { region: undefined }],
    ['a null region', { region: null }],
    ['a drain token without "d."', { log_drain_token: hex32() }],
    ['no drain token', { log_drain_token: undefined }],
    ['a null drain token', { log_drain_token: null }],
    ['no name', { name: undefined }],
    ['no log_input_url', { log_input_url: undefined }],
    ['a NUL in the name, which Postgres cannot keep', { name: 'a\0b', options: { 'k\0': 'v\0' } }],
    ['half a surrogate pair', { name: 'a\ud800b', options: { k: '\udc00' } }],
  ])('accepts %s', async (_, fields) => {
    const answer = await provision(service, fields)
    expect(answer.statusCode, answer.body).toBe(200)
  })

  it('makes up a name where there is none', async () => {
    const uuid = randomUUID()
    await provision(service, { uuid, name: undefined })
    expect((await service.resources.findResource(uuid))?.name).toBe(`culvert-${uuid.slice(0, 8)}`)
  })

  it('knows a resource by its uuid in any case of letters', async () => {
    const uuid = randomUUID()
    const answer = await provision(service, { uuid: uuid.toUpperCase() })
    expect(answer.json().id).toBe(uuid)
    expect((await provision(service, { uuid })).json()).toEqual(answer.json())
  })

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/vnd.heroku-addons+json',
    'application/vnd.heroku-addons+json; version=3',
    'text/plain',
    undefined,
  ])('reads a body of content type %s', async (type) => {
    const { authorization } = herokuHeaders(service)
    const answer = await service.app.inject({
      method: 'POST',
      url: '/heroku/resources',
      headers: { authorization, ...(type === undefined ? {} : { 'content-type': type }) },
      payload: Buffer.from(JSON.stringify(provisionBody())),
    })
    expect(answer.statusCode, answer.body).toBe(200)
  })

  it.each(['application/vnd.heroku-addons+json; version=3', 'application/json', '*/*', 'text/html'])(
    'answers JSON to Accept: %s',
    async (accept) => {
      const answer = await service.app.inject({
        method: 'POST',
        url: '/heroku/resources',
        headers: { ...herokuHeaders(service), accept },
        payload: JSON.stringify(provisionBody()),
      })
      expect(answer.statusCode).toBe(200)
      expect(answer.headers['content-type']).toMatch(/^application\/json/)
    },
  )
})

describe('a provision that comes again', () => {
  it('gets the same answer and makes no second resource', async () => {
    const body = provisionBody()
    const [first, second] = [await provision(service, body), await provision(service, body)]
    expect(second.statusCode).toBe(200)
    expect(second.body).toBe(first.body)
    expect(await countResources(body.uuid as string)).toBe(1)
    expect(await drainsOf(body.uuid as string)).toHaveLength(1)
  })

  it('makes one resource when it comes twenty times at once, and all answers are equal', async () => {
    const uuid = randomUUID()
    const answers = await Promise.all(Array.from({ length: 20 }, () => provision(service, { uuid })))
    expect(answers.map((answer) => answer.statusCode)).toEqual(Array(20).fill(200))
    expect(new Set(answers.map((answer) => answer.body)).size).toBe(1)
    expect(await countResources(uuid)).toBe(1)
    expect(await drainsOf(uuid)).toHaveLength(20) // each came with a token of its own
  })

  it('makes one drain when twenty at once bring the same token', async () => {
    const body = provisionBody()
    await Promise.all(Array.from({ length: 20 }, () => provision(service, body)))
    expect(await drainsOf(body.uuid as string)).toHaveLength(1)
  })

  it('keeps every drain token it ever brought', async () => {
    const uuid = randomUUID()
    const tokens = [drainToken(), drainToken(), drainToken()]
    for (const log_drain_token of tokens) await provision(service, { uuid, log_drain_token })
    expect((await drainsOf(uuid)).map((drain) => drain.digest)).toEqual(
      tokens.map((token) => hash('sha256', token)),
    )
  })

  it('keeps the first plan and says so in the log', async () => {
    const uuid = randomUUID()
    const first = await provision(service, { uuid, plan: 'test' })
    service.logged.length = 0
    const second = await provision(service, {
      uuid,
      plan: 'premium',
      region: 'amazon-web-services::eu-west-1',
    })
    expect(second.statusCode).toBe(200)
    expect(second.body).toBe(first.body)
    expect((await service.resources.findResource(uuid))?.plan).toBe('test')
    expect(service.logged.join('')).toContain('provisioned again with another plan')
  })

  it('is answered even if its plan is no longer sold', async () => {
    const uuid = randomUUID()
    await provision(service, { uuid })
    expect((await provision(service, { uuid, plan: 'retired' })).statusCode).toBe(200)
  })

  it('is answered 410 after the resource was deprovisioned', async () => {
    const uuid = randomUUID()
    const token = drainToken()
    await provision(service, { uuid })
    await deprovision(service, uuid)
    const answer = await provision(service, { uuid, log_drain_token: token })
    expect(answer.statusCode).toBe(410)
    expect(answer.json()).toEqual({ id: 'resource_gone', message: expect.any(String) })
    expect(await service.drains.find(digest(token))).toBeNull()
  })

  it('is answered 410 when the DELETE came first', async () => {
    const uuid = randomUUID()
    await deprovision(service, uuid)
    expect((await provision(service, { uuid })).statusCode).toBe(410)
    expect((await provision(service, { uuid, plan: 'no-such-plan' })).statusCode).toBe(410)
  })

  it('ends deprovisioned whenever a DELETE comes at the same time', async () => {
    for (let i = 0; i < 10; i++) {
      const uuid = randomUUID()
      const [post] = await Promise.all([provision(service, { uuid }), deprovision(service, uuid)])
      expect([200, 410]).toContain(post.statusCode)
      expect((await service.resources.findResource(uuid))?.state).toBe('deprovisioned')
    }
  })
})

describe('a drain token that is known already', () => {
  it('is refused with a sentence where another live resource has it, and nothing is made', async () => {
    const token = drainToken()
    const [owner, other] = [randomUUID(), randomUUID()]
    await provision(service, { uuid: owner, log_drain_token: token })
    const answer = await provision(service, { uuid: other, log_drain_token: token })
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toEqual({
      id: 'drain_token_taken',
      message: expect.stringContaining('drain token'),
    })
    expect(await countResources(other)).toBe(0)
    expect((await service.drains.find(digest(token)))?.resourceId).toBe(owner)
  })

  it('moves over from a deprovisioned resource, as a new drain', async () => {
    const token = drainToken()
    const [ended, next] = [randomUUID(), randomUUID()]
    await provision(service, { uuid: ended, log_drain_token: token })
    const before = await service.drains.find(digest(token))
    await deprovision(service, ended)
    expect((await service.drains.find(digest(token)))?.state).toBe('deprovisioned')
    expect((await provision(service, { uuid: next, log_drain_token: token })).statusCode).toBe(200)
    const after = await service.drains.find(digest(token))
    expect(after).toMatchObject({ resourceId: next, state: 'provisioned' })
    expect(after?.drainId).not.toBe(before?.drainId)
  })

  it('goes to exactly one of twenty resources that claim it at once', async () => {
    const token = drainToken()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => provision(service, { log_drain_token: token })),
    )
    expect(answers.map((answer) => answer.statusCode).sort()).toEqual([200, ...Array(19).fill(422)])
  })
})

describe('a provision that cannot be carried out', () => {
  it('is answered 422 for an unknown plan, with the plans there are, and nothing is made', async () => {
    const uuid = randomUUID()
    const answer = await provision(service, { uuid, plan: 'gigantic' })
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toEqual({
      id: 'plan_unknown',
      message: 'There is no plan "gigantic". The plans are: test, standard, premium.',
    })
    expect(await countResources(uuid)).toBe(0)
  })

  it.each<[string, Record<string, unknown>]>([
    ['no uuid', { uuid: undefined }],
    ['a uuid that is none', { uuid: '1 or 1=1' }],
    ['a number for a uuid', { uuid: 7 }],
    ['no plan', { plan: undefined }],
    ['a null plan', { plan: null }],
  ])('is answered 422 for %s', async (_, fields) => {
    const body = { ...provisionBody(), ...fields }
    const answer = await postProvision(service, JSON.stringify(body))
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toEqual({ id: 'invalid_params', message: expect.any(String) })
  })

  it.each(['{"uuid":', 'plan=test', '', '\0'])('is answered 400 for the body %j', async (payload) => {
    const answer = await postProvision(service, payload)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toEqual({ id: 'malformed_request', message: expect.any(String) })
  })

  it.each(['null', '[]', '"text"', '7'])('is answered 422 for the body %s', async (payload) => {
    const answer = await postProvision(service, payload)
    expect(answer.statusCode).toBe(422)
    expect(answer.json().id).toBe('invalid_params')
  })

  it('is answered 413 for a body far larger than any provision', async () => {
    const answer = await provision(service, { name: 'x'.repeat(70_000) })
    expect(answer.statusCode).toBe(413)
    expect(answer.json()).toEqual({ id: 'body_too_large', message: expect.any(String) })
  })

  it('is answered 400, in JSON, for a content type that is none', async () => {
    const answer = await service.app.inject({
      method: 'POST',
      url: '/heroku/resources',
      headers: { ...herokuHeaders(service), 'content-type': 'json' },
      payload: JSON.stringify(provisionBody()),
    })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().id).toBe('malformed_request')
  })
})

describe('without a database', () => {
  it('answers 503 with a sentence, because Heroku shows it to the customer', async () => {
    const nowhere = openPool('postgres://localhost:1/nothing')
    const { resources, lifecycle } = service
    const before = { resources: { ...resources }, lifecycle: { ...lifecycle } }
    Object.assign(resources, createResourceStore(nowhere))
    Object.assign(lifecycle, testLifecycle(nowhere))
    try {
      const answers = [
        await provision(service),
        await changePlan(service, randomUUID(), { plan: 'test' }),
        await deprovision(service, randomUUID()),
      ]
      for (const answer of answers) {
        expect(answer.statusCode).toBe(503)
        expect(answer.json()).toEqual({ id: 'unavailable', message: expect.stringContaining('try again') })
      }
    } finally {
      Object.assign(resources, before.resources)
      Object.assign(lifecycle, before.lifecycle)
      await nowhere.end()
    }
  })
})

describe('who may call', () => {
  const uuid = randomUUID()
  const deletedId = randomUUID()
  beforeAll(async () => {
    await provision(service, { uuid })
    await deprovision(service, deletedId)
  })

  const CALLS: [string, 'POST' | 'PUT' | 'DELETE', string, string][] = [
    ['POST', 'POST', '/heroku/resources', JSON.stringify(provisionBody())],
    ['POST that is not JSON', 'POST', '/heroku/resources', '{"uuid":'],
    ['POST far too large', 'POST', '/heroku/resources', 'x'.repeat(70_000)],
    ['PUT', 'PUT', `/heroku/resources/${uuid}`, '{"plan":"premium"}'],
    ['PUT of a resource nobody knows', 'PUT', `/heroku/resources/${randomUUID()}`, '{"plan":"test"}'],
    ['PUT of a gone resource', 'PUT', `/heroku/resources/${deletedId}`, '{"plan":"test"}'],
    ['DELETE', 'DELETE', `/heroku/resources/${uuid}`, ''],
    ['DELETE of a gone resource', 'DELETE', `/heroku/resources/${deletedId}`, ''],
    ['DELETE of nonsense', 'DELETE', '/heroku/resources/nonsense', ''],
  ]
  const password = 'development-only-password-2c1f8b'
  const CREDENTIALS: [string, string | undefined][] = [
    ['no credentials', undefined],
    ['a wrong user', basic('culver', password)],
    ['a wrong password', basic('culvert', 'wrong')],
    ['the password cut short', basic('culvert', password.slice(0, -1))],
    ['an empty password', basic('culvert', '')],
    ['another scheme', `Bearer ${password}`],
    ['Basic without a colon', `Basic ${Buffer.from('culvert').toString('base64')}`],
    ['Basic that is not base64', 'Basic %%%'],
    ['Basic and nothing', 'Basic'],
  ]

  it.each(CALLS)(
    'answers a %s with 401 and nothing more unless it is Heroku',
    async (_, method, url, payload) => {
      for (const [given, authorization] of CREDENTIALS) {
        const answer = await service.app.inject({
          method,
          url,
          headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
          ...(payload === '' ? {} : { payload }),
        })
        expect(answer.statusCode, given).toBe(401)
        expect(answer.headers['www-authenticate'], given).toMatch(/^Basic realm="culvert"/)
        expect(answer.json(), given).toEqual({ id: 'unauthorized', message: expect.any(String) })
      }
    },
  )

  it('has changed nothing after all of these', async () => {
    expect(await service.resources.findResource(uuid)).toMatchObject({ state: 'provisioned', plan: 'test' })
  })

  it('takes the previous password too while a rotation is under way, and no other', async () => {
    const rotating = await startService({ ADDON_PASSWORD: 'new', ADDON_PASSWORD_PREVIOUS: 'old' })
    try {
      const statuses = []
      for (const given of ['new', 'old', 'older', '']) {
        const answer = await rotating.app.inject({
          method: 'POST',
          url: '/heroku/resources',
          headers: { ...herokuHeaders(rotating), authorization: basic('culvert', given) },
          payload: JSON.stringify(provisionBody()),
        })
        statuses.push(answer.statusCode)
      }
      expect(statuses).toEqual([200, 200, 401, 401])
    } finally {
      await rotating.close()
    }
  })
})
