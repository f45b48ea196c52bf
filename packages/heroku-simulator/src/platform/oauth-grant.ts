// GET /vendor/resources/:uuid/oauth-grant: another grant, for a caller with the manifest's password, if Heroku has unlocked
// this for the add-on.
import type { Heroku } from '../heroku.ts'
import type { SimAnswer } from '../id-server.ts'
import { NOT_FOUND, type PlatformCall } from './call.ts'

/** Null for any other call. */
export function issueNewGrant(world: Heroku, { method, path, headers }: PlatformCall): SimAnswer | null {
  const [, uuid] = /^\/vendor\/resources\/([\w-]+)\/oauth-grant$/.exec(path) ?? []
  if (method !== 'GET' || uuid === undefined) return null
  if (!world.isAddon(headers.authorization)) {
    return { status: 401, body: { id: 'unauthorized', message: 'Invalid credentials.' } }
  }
  if (!world.allowsNewGrants)
    return { status: 403, body: { id: 'forbidden', message: 'Not allowed for this add-on.' } }
  if (world.find(uuid) === null) return NOT_FOUND
  return { status: 200, body: { code: world.idServer.issueGrant(uuid), type: 'authorization_code' } }
}
