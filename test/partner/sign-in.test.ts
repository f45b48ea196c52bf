import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  deprovision,
  hash,
  postForm,
  provisioned,
  type Service,
  shareResource,
  signedIn,
  ssoForm,
  startService,
} from './service.ts'

let service: Service
let id: string
shareResource((started, resource) => {
  service = started
  id = resource
})

type Answer = Awaited<ReturnType<typeof postForm>>

async function sessions(): Promise<Record<string, unknown>[]> {
  const { rows } = await service.database.pool.query(
    `select encode(id_digest, 'hex') as digest, resource_id, user_id, email, app, expires_at
       from session order by created_at`,
  )
  return rows
}

const newestSession = async () => (await sessions()).at(-1)

function expectHumanPage(answer: Answer, status: number): void {
  expect(answer.statusCode).toBe(status)
  expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
  expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
  expect(answer.headers['set-cookie']).toBeUndefined()
  expect(answer.body).toContain('https://dashboard.heroku.com')
  expect(answer.body).not.toMatch(/\bat .*\.(ts|js):\d+/)
}

describe('signing in', () => {
  it('leads to the page of the resource with a session cookie for it alone', async () => {
    const answer = await postForm(service, ssoForm(service, id))
    expect(answer.statusCode).toBe(303)
    expect(answer.headers.location).toBe(`/resources/${id}`)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.cookies).toEqual([
      {
        name: 'culvert_session',
        value: expect.stringMatching(/^[\w-]{43}$/),
        path: `/resources/${id}`,
        maxAge: 5_400,
        httpOnly: true,
        secure: true,
        sameSite: 'Lax',
      },
    ])
  })

  it('keeps the digest of the cookie, the person Heroku vouched for and the end in 90 minutes', async () => {
    const form = ssoForm(service, id)
    const answer = await postForm(service, form)
    expect(await newestSession()).toEqual({
      digest: hash('sha256', answer.cookies[0]?.value ?? ''),
      resource_id: id,
      user_id: form.user_id,
      email: 'dev+logs@example.com',
      app: 'tidy-river-staging',
      expires_at: new Date(service.clock.now.getTime() + 90 * 60_000),
    })
  })

  it('takes a plus in an e-mail address for a plus', async () => {
    const answer = await postForm(service, ssoForm(service, id, { email: 'a+b c@example.com' }))
    expect(answer.statusCode).toBe(303)
    expect((await newestSession())?.email).toBe('a+b c@example.com')
  })

  it('keeps no name that only the older token came with', async () => {
    const form = ssoForm(service, id, { user_scoped_resource_token: undefined })
    expect((await postForm(service, form)).statusCode).toBe(303)
    expect(await newestSession()).toMatchObject({ user_id: null, email: null })
  })

  it('works with the names of the first version, which kensa sends', async () => {
    const form = ssoForm(service, id, {
      resource_id: undefined,
      resource_token: undefined,
      user_scoped_resource_token: undefined,
      context_app: undefined,
    })
    const answer = await postForm(service, {
      ...form,
      id,
      token: hash('sha1', `${id}:${service.config.addon.ssoSalts[0]}:${form.timestamp}`),
    })
    expect(answer.statusCode).toBe(303)
    expect((await newestSession())?.app).toBe('tidy-river-1234')
  })

  it.each(['<script>', 'a b', '\0', 'x'.repeat(200)])('keeps no app name like %j', async (context_app) => {
    expect((await postForm(service, ssoForm(service, id, { context_app }))).statusCode).toBe(303)
    expect((await newestSession())?.app).toBeNull()
  })

  it('opens a new session each time, so a double click is harmless and none can be fixed beforehand', async () => {
    const form = ssoForm(service, id)
    const answers = await Promise.all([postForm(service, form), postForm(service, form)])
    expect(answers.map((answer) => answer.statusCode)).toEqual([303, 303])
    const [one, two] = answers.map((answer) => answer.cookies[0]?.value)
    expect(one).not.toBe(two)
    const planted = await service.app.inject({
      method: 'POST',
      url: '/sso/login',
      headers: { 'content-type': 'application/x-www-form-urlencoded', cookie: 'culvert_session=planted' },
      payload: new URLSearchParams(form).toString(),
    })
    expect(planted.cookies[0]?.value).not.toBe('planted')
  })

  it('sends no navigation cookie unless the setting asks for it', async () => {
    const answer = await postForm(service, ssoForm(service, id))
    expect(answer.cookies.map((cookie) => cookie.name)).toEqual(['culvert_session'])
  })

  it('marks no cookie Secure where the service itself is plain http, as on a developer machine', async () => {
    const local = await startService({ PUBLIC_URL: 'http://localhost:5000' })
    try {
      const resource = await provisioned(local)
      const answer = await postForm(local, ssoForm(local, resource.id))
      expect(answer.cookies[0]?.secure).toBeUndefined()
      expect(answer.cookies[0]?.httpOnly).toBe(true)
    } finally {
      await local.close()
    }
  })

  it('leaves no token, salt or e-mail address in the log', async () => {
    service.logged.length = 0
    const form = ssoForm(service, id)
    const answer = await postForm(service, form)
    await postForm(service, { ...form, user_scoped_resource_token: 'wrong' })
    const log = service.logged.join('')
    expect(log).toContain('signed in')
    expect(log).toContain('sso_refused')
    const secrets = [
      form.user_scoped_resource_token,
      form.resource_token,
      form.email,
      answer.cookies[0]?.value,
      service.config.addon.ssoSalts[0],
    ]
    for (const secret of secrets) expect(log).not.toContain(secret)
  })
})

describe('where signing in leads to', () => {
  it.each([
    ['?q=error', '?q=error'],
    ['/resources/:id?q=a+b', '?q=a+b'],
    ['/resources/:id/lines?limit=5', '/lines?limit=5'],
    ['/resources/:id#bottom', ''],
  ])('follows the path %s', async (path, below) => {
    const answer = await postForm(service, ssoForm(service, id, { path: path.replace(':id', id) }))
    expect(answer.headers.location).toBe(`/resources/${id}${below}`)
  })

  it.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '\\\\evil.example',
    'javascript:alert(1)',
    'https://culvert.test/resources/:id',
    '/',
    '/sso/login',
    '/resources/:other',
    '/resources/:id0',
    '/resources/:id/../:other',
    '/resources/:id/%2e%2e/:other',
    'http://[',
    '\r\nset-cookie: a=b',
    '',
  ])('stays at the resource for the path %j', async (path) => {
    const asked = path.replace(':id', id).replace(':other', randomUUID())
    const answer = await postForm(service, ssoForm(service, id, { path: asked }))
    expect(answer.statusCode).toBe(303)
    expect(answer.headers.location).toBe(`/resources/${id}`)
  })
})

describe('a sign-in that is refused', () => {
  it.each<[string, Record<string, string | undefined>]>([
    ['a wrong token', { user_scoped_resource_token: 'wrong' }],
    ['a wrong older token', { user_scoped_resource_token: undefined, resource_token: 'wrong' }],
    ['no token', { user_scoped_resource_token: undefined, resource_token: undefined }],
    ['no resource', { resource_id: undefined }],
    ['no time', { timestamp: undefined, user_scoped_resource_token: 'x' }],
    ['a time that is none', { timestamp: 'now' }],
    ['another e-mail address', { email: undefined }],
    ['an upper-case resource', { resource_id: 'UPPER' }],
  ])('is answered 403 with a human page for %s', async (_, changes) => {
    const form = ssoForm(service, id)
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) delete form[name]
      else form[name] = value
    }
    expectHumanPage(await postForm(service, form), 403)
  })

  it.each([-301, 301])('is answered 403 when its time is %i seconds off', async (seconds) => {
    const form = ssoForm(service, id)
    service.clock.now = new Date(Number(form.timestamp) * 1000 + seconds * 1000)
    expectHumanPage(await postForm(service, form), 403)
  })

  it.each([-299, 299])('is none when its time is %i seconds off', async (seconds) => {
    const form = ssoForm(service, id)
    service.clock.now = new Date(Number(form.timestamp) * 1000 + seconds * 1000)
    expect((await postForm(service, form)).statusCode).toBe(303)
  })

  it('is answered 403 for a field that comes twice, since nobody knows which one the token covers', async () => {
    const form = new URLSearchParams(ssoForm(service, id))
    form.append('email', 'other@example.com')
    expectHumanPage(await postForm(service, form.toString()), 403)
  })

  it('is answered 403 for an empty form', async () => {
    expectHumanPage(await postForm(service, ''), 403)
  })

  it('is answered 403 for the older token alone where the setting forbids it', async () => {
    const strict = await startService({ SSO_ACCEPT_SHA1: 'false' })
    try {
      const resource = await provisioned(strict)
      const form = ssoForm(strict, resource.id, { user_scoped_resource_token: undefined })
      expectHumanPage(await postForm(strict, form), 403)
      expect((await postForm(strict, ssoForm(strict, resource.id))).statusCode).toBe(303)
    } finally {
      await strict.close()
    }
  })

  it.each([randomUUID(), '123', "'"])('is answered 404 for %s, which nobody knows', async (unknown) => {
    expectHumanPage(await postForm(service, ssoForm(service, unknown)), 404)
  })

  it('is answered 410 for a deprovisioned resource', async () => {
    const gone = await provisioned(service)
    await deprovision(service, gone.id)
    expectHumanPage(await postForm(service, ssoForm(service, gone.id)), 410)
  })

  it('does not tell, without a token, whether a resource exists', async () => {
    const answers = [id, randomUUID()].map((one) =>
      postForm(service, { ...ssoForm(service, one), user_scoped_resource_token: 'wrong' }),
    )
    const [known, unknown] = await Promise.all(answers)
    expect(known?.statusCode).toBe(unknown?.statusCode)
    expect(known?.body).toBe(unknown?.body)
  })

  it('takes the previous salt while a rotation is under way', async () => {
    const before = await startService({ ADDON_SSO_SALT: 'old' })
    const rotating = await startService({ ADDON_SSO_SALT: 'new', ADDON_SSO_SALT_PREVIOUS: 'old' })
    try {
      const resource = await provisioned(rotating)
      for (const signer of [before, rotating]) {
        expect((await postForm(rotating, ssoForm(signer, resource.id))).statusCode).toBe(303)
      }
      expectHumanPage(await postForm(rotating, ssoForm(service, resource.id)), 403)
    } finally {
      await before.close()
      await rotating.close()
    }
  })

  it('is a page that says where to begin when somebody types the address', async () => {
    const answer = await service.app.inject({ url: '/sso/login', headers: { accept: 'text/html' } })
    expectHumanPage(answer, 405)
    expect(answer.headers.allow).toBe('POST')
  })

  it.each(['application/json', 'text/plain', 'multipart/form-data'])(
    'is a page for a body of type %s',
    async (type) => {
      const answer = await service.app.inject({
        method: 'POST',
        url: '/sso/login',
        headers: { 'content-type': type },
        payload: JSON.stringify(ssoForm(service, id)),
      })
      expectHumanPage(answer, 400)
    },
  )
})

describe('two resources in two tabs', () => {
  it('have a session each, and neither reads the other', async () => {
    const other = (await provisioned(service)).id
    const [cookie, otherCookie] = [await signedIn(service, id), await signedIn(service, other)]
    const status = async (resource: string, sent: string) =>
      (await service.app.inject({ url: `/resources/${resource}/lines`, headers: { cookie: sent } }))
        .statusCode
    expect(await status(id, cookie)).toBe(200)
    expect(await status(other, otherCookie)).toBe(200)
    expect(await status(id, otherCookie)).toBe(401)
    expect(await status(other, cookie)).toBe(401)
  })
})
