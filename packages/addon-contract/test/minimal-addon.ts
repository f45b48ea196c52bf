// A small add-on, written from Heroku's documentation and independent of the tester. It can have one defect, named by the
// rule that must catch it; defects.ts lists them.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { receiveLogs } from './minimal/logs.ts'
import { changePlan, deprovision, isHeroku, provision } from './minimal/partner.ts'
import { showPage, signIn } from './minimal/people.ts'
import { receiveWebhook } from './minimal/webhooks.ts'

export interface MinimalOptions {
  /** Answers 202 and completes later. */
  isAsync?: boolean
  /** Serves https. */
  tls?: { key: Buffer; cert: Buffer }
  /** The number of the rule to break. */
  defect?: string
}

export interface Resource {
  uuid: string
  plan: string
  state: 'provisioning' | 'provisioned' | 'gone'
  tokens: Set<string>
  config: Record<string, string>
  /** Frame id -> body. */
  frames: Map<string, string>
  webhook: { secret: string; authorization: string }
  events: Set<string>
  /** The job that sets it up: at most one. */
  jobs: number
}

export interface MinimalAddon {
  origin: string
  manifest: object
  /** The addresses of Heroku. Set before the first call. */
  heroku: { idUrl: string; apiUrl: string }
  options: MinimalOptions
  resources: Map<string, Resource>
  /** Session id -> resource. */
  sessions: Map<string, string>
  has(defect: string): boolean
  close(): Promise<void>
}

export interface Call {
  addon: MinimalAddon
  request: IncomingMessage
  response: ServerResponse
  url: URL
  body: Buffer
}

export const ID = 'minimal-logs'
export const PASSWORD = 'the-password-of-the-minimal-one'
export const SALT = 'the-salt-of-the-minimal-one'
export const PLANS = ['test', 'premium']
export const SLOW_MS = 3_300

export async function startMinimalAddon(options: MinimalOptions = {}): Promise<MinimalAddon> {
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  }
  const server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const scheme = options.tls ? 'https' : 'http'
  const origin = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
  const addon: MinimalAddon = {
    origin,
    manifest: manifestOf(origin),
    heroku: { idUrl: '', apiUrl: '' },
    options,
    resources: new Map(),
    sessions: new Map(),
    has: (defect) => options.defect === defect,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return addon

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const url = new URL(request.url ?? '/', origin)
    await route({ addon, request, response, url, body: Buffer.concat(chunks) })
  }
}

async function route(call: Call): Promise<void> {
  const { request, url, addon } = call
  const { method = '' } = request
  const [, room, ...rest] = url.pathname.split('/')
  if (room === 'heroku' && rest[0] === 'resources') {
    const uuid = rest[1] ?? ''
    if (addon.has('D06') && method === 'DELETE' && addon.resources.get(uuid)?.state === 'gone')
      return json(call, 410, { message: 'gone' })
    if (addon.has('C09') && method === 'PUT' && !addon.resources.has(uuid)) return json(call, 404, {})
    if (!isHeroku(call)) return json(call, 401, { message: 'who are you?' })
    if (method === 'POST' && uuid === '') return provision(call)
    if (method === 'PUT') return changePlan(call, uuid)
    if (method === 'DELETE') return deprovision(call, uuid)
  }
  if (room === 'sso' && (method === 'POST' || addon.has('S14'))) return signIn(call)
  if (room === 'sso') return text(call, 405, 'sign in from Heroku')
  if (room === 'dashboard') return showPage(call, rest[0] ?? '')
  if (room === 'logs' && method === 'POST') return receiveLogs(call)
  if (room === 'webhooks' && method === 'POST') return receiveWebhook(call, rest[0] ?? '')
  return text(call, 404, 'nothing here')
}

export function json({ response }: Call, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}

export function text({ response }: Call, status: number, body: string): void {
  response
    .writeHead(status, { 'Content-Type': 'text/html', 'Content-Length': Buffer.byteLength(body) })
    .end(body)
}

export function slowly(): Promise<void> {
  return sleep(SLOW_MS)
}

function manifestOf(origin: string): object {
  return {
    id: ID,
    name: 'Minimal Logs',
    api: {
      version: '3',
      password: PASSWORD,
      sso_salt: SALT,
      config_vars: ['MINIMAL_LOGS_URL', 'MINIMAL_LOGS_KEY'],
      regions: ['us'],
      requires: ['syslog_drain', 'many_per_app'],
      test: { base_url: `${origin}/heroku/resources`, sso_url: `${origin}/sso` },
    },
  }
}
