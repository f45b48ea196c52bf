// Fastly's API: encodings, defaults, the types of keys, errors and status codes, one by one.

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createEndpointStore, ENDPOINT_SEALED_COLUMN } from '../../src/endpoints/endpoint-store.ts'
import { resealOld } from '../../src/secrets/reseal.ts'
import { createSecretBox } from '../../src/secrets/secret-box.ts'
import { deprovision } from '../support/service.ts'
import { type Caller, createService, fetchFastly, startWorld, type World } from './world.ts'

const TARGET = { token: 't.8a3c', url: 'https://1.us.logplex.io/logs' }

let world: World
let caller: Caller
let id: string
/** Version 1 of a new service. */
let version: string
let endpoints: string

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())
beforeEach(async () => {
  caller = await world.stranger()
  id = await createService(caller)
  version = `/service/${id}/version/1`
  endpoints = `${version}/logging/heroku`
})

const create = (fields: Record<string, string> = {}) =>
  caller.call('POST', endpoints, { name: 'one', ...TARGET, ...fields })
const put = (name: string, fields: object) =>
  caller.call('PUT', `${endpoints}/${encodeURIComponent(name)}`, {
    text: JSON.stringify(fields),
    type: 'application/json',
  })
const condition = (name: string, fields: Record<string, string> = {}) =>
  caller.call('POST', `${version}/condition`, {
    name,
    statement: 'resp.status >= 500',
    type: 'RESPONSE',
    ...fields,
  })

describe('a new log endpoint', () => {
  it('has thirteen keys, each with its type and its default', async () => {
    const { status, json } = await create()
    expect(status).toBe(200)
    expect(json).toEqual({
      name: 'one',
      ...TARGET,
      format: '%h %l %u %t "%r" %>s %b',
      format_version: '2',
      placement: null,
      response_condition: '',
      log_processing_region: 'none',
      service_id: id,
      version: '1',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      updated_at: json.created_at,
      deleted_at: null,
    })
    expect((await caller.call('GET', endpoints)).json).toEqual([json])
    expect((await caller.call('GET', `${endpoints}/one`)).json).toEqual(json)
  })

  it('may be sent as a form with either space, or as JSON with a whole number', async () => {
    const form = 'application/x-www-form-urlencoded'
    const target = `token=t&url=${encodeURIComponent(TARGET.url)}`
    const texts = [
      { text: `name=a+b&format=%25h+x&format_version=1&${target}`, type: form },
      { text: `name=c%20d&format=%25h%20x&format_version=1&${target}`, type: `${form}; charset=utf-8` },
      {
        text: JSON.stringify({ name: 'e f', format: '%h x', format_version: 1, ...TARGET }),
        type: 'application/json',
      },
    ]
    for (const [at, body] of texts.entries()) {
      const { json } = await caller.call('POST', endpoints, body)
      expect(json).toMatchObject({ name: ['a b', 'c d', 'e f'][at], format: '%h x', format_version: '1' })
    }
  })

  it('is listed by name, and an empty list is a list', async () => {
    expect((await caller.call('GET', endpoints)).text).toBe('[]')
    for (const name of ['b', 'a', 'c']) await create({ name })
    expect((await caller.call('GET', endpoints)).json.map((one: { name: string }) => one.name)).toEqual([
      'a',
      'b',
      'c',
    ])
  })

  it('ignores names that it does not know, whatever their case, and never gives them back', async () => {
    const { json } = await create({ Name: 'other', ServiceID: 'x', Version: '7', nonsense: '1' })
    expect(Object.keys(json)).toHaveLength(13)
    expect(json.name).toBe('one')
  })

  it('takes null for a placement in each way of clients to say it', async () => {
    for (const [at, placement] of ['null', 'None'].entries()) {
      expect((await create({ name: `n${at}`, placement })).json.placement).toBeNull()
    }
    expect((await create({ name: 'none', placement: 'none' })).json.placement).toBe('none')
    const posted = await caller.call('POST', endpoints, {
      text: JSON.stringify({
        name: 'j',
        ...TARGET,
        placement: null,
        response_condition: null,
        log_processing_region: null,
      }),
      type: 'application/json',
    })
    expect(posted.json).toMatchObject({
      placement: null,
      response_condition: '',
      log_processing_region: 'none',
    })
  })

  it("takes an empty format, as Terraform sends for Compute's services", async () => {
    expect((await create({ format: '', placement: 'none' })).json).toMatchObject({
      format: '',
      format_version: '2',
    })
  })

  it('has any name, which is decoded once in a path', async () => {
    for (const name of ['sp ace/slash', 'ünï/c ode?&#', 'a%2Fb', '..', 'x'.repeat(255), 'ü'.repeat(255)]) {
      expect((await create({ name })).json.name).toBe(name)
      const path = `${endpoints}/${encodeURIComponent(name).replaceAll('.', '%2E')}`
      expect((await caller.call('GET', path.replace('%2E%2E', '%252E%252E'))).status).toBe(
        name === '..' ? 404 : 200,
      )
      if (name !== '..') expect((await caller.call('DELETE', path)).json).toEqual({ status: 'ok' })
    }
  })

  it('has its signs for less, greater and and escaped in every body', async () => {
    const { text } = await create({ format: '%>s <&> ' })
    expect(text).toContain('%\\u003es \\u003c\\u0026\\u003e ')
    const { text: error } = await caller.call('GET', `${endpoints}/nope`)
    expect(error).toContain('name =\\u003e nope')
  })
})

describe('a change', () => {
  it('changes only what it names, and answers the time of before', async () => {
    const before = (await create({ format: '%h', log_processing_region: 'us', placement: 'none' })).json
    const { status, json } = await put('one', { token: 'new' })
    expect(status).toBe(200)
    expect(json).toEqual({ ...before, token: 'new' })
    expect((await put('one', {})).json).toMatchObject({ token: 'new', format: '%h' })
    expect((await put('one', { placement: null, format_version: 1 })).json).toMatchObject({
      placement: null,
      format_version: '1',
    })
  })

  it('may be a form, too', async () => {
    await create()
    const { json } = await caller.call('PUT', `${endpoints}/one`, {
      name: 'two',
      log_processing_region: 'eu',
    })
    expect(json).toMatchObject({ name: 'two', log_processing_region: 'eu', ...TARGET })
  })

  it('renames: the old name is gone', async () => {
    await create()
    expect((await put('one', { name: 'new/name' })).json.name).toBe('new/name')
    expect((await caller.call('GET', `${endpoints}/one`)).status).toBe(404)
    expect((await caller.call('DELETE', `${endpoints}/one`)).status).toBe(404)
    expect((await caller.call('DELETE', `${endpoints}/new%2Fname`)).text).toBe('{"status":"ok"}')
  })

  it('is refused where the name is taken', async () => {
    await create()
    await create({ name: 'two' })
    const { status, json } = await put('one', { name: 'two' })
    expect([status, json]).toEqual([
      409,
      { msg: 'Duplicate record', detail: "Duplicate logging_syslog: 'two'" },
    ])
  })
})

describe('bodies that say JSON and hold nothing', () => {
  it('break no request', async () => {
    await create()
    const empty = { text: '', type: 'application/json' }
    expect((await caller.call('POST', `/service/${id}/version`, empty)).json).toEqual({
      service_id: id,
      number: 2,
    })
    expect(
      (await caller.call('GET', endpoints, undefined, { 'content-type': 'application/json' })).status,
    ).toBe(200)
    expect((await caller.call('PUT', `${endpoints}/one`, empty)).status).toBe(200)
    expect((await caller.call('DELETE', `${endpoints}/one`, empty)).json).toEqual({ status: 'ok' })
    expect((await caller.call('POST', `/service/${id}/version`, { text: '', type: null })).json.number).toBe(
      3,
    )
  })
})

describe('what is wrong is told as Fastly tells it:', () => {
  const f = (
    answer: { status: number; headers: Headers; json: unknown },
    status: number,
    msg: string,
    detail?: string,
  ) => {
    expect([answer.status, answer.json]).toEqual([status, detail === undefined ? { msg } : { msg, detail }])
    expect(answer.headers.get('content-type')).toBe('application/json')
  }
  const where = () => `service => ${id}, version => 1`

  it('no such endpoint or condition', async () => {
    const detail = `Couldn't find syslog '{ deleted => 0000-00-00 00:00:00, name => no/pe, ${where()} }'`
    for (const method of ['GET', 'PUT', 'DELETE']) {
      f(
        await caller.call(method, `${endpoints}/no%2Fpe`, method === 'PUT' ? {} : undefined),
        404,
        'Record not found',
        detail,
      )
      f(
        await caller.call(method, `${version}/condition/x`, method === 'PUT' ? {} : undefined),
        404,
        'Record not found',
        `Couldn't find Condition '{ deleted => 0000-00-00 00:00:00, name => x, ${where()} }'`,
      )
    }
  })

  it('no such service, or somebody else’s', async () => {
    const other = await world.stranger()
    for (const [who, service] of [
      [caller, 'AAAAAAAAAAAAAAAAAAAAAA'],
      [other, id],
    ] as const) {
      const paths = [
        '',
        '/details',
        '/version',
        '/version/1',
        '/version/1/logging/heroku',
        '/version/1/condition',
      ]
      for (const path of paths) {
        f(
          await who.call('GET', `/service/${service}${path}`),
          404,
          'Record not found',
          "Cannot find 'service'",
        )
      }
      f(
        await who.call('PUT', `/service/${service}/version/1/activate`),
        404,
        'Record not found',
        "Cannot find 'service'",
      )
      f(
        await who.call('POST', `/service/${service}/version/1/logging/heroku`, { name: 'x', ...TARGET }),
        404,
        'Record not found',
        "Cannot find 'service'",
      )
      f(await who.call('DELETE', `/service/${service}`), 404, 'Record not found', "Cannot find 'service'")
    }
  })

  it('no such version', async () => {
    for (const number of ['2', '0', 'x', '99999999999']) {
      const detail = `Couldn't find Version '{ deleted => 0000-00-00 00:00:00, number => ${number}, service => ${id} }'`
      f(
        await caller.call('GET', `/service/${id}/version/${number}/logging/heroku`),
        404,
        'Record not found',
        detail,
      )
    }
  })

  it('no such path, or what is switched off', async () => {
    f(await caller.call('GET', `${version}/http3`), 404, 'Not found')
    f(await caller.call('GET', `${version}/logging/s3`), 404, 'Not found')
    f(await caller.call('PATCH', `${endpoints}/x`, {}), 404, 'Not found')
    expect((await caller.call('DELETE', `${version}/http3`)).json).toEqual({ status: 'ok' })
  })

  it('a name that is taken', async () => {
    await create()
    f(await create(), 409, 'Duplicate record', "Duplicate logging_syslog: 'one'")
    await condition('c')
    f(await condition('c'), 409, 'Duplicate record', "Duplicate condition: 'c'")
  })

  it('a version that is locked or active', async () => {
    await create()
    await condition('c')
    await caller.call('PUT', `${version}/lock`)
    const detail = `Version '1' for service '${id}' is locked`
    f(await create({ name: 'two' }), 422, 'Version locked', detail)
    f(await put('one', { token: 'x' }), 422, 'Version locked', detail)
    f(await caller.call('DELETE', `${endpoints}/one`), 422, 'Version locked', detail)
    f(await condition('d'), 422, 'Version locked', detail)
    f(await caller.call('DELETE', `${version}/condition/c`), 422, 'Version locked', detail)
    f(
      await caller.call('PUT', `${version}/settings`, { 'general.default_ttl': '1' }),
      422,
      'Version locked',
      detail,
    )
    const copy = (await caller.call('PUT', `${version}/clone`)).json.number
    await caller.call('PUT', `/service/${id}/version/${copy}/activate`)
    const active = await caller.call('DELETE', `/service/${id}/version/${copy}/logging/heroku/one`)
    f(active, 422, 'Version locked', `Version '${copy}' for service '${id}' is locked`)
  })

  it('a field that is missing', async () => {
    f(await caller.call('POST', endpoints, {}), 400, 'Bad request', 'missing required name')
    f(
      await caller.call('POST', endpoints, { name: 'x', url: TARGET.url }),
      400,
      'Bad request',
      'missing required token',
    )
    f(
      await caller.call('POST', endpoints, { name: 'x', token: 't' }),
      400,
      'Bad request',
      'missing required url',
    )
    f(
      await caller.call('POST', endpoints, { name: '', ...TARGET }),
      400,
      'Bad request',
      'missing required name',
    )
    await create()
    f(await put('one', { url: '' }), 400, 'Bad request', 'missing required url')
    f(await put('one', { name: null }), 400, 'Bad request', 'missing required name')
  })

  it('a condition that does not exist, the empty one too', async () => {
    f(await create({ response_condition: 'c' }), 400, 'Bad request', "No condition named 'c'")
    f(await create({ response_condition: '' }), 400, 'Bad request', "No condition named ''")
    await condition('c')
    expect((await create({ response_condition: 'c' })).json.response_condition).toBe('c')
    f(await put('one', { response_condition: 'd' }), 400, 'Bad request', "No condition named 'd'")
    expect((await put('one', { response_condition: null })).json.response_condition).toBe('')
  })

  it('a value that is none of those there are', async () => {
    f(await create({ placement: 'top' }), 400, 'Bad request', 'unrecognized placement top')
    f(await create({ placement: '' }), 400, 'Bad request', 'unrecognized placement ')
    f(
      await create({ log_processing_region: 'mars' }),
      400,
      'Bad request',
      'unrecognized log_processing_region mars',
    )
    f(await create({ format_version: '3' }), 400, 'Bad request', 'unrecognized format_version 3')
    f(
      await caller.call('POST', '/service', { name: 'x', type: 'WASM' }),
      400,
      'Type must be one of: vcl, wasm',
    )
  })

  it('a format with a mistake in it, or too long', async () => {
    f(
      await create({ format: '%h %z' }),
      400,
      'Bad request',
      'format: there is no directive "%z", at character 4',
    )
    f(
      await create({ format: 'x'.repeat(12_289) }),
      400,
      'Bad request',
      'format is longer than 12288 characters',
    )
    expect((await create({ format: 'x'.repeat(12_288) })).status).toBe(200)
    // What is right in one version may be wrong in the other.
    expect((await put('one', { format: '%D' })).status).toBe(200)
    f(
      await put('one', { format_version: 1 }),
      400,
      'Bad request',
      'format: version 1 knows %h %l %u %t %r %>s %b and no "%D"; version 2 knows more, at character 1',
    )
  })

  it('a statement that is no condition', async () => {
    const detail = 'statement: there is no variable "resp.stats", at character 1'
    f(await condition('c', { statement: 'resp.stats == 200' }), 400, 'Bad request', detail)
    await condition('c')
    const put = { statement: 'resp.status = 1' }
    const told = 'statement: one "=" compares nothing; write "==", at character 13'
    f(await caller.call('PUT', `${version}/condition/c`, put), 400, 'Bad request', told)
  })

  it('an address that leads nowhere one may send to', async () => {
    f(await create({ url: 'ftp://x' }), 400, 'Bad request', 'url: this is not an https address')
    f(await create({ url: 'nonsense' }), 400, 'Bad request', 'url: this is not an https address')
    const back = `${world.service.config.publicUrl}/drains/x`
    f(await create({ url: back }), 400, 'Bad request', 'url: this leads back to where the lines come from')
  })

  it('a body that cannot be read, or is too large', async () => {
    const broken = { text: '{"name":', type: 'application/json' }
    f(await caller.call('POST', endpoints, broken), 400, 'Bad request', 'the body is not JSON')
    const list = { text: '[1]', type: 'application/json' }
    f(await caller.call('POST', endpoints, list), 400, 'Bad request', 'the body is not a JSON object')
    f(
      await create({ format: 'x'.repeat(300_000) }),
      400,
      'Bad request',
      'the body is larger than 200000 bytes',
    )
  })

  it('a service that was deleted', async () => {
    expect((await caller.call('DELETE', `/service/${id}`)).json).toEqual({ status: 'ok' })
    f(await caller.call('DELETE', `/service/${id}`), 400, 'Bad request', `Service '${id}' is deleted`)
    f(await caller.call('GET', endpoints), 400, 'Bad request', `Service '${id}' is deleted`)
  })

  it('a token that is missing or wrong, before anything else', async () => {
    const { origin } = world.service
    for (const key of [null, 'nonsense', '']) {
      for (const path of [endpoints, '/service', '/service/x/nowhere', '/tokens/self']) {
        const answer = await fetchFastly(origin, key, 'GET', path)
        f(answer, 401, 'Provided credentials are missing or invalid')
        expect(answer.headers.get('retry-after')).toBe('0')
        expect(answer.headers.has('fastly-ratelimit-remaining')).toBe(false)
      }
    }
    expect(
      (await fetchFastly(origin, null, 'GET', endpoints, undefined, { 'FASTLY-KEY': caller.key })).status,
    ).toBe(200)
    expect((await fetchFastly(origin, null, 'GET', `${endpoints}?key=${caller.key}`)).status).toBe(401)
  })

  it('a token of a resource that is gone', async () => {
    await deprovision(world.service, caller.resource.id)
    f(await caller.call('GET', endpoints), 401, 'Provided credentials are missing or invalid')
  })
})

describe('limits', () => {
  it('are told with every request but GET', async () => {
    const { headers } = await create()
    expect(headers.get('fastly-ratelimit-remaining')).toBe('998')
    expect(Number(headers.get('fastly-ratelimit-reset')) % 3600).toBe(0)
    expect((await caller.call('DELETE', `${endpoints}/nope`)).headers.get('fastly-ratelimit-remaining')).toBe(
      '997',
    )
    expect((await caller.call('GET', endpoints)).headers.has('fastly-ratelimit-remaining')).toBe(false)
  })

  it('allow ten endpoints in a version and ten services in a resource', async () => {
    for (let at = 0; at < 10; at++) expect((await create({ name: `e${at}` })).status).toBe(200)
    expect((await create({ name: 'e10' })).json.detail).toBe('A version has at most 10 log endpoints')
    for (let at = 1; at < 10; at++) await createService(caller)
    const more = await caller.call('POST', '/service', { name: 'more' })
    expect(more.json.detail).toBe('A resource has at most 10 services')
  })
})

describe('services', () => {
  it('are one for each resource as soon as somebody looks, named like it', async () => {
    const fresh = await world.stranger()
    expect((await fresh.call('GET', '/service/search?name=nothing')).status).toBe(404)
    const [first, second] = await Promise.all([fresh.call('GET', '/service'), fresh.call('GET', '/service')])
    expect(first?.json).toHaveLength(1)
    expect(second?.json).toEqual(first?.json)
    expect(first?.json[0]).toMatchObject({ name: 'culvert-test-1', type: 'vcl', version: 1 })
    expect((await fresh.call('GET', '/service?page=2&per_page=100')).json).toEqual([])
    const found = await fresh.call('GET', '/service/search?name=culvert-test-1')
    expect(found.json.id).toBe(first?.json[0].id)
  })

  it('are renamed and deleted, but not while one of their versions is active', async () => {
    const { json } = await caller.call('PUT', `/service/${id}`, { name: 'renamed', comment: 'why' })
    expect(json).toMatchObject({ id, name: 'renamed', comment: 'why' })
    await caller.call('PUT', `${version}/activate`)
    const refused = await caller.call('DELETE', `/service/${id}`)
    expect([refused.status, refused.json.detail]).toEqual([
      400,
      `Service '${id}' has an active version; deactivate it first`,
    ])
    await caller.call('PUT', `${version}/deactivate`)
    expect((await caller.call('DELETE', `/service/${id}`)).status).toBe(200)
  })
})

describe('versions', () => {
  const keys = { staging: false, testing: false, deployed: false, deleted_at: null }

  it('are copied with all that is in them', async () => {
    await condition('c')
    await create({ response_condition: 'c', format: '%h' })
    await caller.call('POST', `${version}/domain`, { name: 'example.com' })
    await caller.call('PUT', version, { comment: 'first' })
    const { json: copy } = await caller.call('PUT', `${version}/clone`)
    expect(copy).toMatchObject({
      ...keys,
      number: 2,
      active: false,
      locked: false,
      comment: 'first',
      environments: [],
    })
    const path = `/service/${id}/version/2`
    expect((await caller.call('GET', `${path}/logging/heroku/one`)).json).toMatchObject({
      version: '2',
      format: '%h',
      ...TARGET,
    })
    expect((await caller.call('GET', `${path}/condition/c`)).json).toMatchObject({
      version: '2',
      priority: '100',
    })
    expect((await caller.call('GET', `${path}/domain`)).json).toMatchObject([
      { name: 'example.com', version: 2 },
    ])
    // Each for itself from then on.
    await caller.call('DELETE', `${path}/logging/heroku/one`)
    expect((await caller.call('GET', `${endpoints}/one`)).status).toBe(200)
  })

  it('are locked by being activated, and stay so', async () => {
    const { json } = await caller.call('PUT', `${version}/activate`)
    expect(json).toMatchObject({ ...keys, active: true, locked: true, environments: [], msg: null })
    const production = [{ name: 'production', service_id: id, active_version: 1 }]
    expect((await caller.call('GET', version)).json).toMatchObject({ active: true, environments: production })
    const details = await caller.call('GET', `/service/${id}/details?filter%5Bversions.active%5D=true`)
    expect(details.json).toMatchObject({
      active_version: { number: 1 },
      environments: production,
      version: { number: 1 },
    })
    await caller.call('POST', `/service/${id}/version`)
    await caller.call('PUT', `/service/${id}/version/2/activate`)
    expect((await caller.call('GET', version)).json).toMatchObject({ active: false, locked: true })
    const off = await caller.call('PUT', `/service/${id}/version/2/deactivate`)
    expect(off.json).toMatchObject({ active: false, locked: true })
    expect((await caller.call('GET', `/service/${id}/details`)).json.active_version).toBeNull()
    expect((await caller.call('PUT', `/service/${id}/version/2/deactivate`)).status).toBe(400)
  })

  it('are valid unless a condition of theirs is gone', async () => {
    await condition('c')
    await create({ response_condition: 'c' })
    expect((await caller.call('GET', `${version}/validate`)).json).toEqual({ status: 'ok', msg: null })
    await caller.call('DELETE', `${version}/condition/c`)
    const why = "Log endpoint 'one' has a response_condition that does not exist: 'c'"
    expect((await caller.call('GET', `${version}/validate`)).json).toEqual({ status: 'error', msg: why })
    const refused = await caller.call('PUT', `${version}/activate`)
    expect([refused.status, refused.json]).toEqual([400, { msg: 'Bad request', detail: `ERROR: ${why}` }])
  })

  it('keep settings that mean nothing here', async () => {
    expect((await caller.call('GET', `${version}/settings`)).json).toMatchObject({
      'general.default_ttl': 3600,
      version: 1,
    })
    const { json } = await caller.call('PUT', `${version}/settings`, {
      'general.default_ttl': '60',
      other: '1',
    })
    expect(json).toMatchObject({ 'general.default_ttl': 60, 'general.default_host': '', service_id: id })
    expect((await caller.call('GET', `${version}/settings`)).json).toEqual(json)
  })

  it('are numbered one after the other, however many are made at once', async () => {
    const made = await Promise.all(
      Array.from({ length: 5 }, () => caller.call('POST', `/service/${id}/version`, { comment: 'c' })),
    )
    expect(made.map(({ json }) => json.number).sort()).toEqual([2, 3, 4, 5, 6])
    expect(made[0]?.json).toEqual({ comment: 'c', service_id: id, number: expect.any(Number) })
  })
})

it('tells a token of itself', async () => {
  const { json } = await caller.call('GET', '/tokens/self', undefined, { 'user-agent': 'a test' })
  const { customer_id } = (await caller.call('GET', `/service/${id}`)).json
  expect(json).toMatchObject({
    name: 'Fastly',
    customer_id,
    scope: 'global',
    scopes: ['global'],
    expires_at: null,
    user_agent: 'a test',
  })
})

it('keeps the target of an endpoint sealed', async () => {
  await create({ token: 'very-secret' })
  const { rows } = await world.service.database.pool.query(
    'select sealed_target::text as sealed from log_endpoint where service_id = $1',
    [id],
  )
  expect(Buffer.from(rows[0].sealed.slice(2), 'hex').toString('latin1')).not.toMatch(/very-secret|logplex/)
})

// The last one: what is sealed under another key, the service here cannot read any more.
it('reseals targets under a new key, so that the old one can go', async () => {
  await create({ token: 'very-secret' })
  const { pool } = world.service.database
  const added = { id: 'k2', key: Buffer.alloc(32, 7).toString('base64') }
  const both = createSecretBox([added, ...world.service.config.secretKeys], randomBytes)
  const reseal = () => resealOld(pool, both, [ENDPOINT_SEALED_COLUMN], 1_000)
  expect(await reseal()).toBeGreaterThan(0)
  expect(await reseal()).toBe(0)
  const store = createEndpointStore(pool, createSecretBox([added], randomBytes))
  const found = await store.find({ resourceId: caller.resource.id, serviceId: id, version: 1 }, 'one')
  expect(found).toMatchObject({ token: 'very-secret', url: TARGET.url })
})
