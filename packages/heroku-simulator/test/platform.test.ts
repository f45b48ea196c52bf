// The simulated Platform API and webhooks, as strict as Heroku's documentation.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHeroku, type Heroku, type SimResource } from '../src/heroku.ts'
import { openPlatform, type Platform } from '../src/platform.ts'
import { createRandom } from '../src/random.ts'
import { signatureOf } from '../src/webhooks.ts'

/** Receives webhooks, and answers them with the next of these statuses; 204 if there is none. */
let answers: number[]
let received: { headers: IncomingHttpHeaders; body: Buffer }[]
let addon: Server
let origin: string
let heroku: Heroku
let platform: Platform
let resource: SimResource
let token: string

beforeEach(async () => {
  answers = []
  received = []
  addon = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    received.push({ headers: request.headers, body: Buffer.concat(chunks) })
    response.writeHead(answers.shift() ?? 204).end()
  })
  addon.listen(0, '127.0.0.1')
  await once(addon, 'listening')
  origin = `http://127.0.0.1:${(addon.address() as AddressInfo).port}`
  platform = await openPlatform(() => heroku)
  heroku = createHeroku({
    addon: {
      id: 'culvert',
      password: 'x',
      ssoSalt: 'x',
      baseUrl: origin,
      ssoUrl: origin,
      configVars: ['CULVERT_URL'],
    },
    random: createRandom('platform'),
    clientSecrets: ['secret'],
  })
  const uuid = randomUUID()
  const drainUrl = 'https://localhost:1/drains/x'
  resource = heroku.adopt({
    uuid,
    plan: 'test',
    app: 'a',
    state: 'provisioning',
    drainToken: 'd.x',
    drainUrl,
  })
  const form = {
    grant_type: 'authorization_code',
    code: heroku.idServer.issueGrant(uuid),
    client_secret: 'secret',
  }
  const answer = await fetch(`${platform.origin}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  token = ((await answer.json()) as { access_token: string }).access_token
})
afterEach(async () => {
  heroku.stop()
  await platform.close()
  addon.closeAllConnections()
  addon.close()
})

async function call(method: string, path: string, body?: object): Promise<[number, unknown]> {
  const answer = await fetch(`${platform.origin}/addons/${resource.uuid}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  return [answer.status, await answer.json()]
}
const webhook = (fields: object = {}) => ({
  include: ['api:addon-attachment'],
  level: 'sync',
  url: `${origin}/hook`,
  secret: 's',
  authorization: 'Bearer a',
  ...fields,
})

describe('config', () => {
  it('is an array of vars that the manifest declares', async () => {
    const f = async (config: unknown, status: number) =>
      expect((await call('PATCH', '/config', { config }))[0]).toBe(status)
    await f([{ name: 'CULVERT_URL', value: 'https://x.test' }], 200)
    await f({ CULVERT_URL: 'https://x.test' }, 422)
    await f([{ name: 'OTHER_URL', value: 'https://x.test' }], 422)
    await f([{ name: 'CULVERT_URL', value: 7 }], 422)
    await f(undefined, 422)
    expect(await call('GET', '/config')).toEqual([200, [{ name: 'CULVERT_URL', value: 'https://x.test' }]])
    expect(resource.configWrites).toBe(1)
  })
})

describe('actions', () => {
  it('complete a provision once', async () => {
    expect(await call('GET', '')).toMatchObject([200, { state: 'provisioning' }])
    expect((await call('POST', '/actions/provision'))[0]).toBe(200)
    expect(await call('GET', '')).toMatchObject([200, { state: 'provisioned' }])
    expect((await call('POST', '/actions/provision'))[0]).toBe(422)
    expect((await call('POST', '/actions/deprovision'))[0]).toBe(422)
    expect(resource.completions).toBe(1)
  })

  it('cancel a provision, and revoke its token', async () => {
    expect((await call('POST', '/actions/deprovision'))[0]).toBe(200)
    expect((await call('GET', ''))[0]).toBe(401)
    expect(heroku.find(resource.uuid)).toBe(null)
  })
})

describe('webhooks', () => {
  it('accept only the properties of the schema', async () => {
    const f = async (body: object, status: number) =>
      expect((await call('POST', '/webhooks', body))[0]).toBe(status)
    await f(webhook({ name: 'x' }), 422)
    await f(webhook({ level: 'often' }), 422)
    await f({ url: origin }, 422)
    await f(webhook(), 201)
    await f(webhook(), 201)
    const [, list] = await call('GET', '/webhooks')
    expect(list).toHaveLength(2)
    expect(JSON.stringify(list)).not.toContain('Bearer a')
  })

  it('are changed and ended by their ids', async () => {
    const [, made] = await call('POST', '/webhooks', webhook())
    const { id } = made as { id: string }
    expect((await call('PATCH', `/webhooks/${id}`, { secret: 'other' }))[0]).toBe(200)
    expect(heroku.webhooks.of(resource.uuid)).toMatchObject([
      { id, secret: 'other', authorization: 'Bearer a' },
    ])
    expect((await call('DELETE', `/webhooks/${id}`))[0]).toBe(200)
    expect((await call('DELETE', `/webhooks/${id}`))[0]).toBe(404)
    expect((await call('PATCH', `/webhooks/${id}`, {}))[0]).toBe(404)
  })

  it('deliver subscribed events, signed, until they are acknowledged', async () => {
    await call('POST', '/webhooks', webhook())
    answers = [500, 302]
    const { attachmentId } = heroku.attach(resource.uuid, 'b')
    heroku.rename(resource.uuid, 'not-subscribed-to')
    await heroku.webhooks.whenIdle()
    expect(received).toHaveLength(3)
    for (const { headers, body } of received) {
      expect(headers).toMatchObject({
        authorization: 'Bearer a',
        'heroku-webhook-hmac-sha256': signatureOf(body, 's'),
      })
    }
    const events = received.map(({ body }) => JSON.parse(body.toString()))
    expect(new Set(events.map(({ id }) => id)).size).toBe(1)
    expect(new Set(events.map(({ webhook_metadata: { attempt } }) => attempt.id)).size).toBe(3)
    expect(events[0]).toMatchObject({
      action: 'create',
      resource: 'addon-attachment',
      data: { id: attachmentId, app: { name: 'b' } },
      webhook_metadata: { event: { id: events[0].id, include: 'api:addon-attachment' } },
    })
  })

  it('arrive once, twice, never, or late in reverse order', async () => {
    await call('POST', '/webhooks', webhook({ level: 'notify' }))
    const apps = () => received.splice(0).map(({ body }) => JSON.parse(body.toString()).data.app.name)
    answers = [500]
    heroku.attach(resource.uuid, 'once')
    await heroku.webhooks.whenIdle()
    expect(apps()).toEqual(['once'])
    heroku.webhooks.manner = 'twice'
    heroku.attach(resource.uuid, 'twice')
    await heroku.webhooks.whenIdle()
    expect(apps()).toEqual(['twice', 'twice'])
    heroku.webhooks.manner = 'lost'
    heroku.attach(resource.uuid, 'never')
    heroku.webhooks.manner = 'held'
    heroku.attach(resource.uuid, 'early')
    heroku.attach(resource.uuid, 'late')
    await heroku.webhooks.whenIdle()
    expect(apps()).toEqual([])
    heroku.webhooks.release()
    await heroku.webhooks.whenIdle()
    expect(apps().sort()).toEqual(['early', 'late'])
    expect(heroku.webhooks.attempts.at(-1)?.status).toBe(204)
  })
})

describe('another grant', () => {
  const ask = (password: string) =>
    fetch(`${platform.origin}/vendor/resources/${resource.uuid}/oauth-grant`, {
      headers: { authorization: `Basic ${Buffer.from(`culvert:${password}`).toString('base64')}` },
    })

  it('is issued to the add-on, if Heroku has unlocked it', async () => {
    expect((await ask('x')).status).toBe(403)
    heroku.allowsNewGrants = true
    expect((await ask('wrong')).status).toBe(401)
    expect(await (await ask('x')).json()).toMatchObject({ code: expect.any(String) })
  })
})
