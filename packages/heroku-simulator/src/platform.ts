// The servers that an add-on calls, on loopback and at one address: the parts of id.heroku.com and api.heroku.com that a
// log add-on needs, for the resources of a simulated Heroku. They can fail as Heroku does.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AttachedDrain } from './attached-drain.ts'
import type { Heroku, SimResource } from './heroku.ts'
import type { SimAnswer } from './id-server.ts'
import { NOT_FOUND, type PlatformCall, refusalOf } from './platform/call.ts'
import { serveCustomer } from './platform/customer.ts'
import { listInstalls } from './platform/installs.ts'
import { drainJson, moveDrain } from './platform/log-drains.ts'
import { issueNewGrant } from './platform/oauth-grant.ts'
import { page } from './platform/page.ts'
import { changeProvision } from './platform/provisioning.ts'
import { changeWebhooks } from './platform/webhooks.ts'

/**
 * html: an error page of the router. limited: 429. slow: answers after `ms`. lost: executes the request, but the answer
 * never arrives. cut: does nothing and does not answer. refused: 422, or `status`. wrong_json: 200 with unrelated JSON.
 * plain: 403, text labelled JSON. redirect: to `location`, as a proxy might.
 */
export interface Fault {
  kind: 'html' | 'limited' | 'slow' | 'lost' | 'cut' | 'refused' | 'wrong_json' | 'plain' | 'redirect'
  /** The requests that it affects, as `POST /oauth/token`. Default: all. */
  on?: RegExp
  /** How many of them. Default: all. */
  times?: number
  ms?: number
  retryAfterSeconds?: number
  location?: string
  status?: number
  /** Called when the request arrives, before it is executed. */
  meanwhile?(): unknown
}

export interface PlatformRequest {
  method: string
  /** Without its query. */
  path: string
  query: string
  authorization: string | undefined
  range: string | undefined
}

export interface Platform {
  origin: string
  requests: PlatformRequest[]
  /** The value of RateLimit-Remaining. */
  rateLimitRemaining: number
  /** The maximum of items on a page, whatever `max` asks for. */
  pageSize: number
  /** Drains have an `app` in version 3.sdk; false: not even there. */
  drainsNameTheirApp: boolean
  /** Makes requests fail until the returned function is called. */
  fail(fault: Fault): () => void
  count(method: string, path: RegExp): number
  /** The origin of the sign-in pages in the customer's API. Null: Heroku's own. */
  dashboard: string | null
  close(): Promise<void>
}

const HTML = '<!DOCTYPE html><html><body><h1>Application error</h1></body></html>'

export async function openPlatform(heroku: () => Heroku | undefined, port = 0): Promise<Platform> {
  const faults: Fault[] = []
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', query = ''] = (request.url ?? '').split('?')
    const { method = '', headers } = request
    const { authorization, range } = headers
    platform.requests.push({ method, path, query, authorization, range })
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const fault = takeFault(faults, `${method} ${path}`)
    await fault?.meanwhile?.()
    if (fault?.kind === 'cut') return void response.destroy()
    if (fault?.kind === 'refused') {
      const { status = 422 } = fault
      return send(response, { status, body: { id: 'invalid_params', message: 'Invalid parameters.' } })
    }
    if (fault?.kind === 'slow') await sleep(fault.ms ?? 1_000)
    if (fault?.kind === 'html') return send(response, { status: 503, body: HTML, contentType: 'text/html' })
    if (fault?.kind === 'limited') return send(response, limited(fault))
    if (fault?.kind === 'plain') return send(response, { status: 403, body: 'Your account is suspended.' })
    if (fault?.kind === 'redirect') {
      return send(response, { status: 307, body: '', headers: { Location: fault.location ?? '/' } })
    }
    if (fault?.kind === 'wrong_json') return send(response, { status: 200, body: { surprise: true } })
    const answer = await answerTo({ method, path, query, headers, body })
    if (fault?.kind === 'lost') return void response.destroy()
    send(response, answer)
  }

  async function answerTo(call: PlatformCall): Promise<SimAnswer> {
    const { method, path, headers, body } = call
    const world = heroku()
    if (world === undefined) return NOT_FOUND
    if (method === 'POST' && path === '/oauth/token') {
      if (!headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return NOT_FOUND
      return world.idServer.token(new URLSearchParams(body.toString('utf8')))
    }
    if (method === 'POST' && path === '/logs') return world.logInput.take(call)
    const other =
      (await serveCustomer(world, call, platform.dashboard)) ??
      moveDrain(world, call) ??
      listInstalls(world, call, platform.pageSize) ??
      changeProvision(world, call) ??
      issueNewGrant(world, call) ??
      changeWebhooks(world, call, platform.pageSize)
    if (other !== null) return other
    const [, uuid, what] = /^\/addons\/([\w-]+)(?:\/([\w-]+))?$/.exec(path) ?? []
    if (method !== 'GET' || uuid === undefined) return NOT_FOUND
    const refusal = refusalOf(world, headers, uuid)
    if (refusal !== null) return refusal
    const resource = world.find(uuid) as SimResource
    const isSdk = headers.accept?.includes('version=3.sdk') ?? false
    if (what === undefined) return { status: 200, body: addonJson(resource, world) }
    if (what === 'log-drains') {
      const drains = resource.drains.map((drain) =>
        drainJson(drain, resource, isSdk && platform.drainsNameTheirApp),
      )
      return page(drains, headers.range, platform.pageSize)
    }
    if (what === 'addon-attachments') {
      return page(
        resource.drains.map((drain) => attachmentJson(drain, resource, world)),
        headers.range,
        platform.pageSize,
      )
    }
    return NOT_FOUND
  }

  function send(response: ServerResponse, { status, body, contentType, headers }: SimAnswer): void {
    response.writeHead(status, {
      'Content-Type': contentType ?? 'application/json; charset=utf-8',
      'RateLimit-Remaining': String(platform.rateLimitRemaining),
      ...headers,
    })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const platform: Platform = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    rateLimitRemaining: 4_500,
    pageSize: 1_000,
    drainsNameTheirApp: true,
    dashboard: null,
    fail(fault) {
      const own = { ...fault }
      faults.push(own)
      return () => void (faults.includes(own) && faults.splice(faults.indexOf(own), 1))
    },
    count: (method, path) =>
      platform.requests.filter((request) => request.method === method && path.test(request.path)).length,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return platform
}

function limited({ retryAfterSeconds }: Fault): SimAnswer {
  return {
    status: 429,
    body: { id: 'rate_limit', message: 'Your account reached the API rate limit' },
    headers: retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) },
  }
}

function takeFault(faults: Fault[], request: string): Fault | undefined {
  const fault = faults.find(({ on, times }) => (on?.test(request) ?? true) && times !== 0)
  if (fault?.times !== undefined) fault.times--
  return fault
}

function addonJson(resource: SimResource, { addonId }: Heroku): object {
  return {
    id: resource.uuid,
    name: resource.name,
    state: resource.state,
    provider_id: resource.uuid,
    addon_service: { id: '1b0a2f4e-1111-4222-8333-944455566677', name: addonId },
    plan: { id: '77aa2f4e-1111-4222-8333-944455566677', name: `${addonId}:${resource.plan}` },
    app: resource.drains[0] && { id: resource.drains[0].appId, name: resource.drains[0].app },
    billing_entity: { type: 'app' },
  }
}

function attachmentJson(drain: AttachedDrain, resource: SimResource, { logInput }: Heroku) {
  return {
    id: drain.attachmentId,
    name: drain.attachedAs,
    namespace: null,
    addon: { id: resource.uuid, name: resource.name },
    app: { id: drain.appId, name: drain.app },
    log_input_url: logInput.addressOf(resource.uuid, drain.appId),
  }
}
