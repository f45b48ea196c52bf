// Who may read. A browser that signed in through Heroku, for one resource, for 90 minutes; or a program that brings an
// API token of the resource. Several resources may be open in one browser at once: the cookie is scoped to the
// resource's path, and the session names its resource, so two tabs never cross over.
import { createHash, randomBytes } from 'node:crypto'
import { fastifyCookie } from '@fastify/cookie'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import { checkSameOrigin } from './same-origin.ts'
import type { Session, SessionStore } from './session-store.ts'
import type { TokenStore } from './token-store.ts'

/**
 * Absolute, not since the last click: whoever lost access at Heroku must sign in again to notice. 90 minutes is the
 * figure that Heroku's partners quote.
 */
const SESSION_MINUTES = 90
const COOKIE_NAME = 'culvert_session'
const READER = 'reader'
const BEARER = /^Bearer +(\S+) *$/i

/** What the reader's pages need to know of a resource. */
export interface ReadResource {
  id: string
  number: number
  state: 'provisioned' | 'deprovisioned'
  name: string | null
  plan: string | null
  createdAt: Date
}

export type FindResource = (id: string) => Promise<ReadResource | null>

export interface Reader {
  resource: ReadResource
  /** Null for a program with a token. */
  session: Session | null
  /** True while the reader still may: for answers that go on for long. */
  stillMay(): Promise<boolean>
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

export interface RequireReaderParts {
  config: { publicUrl: string }
  sessions: SessionStore
  tokens: TokenStore
  findResource: FindResource
  now(): Date
}

/** Guards every route of this scope; each of them has the resource's `:id` in its path. */
export function requireReader(app: FastifyInstance, parts: RequireReaderParts): void {
  app.decorateRequest(READER)
  app.addHook('onRequest', async (request, reply) => {
    const { id } = request.params as { id: string }
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined) {
      const reader = await bySession(parts, request, id)
      checkSameOrigin(request, parts.config.publicUrl)
      request.setDecorator<Reader>(READER, reader)
      return
    }
    const reader = await byToken(parts, token, id)
    if (reader === null) {
      reply.header('www-authenticate', 'Bearer')
      throw new AppError('token_unknown')
    }
    request.setDecorator<Reader>(READER, reader)
  })
}

/** The reader of a request that came through `requireReader`. */
export function readerOf(request: FastifyRequest): Reader {
  return request.getDecorator<Reader>(READER)
}

/** @throws AppError session_required */
async function bySession(parts: RequireReaderParts, request: FastifyRequest, id: string): Promise<Reader> {
  const secret = fastifyCookie.parse(request.headers.cookie ?? '')[COOKIE_NAME]
  if (!secret) throw new AppError('session_required')
  const idDigest = digest(secret)
  const session = await parts.sessions.find(idDigest, parts.now())
  if (session === null || session.resourceId !== id) throw new AppError('session_required')
  // A session may outlive its resource by a moment: one that was being opened while the DELETE came in.
  const resource = await findLive(parts, id)
  if (resource === null) throw new AppError('session_required')
  return {
    session,
    resource,
    stillMay: async () =>
      (await parts.sessions.find(idDigest, parts.now())) !== null && (await findLive(parts, id)) !== null,
  }
}

async function byToken(parts: RequireReaderParts, token: string, id: string): Promise<Reader | null> {
  const tokenDigest = digest(token)
  const find = async () => {
    const found = await parts.tokens.find(tokenDigest, parts.now())
    return found?.resourceId === id ? findLive(parts, id) : null
  }
  const resource = await find()
  return resource && { session: null, resource, stillMay: async () => (await find()) !== null }
}

async function findLive({ findResource }: RequireReaderParts, id: string): Promise<ReadResource | null> {
  const resource = await findResource(id)
  return resource?.state === 'provisioned' ? resource : null
}

export function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
