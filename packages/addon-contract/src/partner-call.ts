// Heroku's calls according to the Add-on Partner API v3, with variations for the rules.
import { type Exchange, jsonObject } from './exchange.ts'
import type { World } from './world.ts'

export const ACCEPT = 'application/vnd.heroku-addons+json; version=3'

export interface PartnerCall {
  what: string
  method: 'POST' | 'PUT' | 'DELETE'
  /** After base_url: nothing, or `/<uuid>`. */
  path?: string
  /** Sent as JSON; a string is sent unchanged. */
  body?: object | string
  /** Instead of the valid one; null: no header. */
  authorization?: string | null
  accept?: string
}

export function callPartner(world: World, call: PartnerCall): Promise<Exchange> {
  const { what, method, path = '', body, authorization = world.authorization, accept = ACCEPT } = call
  const headers: [string, string][] = [['Accept', accept]]
  if (authorization !== null) headers.unshift(['Authorization', authorization])
  if (body !== undefined) headers.push(['Content-Type', 'application/json'])
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  return world.send({
    what,
    method,
    url: `${world.addon.baseUrl}${path}`,
    headers,
    ...(text !== undefined && { body: text }),
  })
}

export interface ProvisionRequest {
  uuid: string
  what: string
  /** Replaces fields of the body; undefined omits one. */
  change?: Record<string, unknown>
  call?: Partial<PartnerCall>
}

/** Sends a provision request. The resource counts as live unless the answer is a refusal. */
export async function postProvision(
  world: World,
  { uuid, what, change, call }: ProvisionRequest,
): Promise<Exchange> {
  const body = { ...provisionBody(world, uuid), ...change }
  const exchange = await callPartner(world, { what, method: 'POST', body, ...call })
  const { answer } = exchange
  if (answer === null || answer.status < 300) world.live.add(uuid)
  const url = answer && jsonObject(answer.body)?.log_drain_url
  const known = world.loopback.find(uuid)
  if (known && typeof url === 'string') known.drainUrl = url
  if (known && answer && answer.status >= 200 && answer.status < 300 && answer.status !== 202)
    known.state = 'provisioned'
  return exchange
}

/** With a new valid grant; the drain token of a resource stays the same. */
export function provisionBody(world: World, uuid: string): Record<string, unknown> {
  const { addon, loopback, random } = world
  const resource =
    loopback.find(uuid) ??
    loopback.begin({
      uuid,
      name: `${addon.id}-${random.pick(['curly', 'solid', 'amber'])}-${random.int(10_000, 99_999)}`,
      plan: world.plans[0] as string,
      drainToken: `d.${random.uuid()}`,
    })
  return {
    uuid,
    name: resource.name,
    plan: resource.plan,
    region: 'amazon-web-services::us-east-1',
    callback_url: `${loopback.apiUrl}/addons/${uuid}`,
    oauth_grant: {
      code: loopback.issueGrant(uuid),
      type: 'authorization_code',
      expires_at: grantExpiry(Date.now()),
    },
    options: {},
    ...(addon.requires.includes('syslog_drain') && { log_drain_token: resource.drainToken }),
    ...(addon.requires.includes('log_input') && {
      log_input_url: `https://token:t.${uuid}@1.us.logplex.io/logs`,
    }),
  }
}

/** In five minutes. Heroku writes the offset without a colon, unlike RFC 3339. */
export function grantExpiry(now: number): string {
  return `${new Date(now + 300_000 - 8 * 3_600_000).toISOString().slice(0, 19)}-0800`
}
