// Who may read: a browser that signed in through Heroku, for one resource, for 90 minutes. Several resources may be
// open in one browser at once: the cookie is scoped to the resource's path, and the session names its resource, so
// two tabs never cross over.
import { createHash, randomBytes } from 'node:crypto'
import { fastifyCookie } from '@fastify/cookie'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import type { Session, SessionStore } from './session-store.ts'

/**
 * Absolute, not since the last click: whoever lost access at Heroku must sign in again to notice. 90 minutes is the
 * figure that Heroku's partners quote.
 */
const SESSION_MINUTES = 90
const COOKIE_NAME = 'culvert_session'
const READER = 'reader'

/** What the reader's pages need to know of a resource. */
export interface ReadResource {
  id: string
  number: number
  state: 'provisioned' | 'deprovisioned'
  name: string | null
  plan: string | null
}

export type FindResource = (id: string) => Promise<ReadResource | null>

export interface Reader {
  session: Session
  resource: ReadResource
}

/** Opens a session; answers with the Set-Cookie line for it. A new one each time, so none can be fixed beforehand. */
export async function openSession(
  sessions: SessionStore,
  publicUrl: string,
  visitor: Omit<Session, 'expiresAt'>,
  now: Date = new Date(),
): Promise<string> {
  const secret = randomBytes(32).toString('base64url')
  const expiresAt = new Date(now.getTime() + SESSION_MINUTES * 60_000)
  await sessions.create(digest(secret), { ...visitor, expiresAt }, now)
  return fastifyCookie.serialize(COOKIE_NAME, secret, {
    path: `/resources/${visitor.resourceId}`,
    httpOnly: true,
    // Lax, not Strict: the sign-in is a redirect out of a post by Heroku's page, and Strict would keep it back.
    sameSite: 'lax',
    secure: publicUrl.startsWith('https:'),
    maxAge: SESSION_MINUTES * 60,
  })
}

export interface RequireSessionParts {
  sessions: SessionStore
  findResource: FindResource
  now(): Date
}

/** Guards every route of this scope; each of them has the resource's `:id` in its path. */
export function requireSession(
  app: FastifyInstance,
  { sessions, findResource, now }: RequireSessionParts,
): void {
  app.decorateRequest(READER)
  app.addHook('onRequest', async (request) => {
    const { id } = request.params as { id: string }
    const secret = fastifyCookie.parse(request.headers.cookie ?? '')[COOKIE_NAME]
    if (!secret) throw new AppError('session_required')
    const session = await sessions.find(digest(secret), now())
    if (session === null || session.resourceId !== id) throw new AppError('session_required')
    // A session may outlive its resource by a moment: one that was being opened while the DELETE came in.
    const resource = await findResource(session.resourceId)
    if (resource?.state !== 'provisioned') throw new AppError('session_required')
    request.setDecorator<Reader>(READER, { session, resource })
  })
}

/** The reader of a request that came through `requireSession`. */
export function readerOf(request: FastifyRequest): Reader {
  return request.getDecorator<Reader>(READER)
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
