// The calls that complete or cancel an asynchronous provision: config vars and two actions.
import type { Heroku, SimResource } from '../heroku.ts'
import type { SimAnswer } from '../id-server.ts'
import { NOT_FOUND, type PlatformCall, readJson, refusalOf } from './call.ts'

/** /addons/:uuid/config and /addons/:uuid/actions/…; null for any other call. */
export function changeProvision(world: Heroku, call: PlatformCall): SimAnswer | null {
  const [, uuid = '', what] = /^\/addons\/([\w-]+)\/(config|actions\/\w+)$/.exec(call.path) ?? []
  if (what === undefined) return null
  const refusal = refusalOf(world, call.headers, uuid)
  if (refusal !== null) return refusal
  const resource = world.find(uuid) as SimResource
  if (what === 'config' && call.method === 'GET') return { status: 200, body: configJson(resource) }
  if (what === 'config' && call.method === 'PATCH') return writeConfig(world, resource, readJson(call.body))
  if (call.method !== 'POST') return NOT_FOUND
  if (what === 'actions/provision') return world.complete(uuid) ? { status: 200, body: {} } : refused('state')
  if (what === 'actions/deprovision') {
    if (resource.state !== 'provisioning') return refused('state')
    world.drop(uuid)
    return { status: 200, body: { id: uuid, state: 'deprovisioned' } }
  }
  return NOT_FOUND
}

function writeConfig(world: Heroku, resource: SimResource, body: Record<string, unknown> | null): SimAnswer {
  const vars = Array.isArray(body?.config) ? (body.config as { name?: unknown; value?: unknown }[]) : null
  const isInOrder = vars?.every(
    ({ name, value }) =>
      typeof name === 'string' && typeof value === 'string' && world.configVars.includes(name),
  )
  if (vars === null || !isInOrder) return refused('config')
  resource.configWrites++
  for (const { name, value } of vars) resource.config[String(name)] = String(value)
  return { status: 200, body: configJson(resource) }
}

function configJson({ config }: SimResource): { name: string; value: string }[] {
  return Object.entries(config).map(([name, value]) => ({ name, value }))
}

function refused(what: string): SimAnswer {
  return { status: 422, body: { id: 'invalid_params', message: `Not with this ${what}.` } }
}
