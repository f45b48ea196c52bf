// An add-on of before version 3 that passes kensa, optionally with one defect. Independent of the tester.
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const PASSWORD = 'a-password-of-the-old-add-on'
export const SALT = 'a-salt-of-the-old-add-on'

/** Its possible defects. */
export type Defect =
  | 'provision-redirects'
  | 'provision-fails'
  | 'provision-answers-text'
  | 'provision-answers-nothing'
  | 'provision-lets-anybody'
  | 'provision-forbids-strangers'
  | 'no-id'
  | 'null-id'
  | 'id-is-heroku-id'
  | 'no-config'
  | 'config-is-text'
  | 'config-is-list'
  | 'config-undeclared'
  | 'config-incomplete'
  | 'config-number'
  | 'config-url-without-host'
  | 'config-url-is-no-url'
  | 'no-drain-url'
  | 'drain-url-http'
  | 'drain-url-tls'
  | 'no-config-no-drain-url'
  | 'again-crashes'
  | 'again-refuses'
  | 'no-callback'
  | 'callback-is-text'
  | 'planchange-fails'
  | 'planchange-answers-nothing'
  | 'planchange-lets-anybody'
  | 'deprovision-fails'
  | 'deprovision-answers-nothing'
  | 'deprovision-lets-anybody'
  | 'gone-before-stranger'
  | 'sso-takes-any-token'
  | 'sso-takes-any-time'
  | 'sso-refuses-with-401'
  | 'sso-fails'
  | 'sso-without-nav-data'
  | 'sso-nav-data-changed'
  | 'sso-nav-data-secure'
  | 'sso-without-header'

export interface OldAddon {
  origin: string
  /** The ids of provisioned resources. */
  live: Set<string>
  /** All requests, by method and path. */
  asked: { request: string; headers: IncomingMessage['headers']; body: string }[]
  close(): Promise<void>
}

export interface OldAddonOptions {
  defect?: Defect | undefined
  /** Answers at once, and sends its result to the callback_url. */
  isAsync?: boolean
  drains?: boolean
}

export async function startOldAddon(options: OldAddonOptions = {}): Promise<OldAddon> {
  const { defect, isAsync = false, drains = true } = options
  const has = (...defects: Defect[]) => defect !== undefined && defects.includes(defect)
  const live = new Set<string>()
  const apps = new Set<string>()
  const asked: OldAddon['asked'] = []

  function provisioned(herokuId: string): object {
    const id = has('id-is-heroku-id') ? herokuId.replace(/\D/g, '') : randomUUID()
    live.add(id)
    const config: Record<string, unknown> = {
      OLD_URL: 'https://old.example.com/r/1',
      OLD_TOKEN: 'abc',
    }
    if (has('config-undeclared')) config.OLD_EXTRA = 'x'
    if (has('config-incomplete')) delete config.OLD_TOKEN
    if (has('config-number')) config.OLD_TOKEN = 7
    if (has('config-url-without-host')) config.OLD_URL = 'https:/nowhere'
    if (has('config-url-is-no-url')) config.OLD_URL = 'no address at all'
    const drainUrl = has('drain-url-http')
      ? 'http://old.example.com/drain'
      : has('drain-url-tls')
        ? 'syslog+tls://old.example.com:6514'
        : 'syslog://old.example.com:514'
    return {
      ...(!has('no-id') && { id: has('null-id') ? null : id }),
      ...(!has('no-config', 'no-config-no-drain-url') && {
        config: has('config-is-text') ? 'OLD_URL=x' : has('config-is-list') ? ['OLD_URL'] : config,
      }),
      ...(drains && !has('no-drain-url', 'no-config-no-drain-url') && { log_drain_url: drainUrl }),
    }
  }

  async function provision(body: string, response: ServerResponse) {
    const { heroku_id: herokuId, callback_url: callbackUrl } = JSON.parse(body)
    if (has('provision-redirects')) return send(response, 302, '', { Location: '/elsewhere' })
    if (has('provision-fails')) return send(response, 500, '{}')
    if (has('provision-answers-text')) return send(response, 200, 'created')
    if (has('provision-answers-nothing')) return send(response, 200, '')
    if (apps.has(herokuId) && has('again-crashes')) return send(response, 409, '')
    if (apps.has(herokuId) && has('again-refuses')) return send(response, 422, '{"message":"only one"}')
    apps.add(herokuId)
    const made = JSON.stringify(provisioned(herokuId))
    if (!isAsync) return send(response, 200, made)
    send(response, 202, '{"message":"coming"}')
    if (has('no-callback')) return
    const sent = has('callback-is-text') ? 'done' : made
    // The receiver may be gone.
    await fetch(callbackUrl, { method: 'PUT', body: sent }).catch(() => {})
  }

  function signIn(fields: URLSearchParams, id: string, response: ServerResponse) {
    const timestamp = fields.get('timestamp') ?? ''
    const expected = createHash('sha1').update(`${id}:${SALT}:${timestamp}`).digest('hex')
    const isRight = fields.get('token') === expected || has('sso-takes-any-token')
    const isFresh = Date.now() / 1000 - Number(timestamp) < 300 || has('sso-takes-any-time')
    if (!isRight || !isFresh) return send(response, has('sso-refuses-with-401') ? 401 : 403, 'no')
    if (has('sso-fails')) return send(response, 500, 'no')
    const navData = `${fields.get('nav-data')}${has('sso-nav-data-changed') ? 'x' : ''}`
    const secure = has('sso-nav-data-secure') ? '; Secure' : ''
    const cookie = `heroku-nav-data=${navData}; Path=/${secure}`
    send(response, 302, '', {
      Location: '/dashboard',
      ...(!has('sso-without-nav-data') && { 'Set-Cookie': cookie }),
    })
  }

  async function handle(request: IncomingMessage, response: ServerResponse) {
    const { method, url = '', headers } = request
    let body = ''
    for await (const chunk of request) body += chunk
    asked.push({ request: `${method} ${url}`, headers, body })
    const { pathname, searchParams } = new URL(url, 'http://old')
    const id = /^\/heroku\/resources\/(.+)$/.exec(pathname)?.[1] ?? ''
    const isKnown = headers.authorization === `Basic ${Buffer.from(`old:${PASSWORD}`).toString('base64')}`

    if (pathname === '/dashboard') {
      const header = has('sso-without-header') ? '' : '<div id="heroku-header"></div>'
      return send(response, 200, `<html><body>${header}</body></html>`, { 'Content-Type': 'text/html' })
    }
    if (method === 'POST' && pathname === '/sso/login') {
      const form = new URLSearchParams(body)
      return signIn(form, form.get('id') ?? '', response)
    }
    if (method === 'GET' && id !== '') return signIn(searchParams, id, response)

    if (method === 'POST' && pathname === '/heroku/resources') {
      if (isKnown || has('provision-lets-anybody')) return provision(body, response)
      return send(response, has('provision-forbids-strangers') ? 403 : 401, '{}')
    }
    if (method === 'PUT') {
      if (!isKnown && !has('planchange-lets-anybody')) return send(response, 401, '{}')
      if (has('planchange-fails')) return send(response, 500, '{}')
      return send(
        response,
        has('planchange-answers-nothing') ? 204 : 200,
        has('planchange-answers-nothing') ? '' : '{}',
      )
    }
    if (method === 'DELETE') {
      if (has('gone-before-stranger') && !live.has(id)) return send(response, 410, '{}')
      if (!isKnown && !has('deprovision-lets-anybody')) return send(response, 401, '{}')
      if (has('deprovision-fails')) return send(response, 500, '{}')
      live.delete(id)
      return send(response, has('deprovision-answers-nothing') ? 204 : 200, '')
    }
    send(response, 404, '{}')
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    live,
    asked,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(body)
}

/** With `many_per_app` if an app may have several resources. */
export function oldManifest(origin: string, requires: string[] = ['syslog_drain']) {
  return {
    id: 'old',
    api: {
      config_vars: ['OLD_URL', 'OLD_TOKEN'],
      regions: ['us'],
      password: PASSWORD,
      sso_salt: SALT,
      requires,
      production: {
        base_url: 'https://old.acme.com/heroku/resources',
        sso_url: 'https://old.acme.com/sso/login',
      },
      test: { base_url: `${origin}/heroku/resources`, sso_url: `${origin}/sso/login` },
    },
  }
}
