// The sign-in page of the simulated Heroku dashboard, on loopback: `GET /sso/<resource uuid>` posts the form that a click on
// the add-on would post, so that one link signs in. `/sso/<resource uuid>/form` returns the fields for curl.
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type SsoForm, ssoPage } from './sso-form.ts'

export interface Dashboard {
  origin: string
  /** The link that signs in to a resource. It works repeatedly: each visit makes a new form. */
  signInUrl(resourceId: string): string
  close(): Promise<void>
}

/** @param signIn returns null for an unknown resource */
export async function openDashboard(
  signIn: (resourceId: string) => SsoForm | null,
  port = 0,
): Promise<Dashboard> {
  const server = createServer((request, response) => {
    const [, resourceId, isForm] = /^\/sso\/([\w-]+)(\/form)?$/.exec(request.url ?? '') ?? []
    const form = request.method === 'GET' && resourceId !== undefined ? signIn(resourceId) : null
    if (form !== null && isForm !== undefined) {
      return send(
        response,
        200,
        'application/x-www-form-urlencoded',
        new URLSearchParams(form.fields).toString(),
      )
    }
    if (form !== null) return send(response, 200, 'text/html; charset=utf-8', ssoPage(form))
    // Also the answer to a service that takes this for api.heroku.com.
    return send(response, 404, 'application/json', '{"id":"not_found","message":"Not found."}')
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  return {
    origin,
    signInUrl: (resourceId) => `${origin}/sso/${resourceId}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'Content-Type': type,
    // Each visit makes a new form with a new timestamp.
    'Cache-Control': 'no-store',
  })
  response.end(body)
}
