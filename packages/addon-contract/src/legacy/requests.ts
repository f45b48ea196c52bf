// The requests of kensa, from before version 3 (heroku/kensa: check.rb, http.rb, sso.rb): other fields, other headers, and
// another sign-in. Never a grant, a name or a `d.` before the drain token.
import { createHash } from 'node:crypto'
import type { Exchange } from '../exchange.ts'
import { callPartner } from '../partner-call.ts'
import type { World } from '../world.ts'

/** Kensa's Accept header, from before the vendor media type. */
const ACCEPT = 'application/json'
/** Kensa's wrong credentials. */
const WRONG = `Basic ${Buffer.from('wrong:secret').toString('base64')}`

export interface LegacyCall {
  what: string
  method: 'POST' | 'PUT' | 'DELETE'
  /** After base_url. */
  path?: string
  body?: object
  /** With wrong credentials. */
  asStranger?: boolean
}

export function callLegacy(world: World, { asStranger, ...call }: LegacyCall): Promise<Exchange> {
  return callPartner(world, { ...call, accept: ACCEPT, ...(asStranger && { authorization: WRONG }) })
}

/** `app1234@kensa.heroku.com` */
export function herokuId({ random }: World): string {
  return `app${random.int(1_000, 9_999)}@kensa.heroku.com`
}

export function provisionBody(world: World, callbackUrl: string) {
  const { addon, plans, random } = world
  return {
    heroku_id: herokuId(world),
    plan: plans[0],
    callback_url: callbackUrl,
    logplex_token: null,
    region: 'amazon-web-services::us-east-1',
    options: {},
    uuid: random.uuid(),
    ...(addon.requires.includes('syslog_drain') && { log_drain_token: random.hex(32) }),
  }
}

/** The path of a resource, by the id of the add-on's answer, which may differ from the uuid. */
export function pathOf(id: string): string {
  return `/${encodeURIComponent(id)}`
}

export interface LegacySignIn {
  id: string
  salt: string
  /** Seconds since 1970. */
  timestamp: number
}

/** The data of the former navigation bar. An add-on keeps it unchanged in a cookie. */
export const NAV_DATA = Buffer.from(
  JSON.stringify({
    addon: 'Your Addon',
    appname: 'myapp',
    addons: [{ slug: 'youraddon', name: 'Your Addon', current: true }],
  }),
).toString('base64url')

export function signInFields({ id, salt, timestamp }: LegacySignIn): Record<string, string> {
  return {
    token: createHash('sha1').update(`${id}:${salt}:${timestamp}`).digest('hex'),
    timestamp: String(timestamp),
    'nav-data': NAV_DATA,
    email: 'username@example.com',
    app: 'myapp',
  }
}
