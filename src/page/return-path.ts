// A link to a line, opened without a session, must lead there after all: what was asked for is kept in a cookie while the
// person goes through Heroku, and the page that they come back to sends them on. The cookie holds an address of this
// resource, says nothing about anybody, and lasts as long as a sign-in may take.
import { fastifyCookie } from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'

const COOKIE_NAME = 'culvert_return'
const KEPT_SECONDS = 900
/** Browsers keep 4 kB of a cookie. */
const MAX_CHARACTERS = 1_500

/** `path` of the page of this resource that was asked for, with its query. */
export function rememberReturnPath(request: FastifyRequest, reply: FastifyReply, publicUrl: string): void {
  const { id } = request.params as { id: string }
  if (request.method !== 'GET' || !isOf(id, request.url) || request.url === home(id)) return
  reply.header('set-cookie', cookie(id, request.url, KEPT_SECONDS, publicUrl.startsWith('https:')))
}

/** Where to go on to from the page that a sign-in leads to; null mostly. Once. */
export function takeReturnPath(request: FastifyRequest, reply: FastifyReply): string | null {
  const { id } = request.params as { id: string }
  // Whoever asks for something else than the plain page gets what they ask for.
  if (request.url !== home(id)) return null
  const path = fastifyCookie.parse(request.headers.cookie ?? '')[COOKIE_NAME]
  if (path === undefined) return null
  reply.header('set-cookie', cookie(id, '', 0, false))
  return isOf(id, path) && path !== home(id) ? path : null
}

function home(id: string): string {
  return `/resources/${id}`
}

/** Only ever to a page of the same resource: `//elsewhere` and backslashes cannot begin like this. */
function isOf(id: string, path: string): boolean {
  if (path.length > MAX_CHARACTERS || !path.startsWith(home(id))) return false
  const rest = path.slice(home(id).length)
  return /^(?:\/(?:overview|endpoints))?(?:\?[\w%&=+.:*~!'()@,;/?-]*)?$/.test(rest)
}

function cookie(id: string, path: string, maxAge: number, secure: boolean): string {
  return fastifyCookie.serialize(COOKIE_NAME, path, {
    path: home(id),
    httpOnly: true,
    // Sent along when Heroku's page has posted the sign-in and the browser is redirected.
    sameSite: 'lax',
    secure,
    maxAge,
  })
}
