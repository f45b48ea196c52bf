import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { openDashboard } from '../src/dashboard.ts'
import { createHeroku, type HerokuOptions } from '../src/heroku.ts'
import { HerokuRefusal } from '../src/partner-answer.ts'
import { createRandom } from '../src/random.ts'
import { ssoForm, ssoPage } from '../src/sso-form.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

interface Received {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}
type Reply = { status: number; body?: unknown }

const UUID = '8f3b2c1a-5d6e-4f70-8a9b-0c1d2e3f4a5b'
const NOW = Date.UTC(2026, 2, 1, 10, 15)
const GOOD = {
  id: UUID,
  message: 'Welcome',
  config: { CULVERT_URL: 'https://addon.example/r' },
  log_drain_url: 'https://addon.example/drains/x',
}

/** An add-on with scripted answers to Heroku that accepts every log delivery. */
async function startAddon(replies: Reply[], options: Partial<HerokuOptions> = {}) {
  const calls: Received[] = []
  const deliveries: Received[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { method = '', url = '', headers } = request
    const isDelivery = url.startsWith('/drains/')
    const list = isDelivery ? deliveries : calls
    list.push({ method, url, headers, body })
    const reply = isDelivery ? { status: 204 } : replies[Math.min(calls.length, replies.length) - 1]
    response.writeHead(reply?.status ?? 500)
    response.end(
      reply?.body === undefined
        ? ''
        : typeof reply.body === 'string'
          ? reply.body
          : JSON.stringify(reply.body),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const heroku = createHeroku({
    addon: {
      id: 'culvert',
      password: 'secret',
      ssoSalt: 'salt',
      baseUrl: `${origin}/heroku/resources`,
      ssoUrl: `${origin}/sso/login`,
      configVars: ['CULVERT_URL'],
    },
    random: createRandom(1),
    clock: () => NOW,
    drains: { deliverTo: origin },
    ...options,
  })
  closers.push(() => {
    heroku.stop()
    server.closeAllConnections()
    server.close()
  })
  return { heroku, calls, deliveries, origin }
}

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable('nothing was refused'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(HerokuRefusal)
      return error as HerokuRefusal
    },
  )

describe('provisioning', () => {
  it.each([
    ['once', 1],
    ['late', 1],
    ['twice', 2],
    ['lost', 2],
  ] as const)('reaches the add-on %s: %s calls, and one resource', async (manner, times) => {
    const { heroku, calls } = await startAddon([{ status: 200, body: GOOD }])
    heroku.callManner = manner
    await heroku.provision({ plan: 'test', uuid: UUID })
    expect(calls.map(({ body }) => JSON.parse(body).uuid)).toEqual(Array(times).fill(UUID))
    expect(heroku.resources()).toHaveLength(1)
  })

  it('waits for the add-on after a 202', async () => {
    const { config: _, ...later } = GOOD
    const { heroku } = await startAddon([{ status: 202, body: later }])
    const resource = await heroku.provision({ plan: 'test', uuid: UUID })
    expect(resource).toMatchObject({ state: 'provisioning', config: {} })
    expect([heroku.complete(UUID), heroku.complete(UUID)]).toEqual([true, false])
    expect(resource).toMatchObject({ state: 'provisioned', completions: 1 })
  })

  it('sends the request of Heroku', async () => {
    const { heroku, calls } = await startAddon([{ status: 200, body: GOOD }])
    await heroku.provision({ plan: 'test', uuid: UUID, options: { verbose: 'true' } })
    const [call] = calls as [Received]
    expect(call).toMatchObject({ method: 'POST', url: '/heroku/resources' })
    expect(call.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('culvert:secret').toString('base64')}`,
      accept: 'application/vnd.heroku-addons+json; version=3',
      'content-type': 'application/json',
    })
    expect(JSON.parse(call.body)).toEqual({
      uuid: UUID,
      name: expect.stringMatching(/^culvert-[a-z]+-\d{5}$/),
      plan: 'test',
      region: 'amazon-web-services::us-east-1',
      callback_url: `https://api.heroku.com/addons/${UUID}`,
      oauth_grant: {
        code: expect.any(String),
        type: 'authorization_code',
        expires_at: '2026-03-01T02:20:00-0800',
      },
      options: { verbose: 'true' },
      log_drain_token: expect.stringMatching(/^d\.[0-9a-f-]{36}$/),
      log_input_url: expect.stringMatching(/^https:\/\/token:t\.[0-9a-f-]{36}@1\.us\.logplex\.io\/logs$/),
    })
  })

  it('starts the drain of the resource with the token of the request', async () => {
    const { heroku, calls, deliveries } = await startAddon([{ status: 200, body: GOOD }])
    const { drains } = await heroku.provision({ plan: 'test', uuid: UUID })
    drains[0]?.push({ priority: 190, time: 'T', source: 'app', process: 'web.1', message: 'hello\n' })
    await drains[0]?.whenIdle()
    const token = JSON.parse(calls[0]?.body ?? '').log_drain_token
    expect(deliveries).toMatchObject([
      { url: '/drains/x', headers: { host: 'addon.example', 'logplex-drain-token': token } },
    ])
    expect(deliveries[0]?.body).toContain('hello')
  })

  it('refuses answers that Heroku refuses', async () => {
    const f = async (reply: Reply, reason: RegExp) => {
      const { heroku } = await startAddon([reply])
      expect((await refusal(heroku.provision({ plan: 'test', uuid: UUID }))).message).toMatch(reason)
      expect(heroku.resources()).toEqual([])
    }
    await f({ status: 200, body: 'oops' }, /not JSON/)
    await f({ status: 200, body: [] }, /not a JSON object/)
    await f({ status: 200, body: { ...GOOD, id: undefined } }, /"id"/)
    await f({ status: 200, body: { ...GOOD, config: { CULVERT_URL: 7 } } }, /CULVERT_URL must be a string/)
    await f({ status: 200, body: { ...GOOD, config: { OTHER: 'x' } } }, /OTHER is not in the manifest/)
    await f({ status: 200, body: { ...GOOD, log_drain_url: 'http://plain.example/' } }, /log_drain_url/)
    await f({ status: 202, body: GOOD }, /202 must carry no "config"/)
    await f({ status: 401, body: {} }, /401/)
  })

  it('accepts a 202 without config', async () => {
    const { heroku } = await startAddon([{ status: 202, body: { ...GOOD, config: undefined } }])
    const { answer } = await heroku.provision({ plan: 'test', uuid: UUID })
    expect(answer).toEqual({ id: UUID, message: 'Welcome', config: null, logDrainUrl: GOOD.log_drain_url })
  })

  it('shows the customer the message of a 422 or 503 only', async () => {
    const f = async (status: number) => {
      const { heroku } = await startAddon([{ status, body: { message: 'no such plan' } }])
      return (await refusal(heroku.provision({ plan: 'x' }))).shownToCustomer
    }
    expect(await f(422)).toBe('no such plan')
    expect(await f(503)).toBe('no such plan')
    expect(await f(500)).not.toContain('no such plan')
  })
})

describe('a provisioned resource', () => {
  it('changes its plan by a PUT of the plan alone', async () => {
    const { heroku, calls } = await startAddon([
      { status: 200, body: GOOD },
      { status: 200, body: { message: 'Now premium' } },
    ])
    await heroku.provision({ plan: 'test', uuid: UUID })
    expect(await heroku.changePlan(UUID, 'premium')).toEqual({ config: null, message: 'Now premium' })
    expect(calls[1]).toMatchObject({
      method: 'PUT',
      url: `/heroku/resources/${UUID}`,
      body: '{"plan":"premium"}',
    })
    expect(heroku.resources()[0]?.plan).toBe('premium')
  })

  it('keeps its plan when the change is refused', async () => {
    const { heroku } = await startAddon([
      { status: 200, body: GOOD },
      { status: 422, body: { message: 'no' } },
    ])
    await heroku.provision({ plan: 'test', uuid: UUID })
    await refusal(heroku.changePlan(UUID, 'premium'))
    expect(heroku.resources()[0]?.plan).toBe('test')
  })

  it('is removed by a DELETE without body, even after a 410, and its drain ends', async () => {
    for (const status of [204, 200, 410]) {
      const { heroku, calls, deliveries } = await startAddon([{ status: 200, body: GOOD }, { status }])
      const { drains } = await heroku.provision({ plan: 'test', uuid: UUID })
      await heroku.deprovision(UUID)
      expect(calls[1]).toMatchObject({ method: 'DELETE', url: `/heroku/resources/${UUID}`, body: '' })
      expect(calls[1]?.headers['content-length']).toBeUndefined()
      drains[0]?.push({ priority: 190, time: 'T', source: 'app', process: 'web.1', message: 'late\n' })
      await drains[0]?.whenIdle()
      expect(deliveries).toEqual([])
      expect(heroku.resources()).toEqual([])
    }
  })

  it('is attached to another app without a call to the add-on: another token, the same address', async () => {
    const { heroku, calls, deliveries } = await startAddon([{ status: 200, body: GOOD }])
    const { drains } = await heroku.provision({ plan: 'test', uuid: UUID })
    const attached = heroku.attach(UUID, 'staging')
    expect(calls).toHaveLength(1)
    expect(attached.token).not.toBe(drains[0]?.token)
    attached.push({ priority: 190, time: 'T', source: 'app', process: 'web.1', message: 'hello\n' })
    await attached.whenIdle()
    expect(deliveries).toMatchObject([
      { url: '/drains/x', headers: { 'logplex-drain-token': attached.token } },
    ])
  })

  it('is drained by several nodes over connections of their own', async () => {
    const { heroku, deliveries } = await startAddon([{ status: 200, body: GOOD }], { nodes: 3 })
    const { drains } = await heroku.provision({ plan: 'test', uuid: UUID })
    const line = { priority: 190, time: 'T', source: 'app', process: 'web.1', message: 'x\n' }
    for (let n = 0; n < 60; n++) drains[0]?.push(line)
    await drains[0]?.whenIdle()
    expect(drains[0]?.nodes.map((node) => node.counts.acknowledged > 0)).toEqual([true, true, true])
    expect(new Set(deliveries.map(({ headers }) => headers['logplex-frame-id'])).size).toBe(3)
  })
})

describe('signing in', () => {
  const addon = { ssoUrl: 'https://addon.example/sso/login', ssoSalt: 's4lt-for-tests-only' }
  const person = {
    userId: '3c9d1e2f-7a8b-4c5d-9e0f-112233445566',
    email: 'dev@example.com',
    app: 'owner',
    contextApp: 'other',
  }

  it('computes both tokens as Heroku documents them', () => {
    expect(ssoForm(addon, UUID, person, 1_767_225_600)).toEqual({
      url: 'https://addon.example/sso/login',
      fields: {
        resource_id: UUID,
        user_scoped_resource_token: 'd11020a999a31eec63aefe0eda5acaadad09c8e6f00b1b6a2d701c1595370368',
        resource_token: 'de360d665db329c664788e0d5b74660921103551',
        timestamp: '1767225600',
        user_id: person.userId,
        email: 'dev@example.com',
        app: 'owner',
        context_app: 'other',
      },
    })
    // The vector that Heroku publishes.
    const published = { ssoUrl: 'x', ssoSalt: '2f97bfa52ca102f8874716e2eb1d3b4920ad0be4' }
    expect(ssoForm(published, '123', person, 1_267_597_772).fields.resource_token).toBe(
      'bb466eb1d6bc345d11072c3cd25c311f21be130d',
    )
  })

  it('puts every field into the page, escaped', () => {
    const page = ssoPage({ url: 'https://addon.example/?a=1&b', fields: { email: '"<dev+x>@example.com' } })
    expect(page).toContain('<form method="post" action="https://addon.example/?a=1&amp;b">')
    expect(page).toContain('name="email" value="&quot;&lt;dev+x&gt;@example.com"')
    expect(page).toContain('<noscript><button>Sign in</button></noscript>')
  })

  it('works by one link, with a new form at each visit', async () => {
    let now = NOW
    const { heroku } = await startAddon([{ status: 200, body: GOOD }], { clock: () => now })
    await heroku.provision({ plan: 'test', uuid: UUID })
    const dashboard = await openDashboard((uuid) => heroku.signIn(uuid))
    closers.push(() => dashboard.close())
    const visit = async () => (await fetch(dashboard.signInUrl(UUID))).text()
    const first = await visit()
    expect(first).toContain(`name="resource_id" value="${UUID}"`)
    now += 5_000
    expect(await visit()).not.toBe(first)
  })

  it('has no page for a resource that Heroku does not have', async () => {
    const dashboard = await openDashboard(() => null)
    closers.push(() => dashboard.close())
    const answer = await fetch(dashboard.signInUrl(UUID))
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({ id: 'not_found' })
  })
})
