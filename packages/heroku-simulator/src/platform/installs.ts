// addons.heroku.com: every install of the add-on, for a caller with the manifest's password. The address is documented
// (Platform API for Partners, since September 2022); fields and paging are those of `vendor/apps`, which it replaced.
import type { Heroku } from '../heroku.ts'
import type { SimAnswer } from '../id-server.ts'
import type { PlatformCall } from './call.ts'

/** GET /api/v3/apps; null for any other call. */
export function listInstalls(world: Heroku, call: PlatformCall, pageSize: number): SimAnswer | null {
  if (call.method !== 'GET' || call.path !== '/api/v3/apps') return null
  if (!world.isAddon(call.headers.authorization)) {
    return { status: 401, body: { id: 'unauthorized', message: 'Invalid credentials.' } }
  }
  const offset = Number(new URLSearchParams(call.query).get('offset') ?? 0)
  const all = world.resources().toSorted((a, b) => (a.uuid < b.uuid ? -1 : 1))
  const next = offset + pageSize
  const link = `<http://${call.headers.host}${call.path}?offset=${next}>; rel="next"`
  return {
    status: 200,
    body: all.slice(offset, next).map(({ uuid, name, plan }) => ({
      callback_url: `https://api.heroku.com/addons/${uuid}`,
      heroku_id: 'app123@heroku.com',
      plan,
      provider_id: uuid,
      resource: { uuid, name },
    })),
    headers: next < all.length ? { Link: link } : {},
  }
}
