// Who may read. A browser that signed in through Heroku, for one resource, for 90 minutes; or a program that brings an
// API token of the resource. Several resources may be open in one browser at once: the cookie is scoped to the
// resource's path, and the session names its resource, so two tabs never cross over.
import { randomBytes } from 'node:crypto'
import { fastifyCookie } from '@fastify/cookie'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import type { LiveResource } from '../resources/resource.ts'
import { sha256 } from '../secrets/sha256.ts'
import { checkSameOrigin } from './same-origin.ts'
import type { Session, SessionStore } from './session-store.ts'
import type { TokenStore } from './token-store.ts'
import { wrongCredential } from './wrong-credential.ts'

/**
 * Absolute, not since the last click: a person who lost access at Heroku loses it here at the next sign-in. 90 minutes
 * is the figure that Heroku's partners quote.
 */
const SESSION_MINUTES = 90
const COOKIE_NAME = 'culvert_session'
const READER = 'reader'
const BEARER = /^Bearer +(\S+) *$/i

export interface Reader {
  resource: LiveResource
  /** Null for a program with a token. */
  session: Session | null
  /** Whether the session or token is still good; long answers ask again. */
  stillMay(): Promise<boolean>
}

/** Opens a session, a new one each time so that none can be fixed beforehand. @returns its Set-Cookie line */
export async function openSession(
  sessions: SessionStore,
  publicUrl: string,
  visitor: Omit<Session, 'expiresAt'> & { resourceId: string },
  now: Date = new Date(),
): Promise<string> {
  const secret = randomBytes(32).toString('base64url')
  const expiresAt = new Date(now.getTime() + SESSION_MINUTES * 60_000)
  await sessions.create(sha256(secret), { ...visitor, expiresAt })
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
      throw wrongCredential(request, new AppError('token_unknown'))
    }
    request.setDecorator<Reader>(READER, reader)
  })
}

/** The reader of a request that came through `requireReader`. */
export function readerOf(request: FastifyRequest): Reader {
  return request.getDecorator<Reader>(READER)
}

/** @throws AppError session_required */
async function bySession(
  { sessions, now }: RequireReaderParts,
  request: FastifyRequest,
  id: string,
): Promise<Reader> {
  const secret = fastifyCookie.parse(request.headers.cookie ?? '')[COOKIE_NAME]
  if (!secret) throw new AppError('session_required')
  const idDigest = sha256(secret)
  const found = await sessions.find(idDigest, now())
  if (found?.resource.id !== id) throw new AppError('session_required')
  return { ...found, stillMay: async () => (await sessions.find(idDigest, now())) !== null }
}

async function byToken(
  { tokens, now }: RequireReaderParts,
  token: string,
  id: string,
): Promise<Reader | null> {
  const digest = sha256(token)
  const found = await tokens.find(digest, now())
  if (found?.resource.id !== id) return null
  return {
    session: null,
    resource: found.resource,
    stillMay: async () => (await tokens.find(digest, now())) !== null,
  }
}
