// The differences between the manifest that Heroku has and the one to be pushed, and their effects. Pure. Secrets are
// compared but not shown, nor is the value of a key that may hold one.
import { asObject, type Json, type JsonObject } from './view.ts'

export interface Difference {
  /** api.regions */
  at: string
  /** As JSON; `null` if it is missing, `differs` on both sides if it may be a secret. */
  pushed: string | null
  local: string | null
  /** The effect of a push on customers, if known. */
  effect?: string
}

/** The answer of Heroku's registry wraps it: GET /api/v3/addons/:slug/current_manifest -> {"contents": {…}}. */
export function unwrapPushed(object: JsonObject): JsonObject {
  return asObject(object.contents) ?? object
}

/** Keys whose values may be shown. `set`: the order of the items has no meaning. */
const SHOWN: Readonly<Record<string, 'text' | 'set'>> = {
  id: 'text',
  name: 'text',
  cli_plugin_name: 'text',
  $base: 'text',
  'api.version': 'text',
  'api.config_vars_prefix': 'text',
  'api.config_vars': 'set',
  'api.regions': 'set',
  'api.requires': 'set',
  'api.production.base_url': 'text',
  'api.production.sso_url': 'text',
  'api.test.base_url': 'text',
  'api.test.sso_url': 'text',
}

const EFFECTS: Readonly<Record<string, string>> = {
  id: 'This is another add-on: an id cannot change after the first push.',
  $base: 'The manifest was pushed since this file was pulled. Pull again, or Heroku refuses the push.',
  'api.password': 'After the push Heroku authenticates with the new one: let the service accept both before.',
  'api.sso_salt':
    'After the push Heroku signs sign-ins with the new one: let the service accept both before.',
  'api.config_vars': 'After a config var is removed, every provision that answers with it fails.',
  'api.config_vars_prefix': 'Config vars of existing resources keep their names.',
  'api.regions': 'Customers in a removed region can no longer add it.',
  'api.requires': 'Applies to new resources; existing ones stay as they are.',
  'api.production.base_url': 'After the push Heroku calls this address for every resource.',
  'api.production.sso_url': 'After the push users are sent to this address.',
}

export function diffManifests(pushed: JsonObject, local: JsonObject): Difference[] {
  const [before, after] = [leaves(pushed), leaves(local)]
  const keys = [...new Set([...before.keys(), ...after.keys()])]
  return keys.flatMap((at) => {
    const [was, is] = [before.get(at), after.get(at)]
    if (comparable(at, was) === comparable(at, is)) return []
    // A file that was never pulled has no $base; Heroku adds it.
    if (at === '$base' && is === undefined) return []
    const effect = EFFECTS[at]
    const show = (value: Json | undefined) => {
      if (value === undefined) return null
      return SHOWN[at] === undefined ? 'differs' : withoutUserinfo(JSON.stringify(value))
    }
    return [{ at, pushed: show(was), local: show(is), ...(effect !== undefined && { effect }) }]
  })
}

/** Each value by its path. A list is one value. */
function leaves(object: JsonObject, prefix = ''): Map<string, Json> {
  const found = new Map<string, Json>()
  for (const [key, value] of Object.entries(object)) {
    const inner = asObject(value)
    if (inner === null) found.set(`${prefix}${key}`, value)
    else for (const [path, leaf] of leaves(inner, `${prefix}${key}.`)) found.set(path, leaf)
  }
  return found
}

function comparable(at: string, value: Json | undefined): string | undefined {
  if (SHOWN[at] === 'set' && Array.isArray(value))
    return JSON.stringify([...new Set(value.map((item) => JSON.stringify(item)))].sort())
  return JSON.stringify(value)
}

function withoutUserinfo(text: string): string {
  return text.replaceAll(/\/\/[^/@"]*@/g, '//…@')
}
