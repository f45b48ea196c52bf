// A simulated Heroku for one add-on on this machine: the servers that the add-on calls, one resource on it, and the log
// traffic of the apps that have the resource.
import { setTimeout as sleep } from 'node:timers/promises'
import type { AttachedDrain } from './attached-drain.ts'
import { openDashboard } from './dashboard.ts'
import { createHeroku, type Heroku, type SimResource } from './heroku.ts'
import type { LogplexDrainOptions } from './logplex-drain.ts'
import type { AddonManifest } from './partner-calls.ts'
import { openPlatform } from './platform.ts'
import { play } from './player.ts'
import { createRandom } from './random.ts'
import { backlog, toSimLine, traffic } from './traffic.ts'

/** Of the traffic; resources, tokens and names are new each time. */
const SEED = 4
/** How long the last lines may take to be delivered, and a resource to be deprovisioned. */
const DRAIN_GRACE_MS = 1_000
const DEPROVISION_GRACE_MS = 3_000

export interface SimulationOptions {
  /** What the add-on must send to exchange its grants. */
  clientSecret: string
  /** Of the servers that the add-on calls. Default: any free port. */
  apiPort?: number
}

export interface TrafficShape {
  plan: string
  /** Of the app that owns the resource, on average. */
  linesPerSecond: number
  /** Of a second app, which is attached without a call to the add-on. Null: there is no second app. */
  attachedLinesPerSecond: number | null
  /** How far back lines are delivered before the traffic starts. About 1.3 lines/s. */
  backlogMs: number
}

export interface SimulatedResource {
  resource: SimResource
  /** Of the app that owns the resource. */
  drain: AttachedDrain
  /** Of the second app. */
  attached: AttachedDrain | null
  /** A page that signs in to the add-on, as a click in the Heroku dashboard does. */
  signInUrl: string
  backlogLines: number
}

export interface Simulation {
  /** http://127.0.0.1:<port>, for https://api.heroku.com and https://id.heroku.com. */
  platformOrigin: string
  /**
   * Provisions a resource and starts its traffic. Null: stopped meanwhile.
   * @throws HerokuRefusal, and the error of the request if the add-on does not answer
   */
  start(
    addon: AddonManifest,
    shape: TrafficShape,
    drains?: Pick<LogplexDrainOptions, 'deliverTo' | 'onSettled'>,
  ): Promise<SimulatedResource | null>
  /** Ends the traffic, and deprovisions the resource. Resolves with those that the add-on did not let go. */
  stop(options: { deprovisions: boolean }): Promise<SimResource[]>
  /** Closes the servers. */
  close(): Promise<void>
}

const BACKLOG_LINES_PER_SECOND = 1.3

/** @throws Error with code EADDRINUSE if the port is taken */
export async function openSimulation({ clientSecret, apiPort }: SimulationOptions): Promise<Simulation> {
  let heroku: Heroku | undefined
  let isStopped = false
  const players: (() => void)[] = []
  const platform = await openPlatform(() => heroku, apiPort)
  const dashboard = await openDashboard((uuid) => heroku?.signIn(uuid) ?? null)
  platform.dashboard = dashboard.origin

  function playTraffic(drain: AttachedDrain, seed: number, startAt: number, linesPerSecond: number): void {
    const lines = traffic({ seed, startAt, linesPerSecond, app: drain.app })
    players.push(play(lines, (line) => drain.push(toSimLine(line))))
  }

  return {
    platformOrigin: platform.origin,

    async start(addon, shape, drains) {
      heroku = createHeroku({
        addon,
        random: createRandom(`${Date.now()} ${process.pid}`),
        ...(drains !== undefined && { drains }),
        clientSecrets: [clientSecret],
        logInputOrigin: platform.origin,
      })
      const resource = await heroku.provision({ plan: shape.plan })
      const [drain] = resource.drains
      if (drain === undefined || isStopped) return null

      const now = Date.now()
      const past = backlog({
        seed: SEED,
        from: now - shape.backlogMs,
        to: now,
        linesPerSecond: BACKLOG_LINES_PER_SECOND,
        app: resource.app,
      })
      for (const line of past) drain.push(toSimLine(line))
      await drain.whenIdle()
      if (isStopped) return null

      playTraffic(drain, SEED + 1, now, shape.linesPerSecond)
      const attached = shape.attachedLinesPerSecond === null ? null : heroku.attach(resource.uuid)
      if (attached !== null) playTraffic(attached, SEED + 2, now, shape.attachedLinesPerSecond ?? 0)
      return {
        resource,
        drain,
        attached,
        signInUrl: dashboard.signInUrl(resource.uuid),
        backlogLines: past.length,
      }
    },

    async stop({ deprovisions }) {
      isStopped = true
      for (const stopPlaying of players) stopPlaying()
      const left: SimResource[] = []
      for (const resource of heroku?.resources() ?? []) {
        const idle = Promise.all(resource.drains.map((drain) => drain.whenIdle()))
        await Promise.race([idle, sleep(DRAIN_GRACE_MS)])
        if (!deprovisions) continue
        const isGone = heroku?.deprovision(resource.uuid).then(
          () => true,
          () => false,
        )
        if (!(await Promise.race([isGone, sleep(DEPROVISION_GRACE_MS, false)]))) left.push(resource)
      }
      heroku?.stop()
      return left
    },

    async close() {
      await Promise.all([platform.close(), dashboard.close()])
    },
  }
}
