// The world around the add-on under test: makes and records Heroku's calls, runs the servers that the add-on calls, and
// tracks what was provisioned, so that all of it is removed.
import { randomUUID } from 'node:crypto'
import { basicAuth, createRandom, type Random } from 'heroku-simulator'
import { type Addon, CannotRun } from './addon.ts'
import { CannotPlay } from './cannot-play.ts'
import type { Exchange } from './exchange.ts'
import { type Loopback, openLoopback } from './loopback/loopback.ts'
import { createSender, type Request } from './send.ts'

/** Time limits, in milliseconds. */
export interface Limits {
  /** Timeout of an answer to Heroku (legacy reference: "hard fail over 25 s"). */
  answerMs: number
  /** Aim of an answer to Heroku (legacy reference: "aim under 3 s"). */
  aimMs: number
  /** Timeout of an answer to Logplex (heroku/logplex: request timeout). */
  drainMs: number
  /** From a 202 to actions/provision. Heroku waits twelve hours. */
  finishMs: number
  /** Wait for a call of the add-on that may not come. */
  callMs: number
  /** Wait for a call of the add-on that must not come. */
  quietMs: number
}

export const LIMITS: Limits = {
  answerMs: 25_000,
  aimMs: 3_000,
  drainMs: 5_000,
  finishMs: 30_000,
  callMs: 3_000,
  quietMs: 1_000,
}

export interface WorldOptions {
  addon: Addon
  production: boolean
  /** The first is provisioned; a plan change goes to the second. */
  plans: readonly string[]
  /** Of the servers that the add-on calls. Default: any free port. */
  idPort?: number | undefined
  apiPort?: number | undefined
  /** The client secret that the add-on must send to exchange a grant. Default: any. */
  clientSecret?: string | undefined
  /** Also test the navigation header that Heroku deprecated in 2019. */
  navHeader?: boolean | undefined
  /** An origin to connect to instead of that of log_drain_url and webhook addresses. */
  deliverTo?: string | undefined
  limits?: Partial<Limits> | undefined
  /** Interrupts the plays; what they provisioned is still removed. */
  signal?: AbortSignal | undefined
}

export interface World {
  addon: Addon
  production: boolean
  plans: readonly string[]
  navHeader: boolean
  deliverTo: string | undefined
  limits: Limits
  random: Random
  loopback: Loopback
  /** Resources that were provisioned and not removed yet. */
  live: Set<string>
  /** Resources that could not be removed. */
  left: string[]
  /** Why no resource can be provisioned, once that is known, so that no later play tries again. */
  unprovisionable: string | null
  /** Makes and records a call; resolves even without an answer. @throws CannotPlay once interrupted */
  send(request: Request): Promise<Exchange>
  /** The Authorization header of Heroku's calls. */
  authorization: string
  clear(): Promise<void>
  close(): Promise<void>
}

/** @throws CannotRun if a port is in use */
export async function openWorld(options: WorldOptions): Promise<World> {
  const { addon, production, signal } = options
  const random = createRandom(randomUUID())
  const loopback = await openLoopback({
    random,
    idPort: options.idPort ?? 0,
    apiPort: options.apiPort ?? 0,
    clientSecret: options.clientSecret ?? null,
    signal,
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new CannotRun(`A port is in use: ${error.message}. Choose others with --id-port and --api-port.`)
  })
  const limits = { ...LIMITS, ...options.limits }
  // A development machine often has a self-signed certificate; in production an invalid one must show.
  const sender = createSender(limits.answerMs, production)
  const world: World = {
    addon,
    production,
    plans: options.plans,
    navHeader: options.navHeader ?? false,
    deliverTo: options.deliverTo ?? defaultDeliverTo(addon, production),
    limits,
    random,
    loopback,
    live: new Set(),
    left: [],
    unprovisionable: null,
    authorization: basicAuth(addon.id, addon.password),

    async send(request) {
      if (signal?.aborted) throw new CannotPlay('it was interrupted')
      return sender.send(request)
    },

    async clear() {
      const uuids = [...world.live]
      world.live.clear()
      const removals = uuids.map(async (uuid) => {
        loopback.end(uuid)
        const { answer } = await sender.send({
          what: 'the tester removes it',
          method: 'DELETE',
          url: `${addon.baseUrl}/${uuid}`,
          headers: [['Authorization', world.authorization]],
        })
        // 404 and 410: it is gone, or never existed.
        const isGone = answer !== null && (answer.status < 300 || [404, 410].includes(answer.status))
        if (!isGone) world.left.push(uuid)
      })
      await Promise.all(removals)
    },

    async close() {
      sender.close()
      await loopback.close()
    },
  }
  return world
}

/**
 * An add-on on a development machine names a public https address for its logs but serves plain http: deliveries go to
 * the origin of its base_url.
 */
function defaultDeliverTo(addon: Addon, production: boolean): string | undefined {
  const { protocol, origin } = new URL(addon.baseUrl)
  return !production && protocol === 'http:' ? origin : undefined
}
