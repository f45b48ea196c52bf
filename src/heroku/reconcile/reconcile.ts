// Once a night one process compares Heroku's list of installs with our resources and reports differences in the log and in
// metrics.
//
// One difference is corrected: a resource whose plan differs is read from the Platform API, and its plan is taken over. The
// rest is for people. A resource that only Heroku has needs a provision; a drain that points elsewhere may be moving
// (`culvert drains move`); and a resource that Heroku does not list is a customer's data, which a list alone must not end:
// `culvert reconcile --end-gone` ends it after a check of each one.
import type { FastifyBaseLogger } from 'fastify'
import { HerokuError } from '../heroku-error.ts'
import type { PlatformApi } from '../platform-api.ts'
import type { Tokens } from '../tokens.ts'
import { compare, countFindings, type ReconcileFinding } from './compare.ts'
import type { ListInstalls } from './installs.ts'
import type { LastReport, ReconcileStore } from './reconcile-store.ts'

export interface ReconcilerParts {
  listInstalls: ListInstalls
  api: Pick<PlatformApi, 'findAddon'>
  tokens: Pick<Tokens, 'accessToken'>
  store: ReconcileStore
  /** Makes the resource due to be read from the Platform API. */
  scheduleReading(resourceId: string): Promise<void>
  drainUrl: string
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>
  signal: AbortSignal
  now(): number
  /** In [0, 1). */
  random(): number
}

/** Longer than a thousand pages of installs take. */
const LEASE_MS = 3_600_000
const AFTER_FAILURE_MS = 1_800_000
const DAY_MS = 86_400_000
/** 03:00 UTC and up to two hours later, so that not every installation calls Heroku at once. */
const NIGHT_MS = 3 * 3_600_000
const SPREAD_MS = 2 * 3_600_000
const MAX_LOGGED = 50

export class Reconciler {
  readonly #parts: ReconcilerParts
  /** Of the last run of any process. */
  counts: ReadonlyMap<string, number> = new Map()

  constructor(parts: ReconcilerParts) {
    this.#parts = parts
  }

  /** Compares now. @throws HerokuError */
  async run(): Promise<ReconcileFinding[]> {
    const { listInstalls, store, drainUrl, now, random } = this.#parts
    // Heroku's list first: a resource provisioned in between is then ours and too young to count as gone.
    const installs = await listInstalls()
    const findings = compare(installs, await store.ownResources(), drainUrl, now())
    const finishedAt = now()
    const nextNight = Math.floor((finishedAt - NIGHT_MS) / DAY_MS + 1) * DAY_MS + NIGHT_MS
    for (const { kind, resource } of findings)
      if (kind === 'other_plan') await this.#parts.scheduleReading(resource)
    const counts = countFindings(findings)
    await store.finishRun(
      { finishedAt, findings, counts: Object.fromEntries(counts) },
      nextNight + random() * SPREAD_MS,
    )
    this.counts = counts
    return findings
  }

  /** Compares if a run is due, and reads the result of the last one. */
  async runDue(): Promise<void> {
    const { store, log, now } = this.#parts
    if (await store.claimRun(now(), LEASE_MS)) {
      try {
        report(log, await this.run())
      } catch (error) {
        if (!(error instanceof HerokuError)) throw error
        await store.postponeRun(now() + AFTER_FAILURE_MS)
        log.warn({ err: error }, 'list of installs failed; retry in 30 min')
      }
    }
    this.counts = new Map(Object.entries(await store.lastCounts()))
  }

  /** Of the last run of any process. */
  lastReport(): Promise<LastReport | null> {
    return this.#parts.store.lastReport()
  }

  /** A resource that is live both at Heroku and here; null if there is none. */
  async findControl(findings: readonly ReconcileFinding[]): Promise<string | null> {
    const gone = new Set(findings.filter(({ kind }) => kind === 'gone').map(({ resource }) => resource))
    const own = await this.#parts.store.ownResources()
    return own.find(({ id, isLive, drains }) => isLive && !gone.has(id) && drains.some(wasListed))?.id ?? null
  }

  /**
   * Checks one resource: gone if the Platform API says so or refuses its tokens, which end with a resource. `unsure` if
   * the API cannot be asked.
   *
   * @param control from findControl(): its token is refreshed, which tells a dead token from a wrong client secret.
   *   Without one only the Platform API's own word counts.
   * @throws HerokuError if Heroku could not be asked now
   */
  async lookFor(resourceId: string, control: string | null): Promise<'there' | 'gone' | 'unsure'> {
    const { api, tokens, signal } = this.#parts
    try {
      const { state } = await api.findAddon(resourceId, { urgency: 'background', signal })
      return state === 'deprovisioned' ? 'gone' : 'there'
    } catch (error) {
      if (!(error instanceof HerokuError)) throw error
      if (error.failure === 'gone') return 'gone'
      if (error.failure === 'unauthorized') return 'unsure'
      if (error.failure !== 'refused') throw error
      if (control === null) return 'unsure'
      await tokens.accessToken(control, await tokens.accessToken(control))
      return 'gone'
    }
  }
}

function wasListed({ listedAt }: { listedAt: number | null }): boolean {
  return listedAt !== null
}

function report(log: ReconcilerParts['log'], findings: readonly ReconcileFinding[]): void {
  for (const { kind, resource, says } of findings.slice(0, MAX_LOGGED)) {
    log.warn({ kind, resource, says }, 'difference to the list of installs')
  }
  log.info(
    { ...Object.fromEntries(countFindings(findings)) },
    'installs compared; culvert reconcile shows the result',
  )
}
