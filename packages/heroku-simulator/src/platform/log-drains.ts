// The drains of a resource, as the Platform API shows them to the partner, and `PUT`, which moves one.
import type { AttachedDrain } from '../attached-drain.ts'
import type { Heroku, SimResource } from '../heroku.ts'
import type { SimAnswer } from '../id-server.ts'
import { NOT_FOUND, type PlatformCall, readJson, refusalOf } from './call.ts'

/** PUT /addons/:uuid/log-drains/:id_or_url_or_token; null for any other call. */
export function moveDrain(world: Heroku, call: PlatformCall): SimAnswer | null {
  const [, uuid = '', which = ''] = /^\/addons\/([\w-]+)\/log-drains\/([^/]+)$/.exec(call.path) ?? []
  if (call.method !== 'PUT' || which === '') return null
  const refusal = refusalOf(world, call.headers, uuid)
  if (refusal !== null) return refusal
  const resource = world.find(uuid) as SimResource
  const named = decodeURIComponent(which)
  const drain = resource.drains.find((one) => [one.drainId, one.url, one.token].includes(named))
  if (drain === undefined) return NOT_FOUND
  const url = readJson(call.body)?.url
  if (typeof url !== 'string' || !/^https:\/\/\S+$/.test(url)) {
    return { status: 422, body: { id: 'invalid_params', message: 'Url is invalid' } }
  }
  drain.moveTo(url)
  return { status: 200, body: drainJson(drain, resource, true) }
}

export function drainJson(drain: AttachedDrain, resource: SimResource, namesApp: boolean) {
  return {
    id: drain.drainId,
    token: drain.token,
    url: drain.url,
    addon: { id: resource.uuid, name: resource.name },
    ...(namesApp && { app: { id: drain.appId, name: drain.app } }),
    created_at: '2026-03-01T10:15:00Z',
    updated_at: '2026-03-01T10:15:00Z',
  }
}
