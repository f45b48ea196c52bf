// Heroku's calls to an add-on, which arrive at least once.
import { setTimeout as sleep } from 'node:timers/promises'
import { basicAuth, callHttp, type HttpAnswer } from './http-call.ts'

/** The manifest of an add-on, with the addresses of one environment. */
export interface AddonManifest {
  id: string
  password: string
  ssoSalt: string
  /** Ends in /heroku/resources. */
  baseUrl: string
  ssoUrl: string
  configVars: readonly string[]
}

/** twice: two concurrent calls. lost: the answer is lost, and the call is repeated. late: after 200 ms. */
export type CallManner = 'once' | 'twice' | 'lost' | 'late'

const LATE_MS = 200

/** The hard limit of the legacy reference. The limit of v3 is not documented. */
const TIMEOUT_MS = 25_000

/** @param path after /heroku/resources */
export async function callAddon(
  addon: AddonManifest,
  manner: CallManner,
  method: string,
  path: string,
  body?: object,
): Promise<HttpAnswer> {
  const callOnce = () => callAddonOnce(addon, method, path, body)
  if (manner === 'late') await sleep(LATE_MS)
  if (manner === 'lost') await callOnce()
  const [answer] = await Promise.all([callOnce(), manner === 'twice' ? callOnce() : null])
  return answer
}

function callAddonOnce(
  addon: AddonManifest,
  method: string,
  path: string,
  body?: object,
): Promise<HttpAnswer> {
  const headers: [string, string][] = [
    ['Authorization', basicAuth(addon.id, addon.password)],
    ['Accept', 'application/vnd.heroku-addons+json; version=3'],
  ]
  if (body !== undefined) headers.push(['Content-Type', 'application/json'])
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body))
  return callHttp({ method, url: `${addon.baseUrl}${path}`, headers, body: bytes, timeoutMs: TIMEOUT_MS })
}
