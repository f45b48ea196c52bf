// Once a night, by one process: Heroku's list of installs beside what is here. Tells, in the log and in metrics.
//
// One thing is done about it: a resource whose plan differs is read anew, and what the Platform API says of it is
// followed (src/heroku/addon-reader.ts). The rest is for people. What Heroku has and we do not cannot be made up for
// without a provision; a drain that points elsewhere may be on its way (`culvert drains move`); and what Heroku does not
// list is a customer's data, which no list alone should end: `culvert reconcile --end-gone` does, after asking about
// each one.
import type { FastifyBaseLogger } from 'fastify'
import { HerokuError } from '../heroku-error.ts'
import type { PlatformApi } from '../platform-api.ts'
import type { Tokens } from '../tokens.ts'
import { compare, countFindings, type Finding } from './compare.ts'
import type { ListInstalls } from './installs.ts'
import type { LastReport, ReconcileStore } from './reconcile-store.ts'

export interface ReconcilerParts {
  listInstalls: ListInstalls
  api: Pick<PlatformApi, 'findAddon'>
  tokens: Pick<Tokens, 'accessToken'>
  store: ReconcileStore
  /** Has the service ask about that resource soon, and follow what it is told. */
  readAnew(resourceId: string): Promise<void>
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
/** 03:00 UTC and up to two hours later, so that not everybody asks Heroku at once. */
const NIGHT_MS = 3 * 3_600_000
const SPREAD_MS = 2 * 3_600_000
const MAX_LOGGED = 50

export class Reconciler {
  readonly #parts: ReconcilerParts
  /** Of the last run, whichever process made it. */
  counts: ReadonlyMap<string, number> = new Map()

  constructor(parts: ReconcilerParts) {
    this.#parts = parts
  }

  /** Compares now. @throws HerokuError */
  async run(): Promise<Finding[]> {
    const { listInstalls, store, drainUrl, now, random } = this.#parts
    // Heroku's list first: what is provisioned meanwhile is then here and at worst too young for the list.
    const installs = await listInstalls()
    const findings = compare(installs, await store.ownResources(), drainUrl, now())
    const finishedAt = now()
    const nextNight = Math.floor((finishedAt - NIGHT_MS) / DAY_MS + 1) * DAY_MS + NIGHT_MS
    for (const { kind, resource } of findings) if (kind === 'other_plan') await this.#parts.readAnew(resource)
    const counts = countFindings(findings)
    await store.finishRun(
      { finishedAt, findings, counts: Object.fromEntries(counts) },
      nextNight + random() * SPREAD_MS,
    )
    this.counts = counts
    return findings
  }

  /** Compares where it is due and no other process does, and learns what came of the last time. */
  async runDue(): Promise<void> {
    const { store, log, now } = this.#parts
    if (await store.claimRun(now(), LEASE_MS)) {
      try {
        tell(log, await this.run())
      } catch (error) {
        if (!(error instanceof HerokuError)) throw error
        await store.postponeRun(now() + AFTER_FAILURE_MS)
        log.warn({ err: error }, 'Heroku’s list of installs could not be had; tried again in half an hour')
      }
    }
    this.counts = new Map(Object.entries(await store.lastCounts()))
  }

  /** Of the last run, whichever process made it. */
  lastReport(): Promise<LastReport | null> {
    return this.#parts.store.lastReport()
  }

  /** A resource that Heroku has and that is live here; null where there is none. */
  async findControl(findings: readonly Finding[]): Promise<string | null> {
    const gone = new Set(findings.filter(({ kind }) => kind === 'gone').map(({ resource }) => resource))
    const own = await this.#parts.store.ownResources()
    return own.find(({ id, isLive, drains }) => isLive && !gone.has(id) && drains.some(wasListed))?.id ?? null
  }

  /**
   * Whether Heroku has the resource no more, asked about it alone: the Platform API says so, or takes none of its
   * tokens, which end with a resource. `unsure` where it cannot be asked.
   *
   * @param control of findControl(): its token is refreshed, to tell a dead token from a client secret that is wrong.
   *   Without one only the Platform API's own word counts.
   * @throws HerokuError where Heroku could not be asked just now
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

function tell(log: ReconcilerParts['log'], findings: readonly Finding[]): void {
  for (const { kind, resource, says } of findings.slice(0, MAX_LOGGED)) {
    log.warn({ kind, resource, says }, 'found by the comparison with Heroku’s list of installs')
  }
  log.info(
    { ...Object.fromEntries(countFindings(findings)) },
    'compared with Heroku’s list of installs; culvert reconcile shows it',
  )
}
