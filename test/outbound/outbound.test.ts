import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOutbound, type Outbound, type Resolve } from '../../src/outbound/outbound.ts'
import { readTargetUrl } from '../../src/outbound/target-url.ts'

const LONG_MS = 10_000

describe('an address that somebody types', () => {
  const f = (text: string, want: 'ok' | 'invalid_url' | 'refused_address') => {
    let found = 'ok'
    try {
      readTargetUrl(text, { allowInside: false })
    } catch (error) {
      found = (error as { failure: string }).failure
    }
    expect([text, found]).toEqual([text, want])
  }

  it('is https on the public internet', () => {
    f('https://hooks.slack.com/services/T0/B0/xyz', 'ok')
    f('https://token:t.secret@1.us.logplex.io:8443/logs', 'ok')
    f('https://[2606:4700:4700::1111]/', 'ok')
    f('http://hooks.slack.com/', 'invalid_url')
    f('ftp://hooks.slack.com/', 'invalid_url')
    f('file:///etc/passwd', 'invalid_url')
    f('hooks.slack.com', 'invalid_url')
    f('', 'invalid_url')
    f(`https://example.com/${'a'.repeat(2_000)}`, 'invalid_url')
  })

  it('is no way inside, however it is spelled', () => {
    for (const host of [
      'localhost',
      'LOCALHOST.',
      'a.localhost',
      'printer',
      'db.internal',
      'metadata.google.internal',
      'nas.local',
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '①②⑦.0.0.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[64:ff9b::10.0.0.1]',
      '169.254.169.254',
    ])
      f(`https://${host}/`, 'refused_address')
  })
})

describe('a call', () => {
  let server: Server
  let origin: string
  let listener: RequestListener
  let received: { method: string; authorization: string | undefined; body: string }[]
  const outbound = createOutbound({ allowInside: true })

  beforeAll(async () => {
    server = createServer((request, response) => listener(request, response)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    origin = `127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    outbound.close()
    server.closeAllConnections()
    server.close()
  })

  function answering(with_: RequestListener): void {
    received = []
    listener = async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      const { method = '', headers } = request
      received.push({ method, authorization: headers.authorization, body })
      with_(request, response)
    }
  }

  const call = (fields: Partial<Parameters<Outbound['call']>[0]> = {}) =>
    outbound.call({ url: `http://${origin}/`, body: 'x', timeoutMs: LONG_MS, ...fields })

  it('sends what it is given and gives back the answer', async () => {
    answering((_, response) => response.writeHead(202, { 'x-a': 'b' }).end('taken'))
    const answer = await call({ url: `http://token:t.1@${origin}/logs`, body: 'häh' })
    expect(answer).toMatchObject({ status: 202, body: 'taken', headers: { 'x-a': 'b' } })
    const authorization = `Basic ${Buffer.from('token:t.1').toString('base64')}`
    expect(received).toEqual([{ method: 'POST', authorization, body: 'häh' }])
  })

  it('takes an error for an answer and a redirect for none', async () => {
    answering((_, response) => response.writeHead(500).end())
    expect((await call()).status).toBe(500)
    answering((_, response) => response.writeHead(307, { location: `http://${origin}/other` }).end())
    await expect(call()).rejects.toMatchObject({ failure: 'redirected' })
    expect(received).toHaveLength(1)
  })

  it('ends at an answer without end', async () => {
    answering((_, response) => {
      response.on('error', () => {})
      const write = () => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
        if (!response.destroyed) response.once('drain', write)
      }
      write()
    })
    await expect(call()).rejects.toMatchObject({ failure: 'too_large' })
  })

  it('ends when the answer takes too long, before its head and within', async () => {
    answering(() => {})
    await expect(call({ timeoutMs: 50 })).rejects.toMatchObject({ failure: 'timeout' })
    answering((_, response) => response.writeHead(200).write('a'))
    await expect(call({ timeoutMs: 50 })).rejects.toMatchObject({ failure: 'timeout' })
  })

  it('ends with its signal', async () => {
    const leaving = new AbortController()
    answering(() => leaving.abort(new Error('left')))
    await expect(call({ signal: leaving.signal })).rejects.toThrow('left')
  })

  it('tells what went wrong and nothing secret', async () => {
    const dead = createServer().listen(0, '127.0.0.1')
    await once(dead, 'listening')
    const { port } = dead.address() as AddressInfo
    dead.close()
    await once(dead, 'close')
    const url = `http://user:pass@127.0.0.1:${port}/services/secret?key=secret`
    const error = await call({ url }).catch((thrown: Error) => thrown)
    expect(error).toMatchObject({ failure: 'unreachable', message: expect.stringContaining('ECONNREFUSED') })
    expect(String((error as Error).stack)).not.toMatch(/secret|pass/)
  })

  describe('to a name', () => {
    async function resolvingTo(
      addresses: string[],
      run: (guarded: Outbound, asked: string[]) => Promise<void>,
    ) {
      const asked: string[] = []
      const resolve: Resolve = (host, done) => {
        asked.push(host)
        done(
          null,
          addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        )
      }
      const guarded = createOutbound({ allowInside: false, resolve })
      try {
        await run(guarded, asked)
      } finally {
        guarded.close()
      }
    }

    it('that leads inside is refused where the connection would be made', async () => {
      const port = origin.split(':')[1]
      answering((_, response) => response.end())
      for (const addresses of [
        ['127.0.0.1'],
        ['::1'],
        ['::ffff:127.0.0.1'],
        ['10.1.2.3'],
        ['8.8.8.8', '127.0.0.1'],
      ]) {
        await resolvingTo(addresses, async (guarded, asked) => {
          const url = `https://rebind.example.com:${port}/`
          await expect(guarded.call({ url, timeoutMs: LONG_MS })).rejects.toMatchObject({
            failure: 'refused_address',
            message: expect.stringContaining('rebind.example.com'),
          })
          // Asked once: what is looked at is what is connected to, and there is no second answer to be changed.
          expect(asked).toEqual(['rebind.example.com'])
        })
      }
      expect(received).toEqual([])
    })

    it('that has no address is unreachable', async () => {
      await resolvingTo([], async (guarded) => {
        await expect(
          guarded.call({ url: 'https://nowhere.example.com/', timeoutMs: LONG_MS }),
        ).rejects.toMatchObject({ failure: 'unreachable', message: expect.stringContaining('ENOTFOUND') })
      })
    })
  })
})
