// The parts of the Platform API that an add-on uses for one of its resources (heroku/typescript-api-schema), as a function
// from known resources and a request to an answer.
import type { IncomingHttpHeaders } from 'node:http'
import type { Random, SimAnswer } from 'heroku-simulator'
import { jsonObject } from '../exchange.ts'

export interface Webhook {
  id: string
  url: string
  /** Signs deliveries. */
  secret: string
  /** The Authorization header of deliveries; null if the add-on set none. */
  authorization: string | null
  include: readonly string[]
}

export interface KnownResource {
  uuid: string
  name: string
  plan: string
  drainToken: string
  drainUrl: string | null
  state: 'provisioning' | 'provisioned' | 'deprovisioned'
  config: Record<string, string>
  webhooks: Webhook[]
}

export interface PlatformCall {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: Buffer
  /** The resource of the bearer token; null if the token is invalid. */
  caller: string | null
}

const NOT_FOUND = refusal(404, 'not_found', 'Not found.')
const INVALID = refusal(422, 'invalid_params', 'The body is invalid.')

export function answerPlatform(
  { method, path, body, caller }: PlatformCall,
  resources: ReadonlyMap<string, KnownResource>,
  random: Random,
): SimAnswer {
  const [, uuid = '', what = '', id] = /^\/addons\/([^/]+)(?:\/([^/]*)(?:\/([^/]+))?)?$/.exec(path) ?? []
  if (caller === null) return refusal(401, 'unauthorized', 'Invalid credentials provided.')
  const resource = resources.get(uuid)
  if (resource === undefined) return NOT_FOUND
  if (caller !== uuid) return refusal(403, 'forbidden', 'You do not have access to this add-on.')
  switch (`${method} ${what}`) {
    case 'GET ':
      return { status: 200, body: addonJson(resource) }
    case 'GET config':
      return { status: 200, body: configJson(resource) }
    case 'PATCH config':
      return patchConfig(resource, body)
    case 'POST actions':
      if (id !== 'provision' && id !== 'deprovision') return NOT_FOUND
      resource.state = id === 'provision' ? 'provisioned' : 'deprovisioned'
      return { status: 200, body: addonJson(resource) }
    case 'GET log-drains':
      return { status: 200, body: [drainJson(resource)] }
    case 'PUT log-drains':
      return { status: 200, body: drainJson(resource) }
    case 'GET addon-attachments':
      return { status: 200, body: [attachmentJson(resource)] }
    case 'GET webhooks':
      if (id === undefined) return { status: 200, body: resource.webhooks.map(webhookJson) }
      return found(resource.webhooks.find((webhook) => webhook.id === id))
    case 'POST webhooks':
      return subscribe(resource, body, random)
    case 'PATCH webhooks':
      return changeWebhook(resource, id, body)
    case 'DELETE webhooks': {
      const webhook = resource.webhooks.find((one) => one.id === id)
      resource.webhooks = resource.webhooks.filter((one) => one !== webhook)
      return found(webhook)
    }
    default:
      return NOT_FOUND
  }
}

/** `{"config":[{"name","value"}]}`. Heroku refuses an object of names and values, the format of its own calls. */
function patchConfig(resource: KnownResource, body: Buffer): SimAnswer {
  const { config } = jsonObject(body) ?? {}
  // A rule reports a wrong format; refusing it here would keep the add-on from completing.
  const pairs: [string, unknown][] = Array.isArray(config)
    ? config.map((one) => [String(one?.name), one?.value])
    : Object.entries((config as object | undefined) ?? {})
  for (const [name, value] of pairs) if (typeof value === 'string') resource.config[name] = value
  return { status: 200, body: configJson(resource) }
}

function subscribe(resource: KnownResource, body: Buffer, random: Random): SimAnswer {
  const asked = jsonObject(body)
  if (typeof asked?.url !== 'string') return INVALID
  const given = typeof asked.secret === 'string' ? asked.secret : null
  const webhook = {
    id: random.uuid(),
    url: asked.url,
    secret: given ?? random.hex(64),
    authorization: typeof asked.authorization === 'string' ? asked.authorization : null,
    include: Array.isArray(asked.include) ? asked.include.map(String) : [],
  }
  resource.webhooks.push(webhook)
  // Sent only once, if the add-on gave no secret.
  const headers: Record<string, string> = given === null ? { 'Heroku-Webhook-Secret': webhook.secret } : {}
  return { status: 201, body: webhookJson(webhook), headers }
}

function changeWebhook(resource: KnownResource, id: string | undefined, body: Buffer): SimAnswer {
  const webhook = resource.webhooks.find((one) => one.id === id)
  const asked = jsonObject(body) ?? {}
  if (webhook && typeof asked.secret === 'string') webhook.secret = asked.secret
  if (webhook && typeof asked.authorization === 'string') webhook.authorization = asked.authorization
  if (webhook && typeof asked.url === 'string') webhook.url = asked.url
  return found(webhook)
}

function found(webhook: Webhook | undefined): SimAnswer {
  return webhook ? { status: 200, body: webhookJson(webhook) } : NOT_FOUND
}

function refusal(status: number, id: string, message: string): SimAnswer {
  return { status, body: { id, message } }
}

const APP = { id: 'a1b2c3d4-1111-4222-8333-944455566677', name: 'tidy-river-1234' }
const TIMES = { created_at: '2026-03-01T10:15:00Z', updated_at: '2026-03-01T10:15:20Z' }

function addonJson({ uuid, name, plan, state, config }: KnownResource): object {
  return {
    id: uuid,
    name,
    state,
    provider_id: uuid,
    plan: { id: '77aac3d4-1111-4222-8333-944455566677', name: `${name.split('-')[0]}:${plan}` },
    app: APP,
    config_vars: Object.keys(config),
    actions: [],
    billing_entity: { ...APP, type: 'app' },
    billed_price: { cents: 0, contract: false, unit: 'month' },
    web_url: `https://addons-sso.heroku.com/apps/${APP.id}/addons/${uuid}`,
    ...TIMES,
  }
}

function configJson({ config }: KnownResource): object[] {
  return Object.entries(config).map(([name, value]) => ({ name, value }))
}

function drainJson({ uuid, name, drainToken, drainUrl }: KnownResource): object {
  const addon = { id: uuid, name, app: APP }
  return { id: `d2d0${uuid.slice(4)}`, token: drainToken, url: drainUrl, addon, app: APP, ...TIMES }
}

function attachmentJson({ uuid, name }: KnownResource): object {
  return {
    id: `9a8b${uuid.slice(4)}`,
    name: name.toUpperCase().replaceAll('-', '_'),
    namespace: null,
    addon: { id: uuid, name, app: APP },
    app: APP,
    web_url: `https://addons-sso.heroku.com/apps/${APP.id}/addons/${uuid}`,
    log_input_url: null,
    ...TIMES,
  }
}

function webhookJson({ id, url, include }: Webhook): object {
  return { id, url, include, level: 'sync', ...TIMES }
}
