// The world around the add-on under test: makes Heroku's calls, records them, and holds the servers that the add-on
// calls in its turn. What was provisioned is known here, so that nothing is left behind.
import { randomUUID } from 'node:crypto'
import { basicAuth, createRandom, type Random } from 'heroku-simulator'
import { type Addon, CannotRun } from './addon.ts'
import { CannotPlay } from './cannot-play.ts'
import type { Exchange } from './exchange.ts'
import { type Loopback, openLoopback } from './loopback/loopback.ts'
import { createSender, type Request } from './send.ts'

/** How long things may take. In milliseconds. */
export interface Limits {
  /** Of an answer to Heroku; then there is none (legacy reference: "hard fail over 25 s"). */
  answerMs: number
  /** What an answer to Heroku should take (the same: "aim under 3 s"). */
  aimMs: number
  /** Of an answer to Logplex (heroku/logplex: request timeout). */
  drainMs: number
  /** From a 202 to actions/provision. Heroku waits twelve hours; a tester cannot. */
  finishMs: number
  /** For a call by the add-on that may never come. */
  callMs: number
  /** For a call by the add-on that must not come. */
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
  /** The first is provisioned, the second changed to. */
  plans: readonly string[]
  /** Of the servers that the add-on calls; any free one where undefined. */
  idPort?: number | undefined
  apiPort?: number | undefined
  /** What the add-on must show to have grants exchanged; anything will do where undefined. */
  clientSecret?: string | undefined
  /** Also ask for the navigation header that Heroku deprecated in 2019. */
  navHeader?: boolean | undefined
  /** An origin, in place of the one that log_drain_url and webhook addresses have. */
  deliverTo?: string | undefined
  limits?: Partial<Limits> | undefined
  /** Ends the plays: what they provisioned is removed all the same. */
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
  /** Resources that the add-on was told of and that were not removed yet. */
  live: Set<string>
  /** Those that could not be removed. */
  left: string[]
  /** Why no resource can be had, once that is known: nobody needs to find out again. */
  barren: string | null
  /** Makes a call and records it; resolves also where no answer came. @throws CannotPlay once interrupted */
  send(request: Request): Promise<Exchange>
  /** Heroku's signature: the Authorization header of its calls. */
  authorization: string
  clear(): Promise<void>
  close(): Promise<void>
}

/** @throws CannotRun where a port is taken */
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
    throw new CannotRun(`A port is taken: ${error.message}. Give others with --id-port and --api-port.`)
  })
  const limits = { ...LIMITS, ...options.limits }
  // On somebody's own machine a certificate is often home-made; in production a wrong one must show.
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
    barren: null,
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
          what: 'clearing up',
          method: 'DELETE',
          url: `${addon.baseUrl}/${uuid}`,
          headers: [['Authorization', world.authorization]],
        })
        // 404 and 410: it is gone, or never was.
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
 * An add-on on somebody's own machine still names an https address that Logplex would use, and does not speak TLS
 * there: its deliveries go where its base_url is.
 */
function defaultDeliverTo(addon: Addon, production: boolean): string | undefined {
  const { protocol, origin } = new URL(addon.baseUrl)
  return !production && protocol === 'http:' ? origin : undefined
}
