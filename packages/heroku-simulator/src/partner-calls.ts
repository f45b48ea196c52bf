// Heroku's calls of an add-on, and how they come: at least once.
import { setTimeout as sleep } from 'node:timers/promises'
import { basicAuth, callHttp, type HttpAnswer } from './http-call.ts'

/** What Heroku knows of an add-on: its manifest, with the addresses of one environment. */
export interface AddonManifest {
  id: string
  password: string
  ssoSalt: string
  /** Ends in /heroku/resources. */
  baseUrl: string
  ssoUrl: string
  configVars: readonly string[]
}

/** twice: at the same time. lost: it arrives, its answer does not, and it comes again. late: after a while. */
export type CallManner = 'once' | 'twice' | 'lost' | 'late'

const LATE_MS = 200

/** Legacy reference: the hard limit of an add-on's answer. The limit of v3 could not be read. */
const TIMEOUT_MS = 25_000

/** @param path behind /heroku/resources */
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
