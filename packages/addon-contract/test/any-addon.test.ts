// The tester against random answers: a run always ends with findings, never with a crash.
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRandom, type Random } from 'heroku-simulator'
import { expect, it } from 'vitest'
import { AREAS } from '../src/areas.ts'
import { exitStatus } from '../src/report.ts'
import { runQuietly } from './support.ts'

const STATUSES = [200, 200, 200, 201, 202, 204, 302, 400, 401, 404, 410, 422, 429, 500, 503]
const URLS = [
  'https://',
  'https://a:b:c@x.example/',
  'https://x.example:99999/',
  'syslog://x',
  'https://x.example/l',
  7,
]
const LOCATIONS = [
  '/somewhere',
  '',
  'http://[',
  'javascript:alert(1)',
  'https://127.0.0.1:1/',
  '//elsewhere.example',
]
const COOKIES = ['', '=', 'a', 'a=b; Path', 'a=b; Path=/; SameSite', ';;;']

function bodyOf(random: Random): string {
  const odd = () => random.pick([null, 7, '', [], [null], {}, { a: { b: 1 } }, 'text', true])
  return random.pick([
    () => '',
    () => 'null',
    () => '{"id":',
    () => '<h1>Oh</h1>',
    () => JSON.stringify([odd()]),
    () => JSON.stringify({ id: odd(), config: odd(), message: odd(), log_drain_url: random.pick(URLS) }),
    () => JSON.stringify({ id: 'x', config: { X_URL: odd() }, log_drain_url: random.pick(URLS) }),
  ])()
}

function answerAnything(random: Random, response: ServerResponse): void {
  if (random.chance(0.02)) return void response.destroy()
  // Often enough something that a run goes on from.
  if (random.chance(0.4))
    return void response.end(JSON.stringify({ id: 'x', log_drain_url: random.pick(URLS) }))
  response.statusCode = random.pick(STATUSES)
  if (response.statusCode === 302) response.setHeader('Location', random.pick(LOCATIONS))
  if (random.chance(0.3)) response.setHeader('Set-Cookie', [random.pick(COOKIES), random.pick(COOKIES)])
  response.end(response.statusCode === 204 ? undefined : bodyOf(random))
}

it.each(Array.from({ length: 40 }, (_, seed) => seed))(
  'a run ends, whatever is answered (%i)',
  async (seed) => {
    const random = createRandom(seed)
    const server = createServer((request, response) => {
      request.resume()
      request.on('end', () => answerAnything(random, response))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      const report = await runQuietly({
        manifest: {
          id: 'anything',
          api: {
            password: 'p',
            sso_salt: 's',
            config_vars: ['X_URL'],
            requires: ['syslog_drain', 'many_per_app'],
            test: { base_url: `${origin}/heroku/resources`, sso_url: `${origin}/sso` },
          },
        },
        areas: AREAS,
        navHeader: true,
        limits: { answerMs: 5_000, finishMs: 20, callMs: 20, quietMs: 5 },
      })
      expect(report.areas).toHaveLength(AREAS.length)
      expect([1, 2]).toContain(exitStatus(report))
    } finally {
      server.closeAllConnections()
      server.close()
    }
  },
)
