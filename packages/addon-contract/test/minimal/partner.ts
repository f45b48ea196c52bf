// The minimal add-on's side of the Partner API.
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Call, ID, json, PASSWORD, PLANS, type Resource, slowly, text } from '../minimal-addon.ts'
import { setUp } from './set-up.ts'

export function isHeroku({ addon, request }: Call): boolean {
  const { method, headers } = request
  const given = headers.authorization
  if (given === undefined) {
    return (
      (addon.has('P06') && method === 'POST') ||
      (addon.has('C08') && method === 'PUT') ||
      (addon.has('D05') && method === 'DELETE')
    )
  }
  const [, encoded = ''] = /^Basic ([\w+/=-]+)$/.exec(given) ?? []
  if (encoded === '' && addon.has('P07')) throw new Error('cannot read it')
  const [user, password] = Buffer.from(encoded, 'base64').toString().split(':')
  if (addon.has('C07') && method === 'PUT' && addon.resources.has(request.url?.split('/').at(-1) ?? ''))
    return true
  if (addon.has('D04') && method === 'DELETE' && user === 'wrong') {
    return addon.resources.get(request.url?.split('/').at(-1) ?? '')?.state === 'provisioned'
  }
  return (user === ID || addon.has('P05')) && (password === PASSWORD || addon.has('P04'))
}

const FIELDS = [
  'uuid',
  'name',
  'plan',
  'region',
  'callback_url',
  'oauth_grant',
  'options',
  'log_drain_token',
  'log_input_url',
]

export async function provision(call: Call): Promise<void> {
  const { addon, request } = call
  const { has, resources } = addon
  if (has('P01')) return json(call, 500, {})
  if (has('P02') && request.headers.accept?.includes('vnd.heroku')) return json(call, 406, {})
  const asked = readBody(call)
  if (asked === null)
    return has('P29') ? json(call, 500, {}) : json(call, 400, { message: 'that is no JSON' })
  const uuid = String(asked.uuid)
  const known = resources.get(uuid)

  if (has('P03') && asked.oauth_grant?.expires_at?.endsWith('-0800'))
    return json(call, 422, { message: 'when?' })
  if (has('P20')) asked.oauth_grant.code.toString()
  if (has('P21') && asked.options === undefined) throw new Error('which options?')
  if (has('P22') && Object.keys(asked).some((name) => !FIELDS.includes(name))) return json(call, 400, {})
  if (has('P23') && asked.region !== 'amazon-web-services::us-east-1') return json(call, 500, {})
  if (has('P24') && Object.keys(asked.options ?? {}).length > 0) return json(call, 400, {})
  if (!PLANS.includes(asked.plan) && !has('P27'))
    return json(call, 422, has('P28') ? {} : { message: `there is no plan ${asked.plan}` })
  if (known?.state === 'gone' && !(has('D08') && known.tokens.size > 0))
    return json(call, 410, { message: 'gone' })
  if (has('P30') && resources.size === 0) await slowly()
  // Two concurrent requests each find nothing.
  if (has('P26') && known === undefined) await sleep(200)

  const repeatsLatest = [...resources.keys()].at(-1) === uuid
  const isNew = known === undefined || (has('P25') && !repeatsLatest)
  const resource = isNew ? create(uuid, asked.plan) : known
  resources.set(uuid, resource)
  if (resource.state === 'gone') resource.state = 'provisioned'
  resource.tokens.add(String(asked.log_drain_token))
  resource.config.MINIMAL_LOGS_URL = `${addon.origin}/dashboard/${uuid}`

  const code = asked.oauth_grant?.code
  if (!isNew && has('A04')) resource.jobs = Number.NEGATIVE_INFINITY
  if (typeof code === 'string' && (resource.jobs === 0 || (has('A03') && resource.jobs > 0))) {
    resource.jobs++
    setUp(addon, resource, code).catch(() => {})
  }
  answer(call, resource, isNew)
}

function create(uuid: string, plan: string): Resource {
  return {
    uuid,
    plan,
    state: 'provisioning',
    tokens: new Set(),
    config: { MINIMAL_LOGS_KEY: randomBytes(8).toString('hex') },
    frames: new Map(),
    webhook: {
      secret: randomBytes(16).toString('hex'),
      authorization: `Bearer ${randomBytes(16).toString('hex')}`,
    },
    events: new Set(),
    jobs: 0,
  }
}

function answer(call: Call, resource: Resource, isNew: boolean) {
  const { addon } = call
  const { has, options, resources } = addon
  const first = [...resources.keys()][0]
  const { uuid } = resource
  const config: Record<string, unknown> = { ...resource.config }
  if (has('P12')) config.MINIMAL_LOGS_SECRET = 'x'
  if (has('P13')) config.MINIMAL_LOGS_KEY = 7
  if (has('P14')) config.MINIMAL_LOGS_URL = 'over there'
  if (has('P15')) delete config.MINIMAL_LOGS_KEY
  const drain = addon.origin.replace(/^https?/, has('P16') ? 'http' : 'https')
  const body = {
    id: has('P09') ? undefined : has('P10') ? `r-${uuid}` : has('P11') ? first : uuid,
    message: has('P19') ? { text: 'welcome' } : 'welcome',
    log_drain_url: has('P17') ? `syslog://127.0.0.1:6514/${uuid}` : `${drain}/logs/${has('P18') ? '' : uuid}`,
    ...((!options.isAsync || has('A01')) && { config }),
  }
  if (has('P08')) return text(call, 200, 'done')
  if (options.isAsync) return json(call, 202, body)
  if (isNew) resource.state = 'provisioned'
  json(call, 200, body)
}

export async function changePlan(call: Call, uuid: string): Promise<void> {
  const { has, resources } = call.addon
  const resource = resources.get(uuid)
  const asked = readBody(call)
  if (resource === undefined) return json(call, has('C14') ? 500 : 404, { message: 'unknown' })
  if (resource.state === 'gone') return json(call, has('C15') ? 404 : 410, { message: 'gone' })
  if (asked === null) return json(call, 400, { message: 'that is no JSON' })
  if (has('C16') && resource.plan === asked.plan) await slowly()
  if (!PLANS.includes(asked.plan) && !has('C10'))
    return json(call, 422, has('C11') ? {} : { message: `there is no plan ${asked.plan}` })
  if (has('C12') && asked.uuid !== undefined && asked.uuid !== uuid) return json(call, 409, {})
  if (has('C13') && Object.keys(asked).some((name) => !['plan', 'uuid'].includes(name)))
    return json(call, 400, {})
  if (has('C02') && asked.plan === resource.plan) return json(call, 409, {})
  if (has('C01') && asked.plan !== resource.plan) return json(call, 503, { message: 'not today' })
  resource.plan = asked.plan
  if (has('C03')) return text(call, 200, 'done')
  const config = has('C05')
    ? { MINIMAL_LOGS_URL: null }
    : { ...resource.config, ...(has('C04') && { MINIMAL_LOGS_PLAN: 'x' }) }
  json(call, 200, { config, message: has('C06') ? 7 : `now on ${asked.plan}` })
}

export async function deprovision(call: Call, uuid: string): Promise<void> {
  const { addon, response } = call
  const { has, resources } = addon
  const resource = resources.get(uuid)
  if (resource === undefined) {
    // So that a late provision request finds it removed.
    if (!has('D10')) resources.set(uuid, { ...create(uuid, ''), state: 'gone' })
    return json(call, has('D09') ? 500 : 410, { message: 'unknown' })
  }
  if (resource.state === 'gone') return json(call, has('D07') ? 404 : 410, { message: 'gone' })
  resource.state = 'gone'
  if (has('D11')) await slowly()
  if (has('D01')) return json(call, 500, {})
  if (has('D02')) return json(call, 202, {})
  if (has('D03')) return text(call, 200, 'removed')
  response.writeHead(204).end()
}

interface Asked {
  uuid?: unknown
  plan: string
  region: string
  options: object | null
  oauth_grant: { code: string; expires_at: string }
  log_drain_token?: unknown
}

/** Without validation, which Heroku's documented format does not need; null if it is not JSON. */
function readBody({ body }: Call): Asked | null {
  try {
    return JSON.parse(body.toString()) as Asked
  } catch {
    return null
  }
}
