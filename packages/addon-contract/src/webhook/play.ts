// Delivers webhooks to the address that the add-on subscribed with, genuine and forged ones.
import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { CannotPlay, NothingToPlay } from '../cannot-play.ts'
import type { Exchange } from '../exchange.ts'
import type { AddonCall } from '../loopback/loopback.ts'
import type { Webhook } from '../loopback/platform-routes.ts'
import { postProvision } from '../partner-call.ts'
import { callHereHint, deprovision, provisioned } from '../resources.ts'
import type { Stage } from '../stage.ts'
import type { World } from '../world.ts'

export interface WebhookEvidence {
  aimMs: number
  subscriptions: readonly AddonCall[]
  /** The webhooks of a resource after the answer to its first subscription was lost. */
  afterLostAnswer: { urls: readonly string[]; calls: readonly AddonCall[] }
  hasAuthorization: boolean
  ordinary: Exchange
  again: Exchange
  unknownEvent: Exchange
  /** Signed as sent, with bytes that a JSON serializer would not write. */
  spaced: Exchange
  /** Serialized differently from what was signed. */
  rewritten: Exchange
  wrongSignature: Exchange
  noSignature: Exchange
  wrongAuthorization: Exchange
  deprovisioned: Exchange
}

const SUBSCRIBE = /^POST \/addons\/:uuid\/webhooks$/

export async function playWebhook({ world }: Stage): Promise<WebhookEvidence> {
  const { loopback, limits, random } = world
  const { uuid } = await provisioned(world)
  if ((await loopback.waitFor(uuid, SUBSCRIBE, limits.callMs)) === null) {
    const hint = loopback.calls.length === 0 ? `, and called nothing else. ${callHereHint(world)}` : ''
    throw new NothingToPlay(`the add-on did not subscribe to webhooks${hint}`)
  }
  const [webhook] = loopback.find(uuid)?.webhooks ?? []
  if (webhook === undefined) throw new NothingToPlay('the add-on ended its subscription at once')
  const deliver = (what: string, change: Partial<Delivery> = {}) =>
    deliverTo(world, webhook, { what, ...change })
  const event = (change: object = {}) => JSON.stringify({ ...eventOf(world, uuid), ...change })
  const body = event()
  const spaced = JSON.stringify(JSON.parse(event({ note: 'caf\u00e9' })), null, 3).replace(
    '\u00e9',
    '\\u00E9',
  )
  const signed = event()

  const evidence = {
    aimMs: limits.aimMs,
    hasAuthorization: webhook.authorization !== null,
    ordinary: await deliver('an event', { body }),
    again: await deliver('the same event again', { body }),
    unknownEvent: await deliver('an event of an unknown kind', {
      body: event({ resource: 'teapot', action: 'pour', data: { id: random.uuid() } }),
    }),
    spaced: await deliver('with spaces and escapes, signed as sent', { body: spaced }),
    rewritten: await deliver('serialized again after signing', {
      body: JSON.stringify(JSON.parse(signed), null, 3),
      signature: sign(webhook.secret, signed),
    }),
    wrongSignature: await deliver('signed with another secret', {
      body: signed,
      signature: sign('another', signed),
    }),
    noSignature: await deliver('without a signature', { body: event(), signature: null }),
    wrongAuthorization: await deliver('with another Authorization', {
      body: event(),
      authorization: 'Bearer another',
    }),
    afterLostAnswer: await playLostAnswer(world),
    subscriptions: loopback.callsOf(uuid, SUBSCRIBE),
  }
  await deprovision(world, uuid)
  return { ...evidence, deprovisioned: await deliver('a removed resource') }
}

async function playLostAnswer(world: World): Promise<WebhookEvidence['afterLostAnswer']> {
  const { loopback, limits, random } = world
  const uuid = random.uuid()
  const end = loopback.trouble({ kind: 'lost', uuid, on: SUBSCRIBE, times: 1 })
  const opening = await postProvision(world, { uuid, what: 'Heroku provisions' })
  if (opening.answer === null) throw new CannotPlay('no second resource could be provisioned')
  // The reaction to the lost answer starts within this time, or later than a tester can wait.
  const isLost = ({ answer, route }: AddonCall) => answer === null && SUBSCRIBE.test(route)
  await loopback.waitUntil(
    uuid,
    (calls) =>
      calls.slice(calls.findIndex(isLost) + 1).some(({ route }) => /\/webhooks$/.test(route)) &&
      calls.some(isLost),
    limits.callMs,
  )
  await sleep(limits.quietMs)
  end()
  const urls = loopback.find(uuid)?.webhooks.map(({ url }) => url) ?? []
  return { urls, calls: loopback.callsOf(uuid, SUBSCRIBE) }
}

interface Delivery {
  what: string
  body?: string
  signature?: string | null
  authorization?: string
}

function deliverTo(world: World, webhook: Webhook, delivery: Delivery): Promise<Exchange> {
  const { body = '{}', signature = sign(webhook.secret, body) } = delivery
  const { authorization = webhook.authorization } = delivery
  const headers: [string, string][] = [['Content-Type', 'application/json']]
  if (authorization !== null) headers.push(['Authorization', authorization])
  if (signature !== null) headers.push(['Heroku-Webhook-Hmac-SHA256', signature])
  return world.send({
    what: delivery.what,
    method: 'POST',
    url: webhook.url,
    headers,
    body,
    deliverTo: world.deliverTo,
  })
}

function sign(secret: string, body: string): string {
  return createHmac('sha256', secret).update(body).digest('base64')
}

function eventOf({ random, loopback }: World, uuid: string) {
  const id = random.uuid()
  const { name = '' } = loopback.find(uuid) ?? {}
  const app = { id: random.uuid(), name: 'calm-lake-9' }
  const times = { created_at: new Date().toISOString(), updated_at: new Date().toISOString() }
  return {
    id,
    action: 'create',
    resource: 'addon-attachment',
    version: 'application/vnd.heroku+json; version=3',
    actor: { id: random.uuid(), email: 'dev@example.com' },
    data: { id: random.uuid(), name: 'LOGS', addon: { id: uuid, name, app }, app, ...times },
    previous_data: {},
    sequence: null,
    published_at: null,
    ...times,
    webhook_metadata: {
      attempt: { id: random.uuid() },
      delivery: { id: random.uuid() },
      event: { id, include: 'api:addon-attachment' },
      webhook: { id: random.uuid() },
    },
  }
}
