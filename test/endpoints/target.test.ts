// Where a log endpoint may lead, in production: nowhere inside, in no spelling, and not by a name that changes its mind
// between being checked and being called.
import { describe, expect, it } from 'vitest'
import { judge, post } from '../../src/endpoints/sender/post.ts'
import { checkTarget } from '../../src/endpoints/target.ts'
import { createOutbound, type ResolvedAddress } from '../../src/outbound/outbound.ts'
import { startReceiver } from './receiver.ts'

const RULES = { allowInside: false, ourOrigins: ['https://logs.example.com', 'https://drain.example.com'] }

describe('a target is refused when it is stored', () => {
  const f = (url: string, sentence: RegExp) => expect(() => checkTarget(url, RULES), url).toThrow(sentence)

  it('where it is no https address', () => {
    for (const url of [
      'http://1.us.logplex.io/logs',
      'ftp://x.example',
      'file:///etc/passwd',
      'https://',
      'x',
      '',
    ]) {
      f(url, /not an https address/)
    }
  })

  it('where it leads inside, however that is written', () => {
    const inside = [
      '127.0.0.1',
      '2130706433',
      '0177.0.0.1',
      '0x7f.1',
      '127.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[64:ff9b::7f00:1]',
      '10.0.0.1',
      '172.16.0.1',
      '192.168.0.1',
      '169.254.169.254',
      '[fe80::1]',
      '[fd00::1]',
      '0.0.0.0',
      'localhost',
      'LOCALHOST.',
      'db.internal',
      'printer.local',
      'intranet',
    ]
    for (const host of inside) f(`https://${host}/logs`, /not a host on the public internet/)
    f('https://token:t.x@127.0.0.1/logs', /not a host on the public internet/)
  })

  it('where it leads back to us', () => {
    f('https://logs.example.com/drains/x', /leads back/)
    f('https://token:t.x@DRAIN.example.com:443/drains/x', /leads back/)
  })

  it('and taken otherwise, with credentials and without', () => {
    for (const url of [
      'https://1.us.logplex.io/logs',
      'https://token:t.x@1.us.logplex.io/logs',
      'https://9.9.9.9:8443/',
    ]) {
      expect(() => checkTarget(url, RULES)).not.toThrow()
    }
  })
})

describe('a target is refused when it is called', () => {
  const send = (url: string, resolved: ResolvedAddress[][]) => {
    let asked = 0
    const outbound = createOutbound({
      allowInside: false,
      resolve: (_host, done) =>
        done(null, resolved[Math.min(asked++, resolved.length - 1)] as ResolvedAddress[]),
    })
    const { signal } = new AbortController()
    return post(outbound, {
      url,
      token: 't.secret',
      frames: [Buffer.from('1 x')],
      userAgent: 'a test',
      origin: 'o',
      signal,
    })
  }

  it('whatever its name led to when it was stored', async () => {
    const receiver = await startReceiver()
    const { port } = new URL(receiver.target.url)
    const url = `https://logs.example.net:${port}/logs`
    checkTarget(url, RULES)
    for (const address of [
      '127.0.0.1',
      '::ffff:127.0.0.1',
      '169.254.169.254',
      '10.1.2.3',
      '64:ff9b::7f00:1',
    ]) {
      const outcome = await send(url, [[{ address, family: address.includes(':') ? 6 : 4 }]])
      expect([address, outcome]).toEqual([
        address,
        {
          kind: 'wrong',
          code: 'refused_address',
          why: 'logs.example.net leads to an address inside a network',
        },
      ])
    }
    // One address inside spoils the others.
    const mixed = await send(url, [
      [
        { address: '9.9.9.9', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
    ])
    expect(mixed).toMatchObject({ code: 'refused_address' })
    expect(receiver.requests).toEqual([])
    await receiver.close()
  })

  it('and what went wrong says nothing of token or path', async () => {
    const outcome = await send('https://token:t.other@logs.example.net/secret-path', [
      [{ address: '10.0.0.1', family: 4 }],
    ])
    expect(JSON.stringify(outcome)).not.toMatch(/t\.secret|t\.other|secret-path/)
  })
})

it('takes each answer for what it means', () => {
  const f = (status: number, kind: string) => expect([status, judge(status).kind]).toEqual([status, kind])
  for (const status of [200, 201, 204]) f(status, 'taken')
  for (const status of [400, 402, 409, 411, 413, 422]) f(status, 'refused')
  for (const status of [401, 403, 404, 405, 410, 415]) f(status, 'wrong')
  for (const status of [408, 425, 429, 500, 502, 503, 504, 520]) f(status, 'away')
  expect(judge(503, '30')).toMatchObject({ afterMs: 30_000 })
  expect(judge(429, '999999')).toMatchObject({ afterMs: 600_000 })
  expect(judge(503, 'Wed, 21 Oct 2026 07:28:00 GMT')).not.toHaveProperty('afterMs')
})
