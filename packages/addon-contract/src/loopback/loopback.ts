// The servers that an add-on calls, on loopback: the parts of id.heroku.com and api.heroku.com that the contract covers,
// each on its own port. They accept malformed requests, so that only the rule about the fault reports it, and record
// every call with its resource.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from 'heroku-simulator'
import { IdServer, type SimAnswer } from 'heroku-simulator'
import type { Exchange } from '../exchange.ts'
import { answerPlatform, type KnownResource } from './platform-routes.ts'
import { readBody } from './read-body.ts'
import { readTokenForm } from './token-form.ts'

/** A call by the add-on. */
export interface AddonCall extends Exchange {
  /** The resource of the call; null if unknown. */
  uuid: string | null
  /** `POST /oauth/token`, `PATCH /addons/:uuid/config`. */
  route: string
}

export interface Trouble {
  /**
   * html: an error page of Heroku's router, 503. lost: executed, but the answer never arrives. hold: answered once it is
   * released.
   */
  kind: 'html' | 'lost' | 'hold'
  uuid: string
  /** The calls to disturb, by their route. */
  on: RegExp
  /** How many of them. */
  times: number
}

export interface Loopback {
  idUrl: string
  apiUrl: string
  calls: readonly AddonCall[]
  /** Registers a resource. */
  begin(resource: Pick<KnownResource, 'uuid' | 'name' | 'plan' | 'drainToken'>): KnownResource
  find(uuid: string): KnownResource | undefined
  issueGrant(uuid: string): string
  /** Ends a resource and revokes its tokens. */
  end(uuid: string): void
  /** Makes calls fail. The function that it returns ends this and releases held calls. */
  trouble(trouble: Trouble): () => void
  callsOf(uuid: string, route?: RegExp): AddonCall[]
  /** The first such call that was answered 2xx; null after the timeout. */
  waitFor(uuid: string, route: RegExp, timeoutMs: number): Promise<AddonCall | null>
  /** Resolves when the calls of a resource fulfil the condition, or after the timeout. */
  waitUntil(uuid: string, isMet: (calls: AddonCall[]) => boolean, timeoutMs: number): Promise<void>
  close(): Promise<void>
}

/** Further calls are answered 429 and not recorded. */
const MAX_CALLS = 5_000
const LIMITED = { id: 'rate_limit', message: 'Your account reached the API rate limit' }
/** A held call is released after this time in any case. */
const LONGEST_HOLD_MS = 20_000
const HTML = '<!DOCTYPE html><html><body><h1>Application error</h1></body></html>'

export async function openLoopback(options: {
  random: Random
  idPort: number
  apiPort: number
  clientSecret: string | null
  /** Aborts all waits. */
  signal?: AbortSignal | undefined
}): Promise<Loopback> {
  const { random, clientSecret, signal } = options
  const idServer = new IdServer({ random: random.fork('id server'), clock: Date.now })
  const resources = new Map<string, KnownResource>()
  const resourceOfGrant = new Map<string, string>()
  const resourceOfRefresh = new Map<string, string>()
  const calls: AddonCall[] = []
  const troubles = new Set<Trouble & { release: Promise<void> }>()
  const watchers = new Set<() => void>()

  async function handle(kind: 'id' | 'api', request: IncomingMessage, response: ServerResponse) {
    if (calls.length >= MAX_CALLS) {
      request.resume()
      return void response.writeHead(429).end(JSON.stringify(LIMITED))
    }
    const at = Date.now()
    const startedAt = performance.now()
    const body = await readBody(request)
    const { method = '', url = '', headers } = request
    const path = url.split('?')[0] as string
    const token = kind === 'id' ? readTokenForm(url, headers, body) : null
    const uuid = token
      ? (resourceOfGrant.get(token.form.get('code') ?? '') ??
        resourceOfRefresh.get(token.form.get('refresh_token') ?? '') ??
        null)
      : (/^\/addons\/([^/]+)/.exec(path)?.[1] ?? null)
    const route = `${method} ${path.replace(/^\/addons\/[^/]+/, '/addons/:uuid')}`
    const trouble = [...troubles].find((one) => one.uuid === uuid && one.on.test(route) && one.times > 0)
    if (trouble) trouble.times--
    if (trouble?.kind === 'hold')
      await Promise.race([trouble.release, sleep(LONGEST_HOLD_MS, undefined, { ref: false })])

    let answer: SimAnswer
    if (trouble?.kind === 'html') answer = { status: 503, body: HTML, contentType: 'text/html' }
    else if (token) answer = exchange(token.form, path, method, uuid)
    else
      answer = answerPlatform(
        { method, path, headers, body, caller: idServer.resourceOf(headers.authorization) },
        resources,
        random,
      )
    const isLost = trouble?.kind === 'lost'
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
    const sent = {
      'Content-Type': answer.contentType ?? 'application/json; charset=utf-8',
      ...answer.headers,
    }
    calls.push({
      what: route,
      from: 'add-on',
      at,
      request: { method, url, headers, body },
      answer: isLost ? null : { status: answer.status, headers: sent, body: Buffer.from(text) },
      failure: isLost ? 'the answer was lost on purpose' : null,
      durationMs: performance.now() - startedAt,
      uuid,
      route,
    })
    if (isLost) response.destroy()
    else response.writeHead(answer.status, sent).end(text)
    for (const watcher of watchers) watcher()
  }

  function exchange(form: URLSearchParams, path: string, method: string, uuid: string | null): SimAnswer {
    if (method !== 'POST' || path !== '/oauth/token')
      return { status: 404, body: { id: 'not_found', message: 'Not found.' } }
    // Without --client-secret any secret is accepted: the tester does not know the one of the Partner Portal.
    idServer.clientSecrets = [clientSecret ?? form.get('client_secret') ?? '']
    const answer = idServer.token(form)
    const refresh =
      typeof answer.body === 'object' && (answer.body as { refresh_token?: unknown }).refresh_token
    if (typeof refresh === 'string' && uuid !== null) resourceOfRefresh.set(refresh, uuid)
    return answer
  }

  const serve = async (kind: 'id' | 'api', port: number): Promise<[Server, string]> => {
    const server = createServer((request, response) => {
      handle(kind, request, response).catch(() => response.destroy())
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return [server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`]
  }
  const [idListener, idUrl] = await serve('id', options.idPort)
  const [apiListener, apiUrl] = await serve('api', options.apiPort)

  const callsOf = (uuid: string, route = /./) =>
    calls.filter((call) => call.uuid === uuid && route.test(call.route))

  return {
    idUrl,
    apiUrl,
    calls,
    callsOf,
    begin(resource) {
      const known: KnownResource = {
        ...resource,
        state: 'provisioning',
        drainUrl: null,
        config: {},
        webhooks: [],
      }
      resources.set(resource.uuid, known)
      return known
    },
    find: (uuid) => resources.get(uuid),
    issueGrant(uuid) {
      const code = idServer.issueGrant(uuid)
      resourceOfGrant.set(code, uuid)
      return code
    },
    end(uuid) {
      const known = resources.get(uuid)
      if (known) known.state = 'deprovisioned'
      idServer.revoke(uuid)
    },
    trouble(trouble) {
      let open = () => {}
      const own = { ...trouble, release: new Promise<void>((resolve) => (open = resolve)) }
      troubles.add(own)
      return () => {
        troubles.delete(own)
        open()
      }
    },
    async waitFor(uuid, route, timeoutMs) {
      const found = () =>
        callsOf(uuid, route).find(
          ({ answer }) => answer !== null && answer.status >= 200 && answer.status < 300,
        )
      const isThere = () => found() !== undefined
      await until(isThere, watchers, timeoutMs, signal)
      return found() ?? null
    },
    waitUntil: (uuid, isMet, timeoutMs) => until(() => isMet(callsOf(uuid)), watchers, timeoutMs, signal),
    async close() {
      for (const server of [idListener, apiListener]) {
        server.closeAllConnections()
        server.close()
      }
      await Promise.all([once(idListener, 'close'), once(apiListener, 'close')])
    },
  }
}

/** Resolves when the condition holds, checked whenever a watcher is called, or after the timeout. */
async function until(
  condition: () => boolean,
  watchers: Set<() => void>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (condition() || signal?.aborted) return
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer)
      watchers.delete(look)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const look = () => condition() && end()
    const timer = setTimeout(end, timeoutMs)
    watchers.add(look)
    signal?.addEventListener('abort', end)
  })
}
