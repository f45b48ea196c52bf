// /addons/:uuid/webhooks: a partner's subscriptions.
import type { Heroku } from '../heroku.ts'
import type { SimAnswer } from '../id-server.ts'
import { webhookJson } from '../webhooks.ts'
import { NOT_FOUND, type PlatformCall, readJson, refusalOf } from './call.ts'
import { page } from './page.ts'

/** Null for any other call. */
export function changeWebhooks(world: Heroku, call: PlatformCall, pageSize: number): SimAnswer | null {
  const [, uuid, id] = /^\/addons\/([\w-]+)\/webhooks(?:\/([\w-]+))?$/.exec(call.path) ?? []
  if (uuid === undefined) return null
  const refusal = refusalOf(world, call.headers, uuid)
  if (refusal !== null) return refusal
  const { webhooks } = world
  if (call.method === 'GET' && id === undefined)
    return page(webhooks.of(uuid).map(webhookJson), call.headers.range, pageSize)
  if (call.method === 'POST' && id === undefined) return webhooks.subscribe(uuid, readJson(call.body))
  if (call.method === 'PATCH' && id !== undefined) return webhooks.subscribe(uuid, readJson(call.body), id)
  if (call.method === 'DELETE' && id !== undefined) return webhooks.unsubscribe(uuid, id)
  return NOT_FOUND
}
