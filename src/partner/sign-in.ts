// POST /sso/login: a person opened the add-on from Heroku's dashboard or with `heroku addons:open`, and Heroku made the
// browser post a signed form here. This is the only sign-in: Heroku decides on access, and there are no accounts. The post
// is cross-site, so it relies on no cookie; each one opens a new session.
import { fastifyCookie } from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { ResourceStore } from '../resources/resource-store.ts'
import { type SsoRefusal, verifySso } from './sso-token.ts'

/** A person whom Heroku vouches for. */
export interface Visitor {
  resourceId: string
  /** Null, like `email`, with the older token, which does not cover them. */
  userId: string | null
  email: string | null
  /** The app whose page they came from. No token covers it: for display, never for authorisation. */
  app: string | null
}

/** Opens a session. @returns its Set-Cookie line */
export type OpenSession = (visitor: Visitor) => Promise<string>

export interface SignInParts {
  config: Pick<Config, 'addon' | 'publicUrl' | 'sso'>
  resources: Pick<ResourceStore, 'findResource'>
  openSession: OpenSession
  now(): Date
}

const REASONS: Record<SsoRefusal, string> = {
  incomplete: 'a part of what Heroku sends is missing',
  timestamp_unreadable: 'its time could not be read',
  out_of_time: 'it is more than five minutes old, or a clock is wrong',
  sha1_not_accepted: 'it carries only the older kind of token',
  wrong_token: 'its token is not right',
}

export function signIn({ config, resources, openSession, now }: SignInParts) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const field = fieldsOf(request.body)
    const verdict = verifySso(
      {
        // The second names are version 1's, which kensa still sends.
        resourceId: field('resource_id') ?? field('id'),
        timestamp: field('timestamp'),
        userScopedToken: field('user_scoped_resource_token'),
        resourceToken: field('resource_token') ?? field('token'),
        userId: field('user_id'),
        email: field('email'),
      },
      {
        salts: config.addon.ssoSalts,
        acceptSha1: config.sso.acceptSha1,
        nowSeconds: Math.floor(now().getTime() / 1000),
      },
    )
    if ('refusal' in verdict) throw new AppError('sso_refused', { reason: REASONS[verdict.refusal] })

    const resource = await resources.findResource(verdict.resourceId)
    if (resource === null) throw new AppError('resource_unknown')
    if (resource.state === 'deprovisioned') throw new AppError('resource_gone')

    const cookie = await openSession({
      resourceId: resource.id,
      userId: verdict.identity?.userId ?? null,
      email: verdict.identity?.email ?? null,
      app: appName(field('context_app') ?? field('attached_app') ?? field('app') ?? field('owning_app')),
    })
    request.log.info({ resource: resource.id, identified: verdict.identity !== null }, 'signed in')
    reply.header('set-cookie', cookie)
    if (config.sso.navHeader) setNavData(reply, field('nav-data'), config.publicUrl)
    return reply
      .header('cache-control', 'no-store')
      .header('referrer-policy', 'no-referrer')
      .redirect(landing(resource.id, field('path')), 303)
  }
}

/**
 * A field that was sent twice counts as absent: it is unknown which of the two a token covers. A field with a NUL, which
 * Postgres cannot store, is read as empty, which no token covers.
 */
function fieldsOf(body: unknown): (name: string) => string | undefined {
  const fields = (body ?? {}) as Record<string, unknown>
  return (name) => {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (typeof value !== 'string') return undefined
    return value.includes('\0') ? '' : value
  }
}

function appName(claimed: string | undefined): string | null {
  return claimed !== undefined && /^[\w-]{1,100}$/.test(claimed) ? claimed : null
}

/**
 * Where to go after sign-in. Links in our messages have a `path`, which Heroku passes on; anyone can write such a link, so
 * a path outside the resource is ignored.
 */
function landing(resourceId: string, path: string | undefined): string {
  const home = `/resources/${resourceId}`
  const base = new URL(home, 'http://this-service.invalid')
  if (path === undefined || !URL.canParse(path, base.href)) return home
  // URL resolution handles `//host`, backslashes and `..`.
  const asked = new URL(path, base)
  const stays =
    asked.origin === base.origin && (asked.pathname === home || asked.pathname.startsWith(`${home}/`))
  return stays ? asked.pathname + asked.search : home
}

/** For kensa, which expects the cookie of a header bar deprecated in 2019, and compares it byte for byte. */
function setNavData(reply: FastifyReply, navData: string | undefined, publicUrl: string): void {
  if (navData === undefined || !/^[\w+/=.-]+$/.test(navData)) return
  const cookie = fastifyCookie.serialize('heroku-nav-data', navData, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: publicUrl.startsWith('https:'),
    encode: (value) => value,
  })
  reply.header('set-cookie', cookie)
}
