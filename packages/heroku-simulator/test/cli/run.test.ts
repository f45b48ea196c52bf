// The command `heroku-simulator` against a small log add-on.
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/run.ts'

const directory = mkdtempSync(join(tmpdir(), 'heroku-simulator-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** Its answers to Heroku's calls and to deliveries can be changed. */
async function startAddon({ provision = 200, delivery = 204, deprovision = 204 } = {}) {
  const requests: { method: string; path: string; body: string }[] = []
  /** The drain tokens that deliveries came with. */
  const tokens = new Set<string>()
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { method = '', url = '', headers } = request
    requests.push({ method, path: url, body })
    if (method === 'DELETE') return void response.writeHead(deprovision).end()
    if (url.startsWith('/drain')) {
      tokens.add(String(headers['logplex-drain-token']))
      return void response.writeHead(delivery).end()
    }
    const { uuid } = JSON.parse(body) as { uuid: string }
    const answer = { id: uuid, config: {}, log_drain_url: 'https://acme.example.com/drain' }
    response.writeHead(provision, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const lines = () =>
    requests.filter(({ path }) => path === '/drain').flatMap(({ body }) => body.match(/<\d+>1 /g) ?? [])
  return { requests, tokens, lines, manifest: manifestAt(origin) }
}

function manifestAt(origin: string, changes: object = {}): string {
  const test = { base_url: `${origin}/heroku/resources`, sso_url: `${origin}/sso/login` }
  const api = { password: 'the-password', sso_salt: 'the-salt', requires: ['syslog_drain'], test, ...changes }
  return write(JSON.stringify({ id: 'acme-logs', api }))
}

let files = 0
function write(text: string): string {
  const path = join(directory, `${files++}.json`)
  writeFileSync(path, text)
  return path
}

function simulator(...args: string[]) {
  const interrupted = new AbortController()
  const said = { output: '', error: '' }
  const status = runCli(args, {
    interrupted: interrupted.signal,
    write: (text) => {
      said.output += text
    },
    writeError: (text) => {
      said.error += text
    },
  })
  return { said, status, interrupt: () => interrupted.abort() }
}

describe('heroku-simulator', () => {
  it('provisions, prints a link that signs in, drains lines, and deprovisions on an interrupt', async () => {
    const addon = await startAddon()
    const run = simulator('-f', addon.manifest, '--plan', 'basic', '--lines-per-second', '100')
    await expect.poll(() => run.said.output).toContain('Ctrl-C deprovisions')
    const [provision] = addon.requests
    expect(provision).toMatchObject({ method: 'POST', path: '/heroku/resources' })
    expect(JSON.parse(provision?.body ?? '')).toMatchObject({ plan: 'basic' })
    const [link = ''] = /http\S+/.exec(run.said.output) ?? []
    const form = new URLSearchParams(await (await fetch(`${link}/form`)).text())
    expect(form.get('resource_id')).toBe(JSON.parse(provision?.body ?? '').uuid)

    const backlog = addon.lines().length
    expect(backlog).toBeGreaterThan(10)
    await expect.poll(() => addon.lines().length).toBeGreaterThan(backlog)
    run.interrupt()
    expect(await run.status).toBe(0)
    expect(addon.requests.at(-1)).toMatchObject({
      method: 'DELETE',
      path: `/heroku/resources/${form.get('resource_id')}`,
    })
    expect(run.said.output).toMatch(/Lines delivered: \d+, lost: 0\.\n$/)
    expect(run.said.error).toBe('')
    await expect(fetch(link)).rejects.toThrow()
  })

  it('--attach drains the lines of a second app with a token of its own', async () => {
    const addon = await startAddon()
    const run = simulator('-f', addon.manifest, '--attach', '--lines-per-second', '200')
    await expect.poll(() => run.said.output).toMatch(/app +\S+, attached to \S+\n/)
    await expect.poll(() => addon.tokens.size).toBe(2)
    run.interrupt()
    expect(await run.status).toBe(0)
  })

  it('reports the first lost deliveries, and counts all lost lines', async () => {
    const addon = await startAddon({ delivery: 500 })
    const run = simulator('-f', addon.manifest, '--lines-per-second', '200')
    await expect.poll(() => run.said.error).toContain('Further losses are only counted.')
    run.interrupt()
    expect(await run.status).toBe(0)
    expect(run.said.error).toContain('A delivery is lost after 3 tries: answered 500')
    expect(run.said.error.match(/A delivery is lost/g)).toHaveLength(5)
    expect(run.said.output).toMatch(/Lines delivered: 0, lost: [1-9]\d*\./)
  })

  it('exits with 1 if Heroku would refuse an answer of the add-on', async () => {
    const refused = simulator('-f', (await startAddon({ provision: 500 })).manifest)
    expect(await refused.status).toBe(1)
    expect(refused.said.error).toContain("Heroku refuses the add-on's answer (500)")
    const kept = simulator('-f', (await startAddon({ deprovision: 500 })).manifest)
    await expect.poll(() => kept.said.output).toContain('Ctrl-C deprovisions')
    kept.interrupt()
    expect(await kept.status).toBe(1)
    expect(kept.said.error).toContain('could not be deprovisioned')
  })

  it('exits with 2 and a sentence if nothing can be started', async () => {
    const f = async (args: string[], sentence: RegExp) => {
      const run = simulator(...args)
      expect(await run.status).toBe(2)
      expect(run.said.error).toMatch(sentence)
    }
    const here = manifestAt('http://127.0.0.1:1')
    await f(['-f', join(directory, 'none.json')], /none\.json cannot be read: ENOENT/)
    await f(['-f', write('"hunter2')], /\.json is not JSON\.\n/)
    await f(['-f', manifestAt('http://127.0.0.1:1', { password: 7 })], /has no text at api\.password/)
    await f(['-f', manifestAt('ftp://127.0.0.1')], /has no http address at api\.test\.base_url/)
    await f(['-f', manifestAt('http://127.0.0.1:1', { requires: [] })], /does not have "syslog_drain"/)
    await f(['-f', here, '--teapot'], /--teapot/)
    await f(['-f', here, '--lines-per-second', 'many'], /--lines-per-second must be a number/)
    await f(['-f', here, '--api-port', '70000'], /--api-port must be a port/)
    await f(['-f', here, '--deliver-to', 'here'], /--deliver-to must be an origin/)
    await f(
      ['-f', here],
      /Provisioning at http:\/\/127\.0\.0\.1:1\/\S+ failed: ECONNREFUSED\. Is the add-on running/,
    )
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    closers.push(() => server.close())
    const { port } = server.address() as AddressInfo
    await f(['-f', here, '--api-port', String(port)], /Port \d+ is in use/)
  })

  it('--help describes the options', async () => {
    const run = simulator('--help')
    expect(await run.status).toBe(0)
    expect(run.said.output).toContain('--lines-per-second')
  })
})
