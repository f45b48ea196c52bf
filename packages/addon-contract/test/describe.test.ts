import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CookieJar, cookiesOf } from '../src/cookies.ts'
import { describeExchange } from '../src/describe.ts'
import type { Exchange } from '../src/exchange.ts'

const exchange = (parts: { url?: string; sent?: string; got?: string; header?: string }): Exchange => ({
  what: 'a call',
  from: 'heroku',
  at: 0,
  request: {
    method: 'POST',
    url: parts.url ?? 'https://addon.example/',
    headers: { 'X-Said': parts.header ?? '' },
    body: Buffer.from(parts.sent ?? ''),
  },
  answer: { status: 200, headers: { 'x-said': parts.header ?? '' }, body: Buffer.from(parts.got ?? '') },
  failure: null,
  durationMs: 1,
})

describe('a described exchange', () => {
  it('contains no secret, wherever it was and however long the text', () => {
    const secret = 'Zx9-the-secret'
    const around = fc.oneof(fc.string(), fc.string({ minLength: 1_980, maxLength: 2_010 }))
    fc.assert(
      fc.property(around, around, (before, after) => {
        const text = `${before}${secret}${after}`
        const shown = describeExchange(
          exchange({ url: `https://addon.example/?x=${secret}`, sent: text, got: text, header: text }),
          [secret],
        )
        for (const one of [shown.sent, shown.received]) {
          expect(one?.body).not.toContain(secret.slice(0, 8))
          expect(Object.values(one?.headers ?? {}).join()).not.toContain(secret)
        }
        expect(shown.sent.url).not.toContain(secret)
      }),
    )
  })

  it('replaces credentials and cookies, and keeps their kind', () => {
    const { request, answer, ...rest } = exchange({ got: 'postgres://user:hunter2@db.example/x' })
    const shown = describeExchange(
      {
        ...rest,
        request: { ...request, headers: { Authorization: 'Basic YWJjOmRlZg==', Cookie: 'a=1; b=2' } },
        answer: answer && {
          ...answer,
          headers: { 'set-cookie': ['s=abc; Path=/; HttpOnly', 't=d; Secure'] },
        },
      },
      [],
    )
    expect(shown.sent.headers).toEqual({ Authorization: 'Basic ***', Cookie: 'a=***; b=***' })
    expect(shown.received?.headers).toEqual({ 'set-cookie': 's=***; Path=/; HttpOnly, t=***; Secure' })
    expect(shown.received?.body).toBe('postgres://user:***@db.example/x')
  })
})

it('a described exchange contains no secret of webhooks or OAuth, in JSON or forms', () => {
  const shown = (sent: string) => describeExchange(exchange({ sent }), []).sent.body
  expect(shown('{"url":"https://x.example","secret":"abc","authorization": "Bearer def"}')).toBe(
    '{"url":"https://x.example","secret":"***","authorization": "***"}',
  )
  expect(shown('code=1&client_secret=abc&x=1')).toBe('code=1&client_secret=***&x=1')
  expect(shown('{"access_token":"HRKU-1","expires_in":1}')).toBe('{"access_token":"***","expires_in":1}')
})

describe('cookies', () => {
  const answer = (...lines: string[]) => ({
    status: 200,
    headers: { 'Set-Cookie': lines },
    body: Buffer.alloc(0),
  })

  it('are parsed with their attributes', () => {
    expect(cookiesOf(answer('a=b=c; Path=/x; HttpOnly; SameSite=Lax', 'd=; secure'))).toEqual([
      { name: 'a', value: 'b=c', path: '/x', httpOnly: true, secure: false, sameSite: 'lax' },
      { name: 'd', value: '', path: '/', httpOnly: false, secure: true, sameSite: null },
    ])
  })

  it('are sent with requests below their path, and later ones replace earlier ones', () => {
    const jar = new CookieJar()
    jar.keep(answer('a=1; Path=/x', 'b=1; Path=/'))
    jar.keep(answer('b=2; Path=/'))
    const at = (path: string) => jar.header(`https://addon.example${path}`)
    expect(at('/x')).toBe('a=1; b=2')
    expect(at('/x/y')).toBe('a=1; b=2')
    expect(at('/xy')).toBe('b=2')
    expect(new CookieJar().header('https://addon.example/')).toBeNull()
  })
})
