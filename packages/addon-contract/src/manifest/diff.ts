// What differs between the manifest that Heroku has and the one that would be pushed, and what a push would do. Pure.
// Secrets are compared and never shown; nor is the value of a key that is not known to be none.
import { asObject, type Json, type JsonObject } from './view.ts'

export interface Difference {
  /** api.regions */
  at: string
  /** As JSON; `null` where it is missing, `differs` on both sides where it may be a secret. */
  pushed: string | null
  local: string | null
  /** What a push of the local one would do to customers; where that is known. */
  effect?: string
}

/** The answer of Heroku's registry wraps it: GET /api/v3/addons/:slug/current_manifest -> {"contents": {…}}. */
export function unwrapPushed(object: JsonObject): JsonObject {
  return asObject(object.contents) ?? object
}

/** Keys whose values may be shown, and whether the order of their items means nothing. */
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
  id: 'This is another add-on: an id cannot be changed after the first push.',
  $base: 'Somebody pushed since this file was pulled. Pull again, or Heroku refuses the push.',
  'api.password':
    'From the moment of the push Heroku signs in with the new one: let the service take both before.',
  'api.sso_salt':
    'From the moment of the push sign-ins are signed with the new one: let the service take both before.',
  'api.config_vars': 'A config var that is taken away makes every provision which answers with it fail.',
  'api.config_vars_prefix': 'Config vars of resources that exist keep their names.',
  'api.regions': 'Customers in a region that is taken away can add it no more.',
  'api.requires': 'Holds for resources made from now on; those that exist stay as they were made.',
  'api.production.base_url': 'From the moment of the push Heroku calls there, for every resource there is.',
  'api.production.sso_url': 'From the moment of the push people are sent there.',
}

export function diffManifests(pushed: JsonObject, local: JsonObject): Difference[] {
  const [before, after] = [leaves(pushed), leaves(local)]
  const keys = [...new Set([...before.keys(), ...after.keys()])]
  return keys.flatMap((at) => {
    const [was, is] = [before.get(at), after.get(at)]
    if (comparable(at, was) === comparable(at, is)) return []
    // A file that was never pulled has none, and Heroku gives it one.
    if (at === '$base' && is === undefined) return []
    const effect = EFFECTS[at]
    const show = (value: Json | undefined) => {
      if (value === undefined) return null
      return SHOWN[at] === undefined ? 'differs' : withoutUserinfo(JSON.stringify(value))
    }
    return [{ at, pushed: show(was), local: show(is), ...(effect !== undefined && { effect }) }]
  })
}

/** Each value by its path; an object is its members, a list is one value. */
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
