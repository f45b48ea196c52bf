// The parts of the service, put together over an open database. main.ts runs it as a process, tests run it in theirs.

import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import { openSession } from './access/session.ts'
import { createSessionStore } from './access/session-store.ts'
import { createTokenStore } from './access/token-store.ts'
import { ALERT_SEALED_COLUMN } from './alerts/alert-store.ts'
import { createAlertsRoom } from './alerts/alerts.ts'
import { someAppOf } from './api/about.ts'
import { TailCounters } from './api/live/tail-counters.ts'
import { createSearchStore } from './api/search-store.ts'
import type { Config } from './config.ts'
import { gather } from './database/batch-lookup.ts'
import { earlierNow } from './database/earlier-now.ts'
import { readSchema } from './database/migrate.ts'
import { createPool } from './database/pool.ts'
import { prepareSchema } from './database/prepare-schema.ts'
import { withinMs } from './deadline.ts'
import { createDrain, type Drain } from './drain/drain.ts'
import { HeldDeliveries } from './drain/held-deliveries.ts'
import { createHeldStore } from './drain/held-store.ts'
import { retryLookUp } from './drain/look-up.ts'
import { Newcomers } from './drain/newcomers.ts'
import { ENDPOINT_SEALED_COLUMN } from './endpoints/endpoint-store.ts'
import { createLogEndpoints, type LogEndpoints } from './endpoints/endpoints.ts'
import { createHerokuRoom, type HerokuRoom } from './heroku/heroku.ts'
import { HEROKU_SEALED_COLUMNS } from './heroku/token-store.ts'
import type { Job } from './job.ts'
import { JobCounters } from './jobs/counters.ts'
import { ENDED_GRACE_MS, housekeepingJobs } from './jobs/housekeeping.ts'
import { createJobLeaseStore } from './jobs/job-lease-store.ts'
import { createNoticeStore } from './jobs/notice-store.ts'
import { announcePlans, warnOfQuotas } from './jobs/notices.ts'
import { runJobs } from './jobs/run-jobs.ts'
import { createExclusionStore } from './logs/exclusion/exclusion-store.ts'
import { Exclusions } from './logs/exclusion/exclusions.ts'
import { createLineFeeds } from './logs/ledger/feeds.ts'
import { createLogStore } from './logs/ledger/log-store.ts'
import { createLogTail } from './logs/ledger/tail.ts'
import { openLineTables } from './logs/line-tables.ts'
import { CommitFigures } from './operations/commit-figures.ts'
import { createMetrics } from './operations/metrics.ts'
import { ConnectionCounters } from './operations/one-at-a-time.ts'
import { createReadiness } from './operations/readiness.ts'
import { throttle } from './operations/throttle.ts'
import { createErrorPages } from './page/error-page.ts'
import { configOf } from './partner/provision.ts'
import type { Visitor } from './partner/sign-in.ts'
import { findPlan, limitsOf, retentionClasses } from './plans.ts'
import { createLifecycle, type Lifecycle } from './resources/lifecycle.ts'
import { createResourceStore } from './resources/resource-store.ts'
import { resealOld } from './secrets/reseal.ts'
import { createSecretBox } from './secrets/secret-box.ts'
import { sha256 } from './secrets/sha256.ts'
import { buildServer } from './server.ts'

const REFUSALS_EVERY_MS = 10_000
const SETTLE_HELD_EVERY_MS = 5_000
const ANNOUNCE_EVERY_MS = 5_000
const QUOTAS_EVERY_MS = 30_000
/** Less than what a drain that is looked up ahead is still known for. */
const LOOK_AHEAD_MS = 250
const RESEAL_EVERY_MS = 600_000
const RESEAL_AT_ONCE = 500
/** How long another process may go by the rules of before. */
const EXCLUSIONS_EVERY_MS = 2_000
/** The share of its time that a delivery may wait to hear whose its drain token is. */
const NEWCOMER_WAIT_SHARE = 0.6
/** The same, to hear whether there is such a resource. */
const RESOURCE_WAIT_SHARE = 0.3
/** A replay that asks before this hour whose lines are to be deleted has committed within it. */
const ENDED_EARLIER_MS = 3_600_000
/** While the database is away every commit fails, some a second; the metrics count each. */
const FAILED_COMMITS_EVERY_MS = 5_000
/** Heroku gives a start 60 s, and a database that stands still must not take them. */
const BEFORE_LISTENING_MS = 10_000
const JOBS_END_MS = 2_000
const POOLS_END_MS = 2_000

/** Every column that holds secrets at rest. */
const SEALED_COLUMNS = [...HEROKU_SEALED_COLUMNS, ALERT_SEALED_COLUMN, ENDPOINT_SEALED_COLUMN]

export interface Service {
  app: FastifyInstance
  drain: Drain
  heroku: HerokuRoom
  endpoints: LogEndpoints
  /** Settles held deliveries as far as possible; also a scheduled job. */
  settleHeld(): Promise<void>
  /**
   * Stops listening, lets what was let in finish, closes what the service opened. The embedded database is its
   * opener's to stop.
   */
  close(): Promise<void>
}

export interface ServiceNeeds {
  config: Config
  /** An open database; in production a migrated one. */
  databaseUrl: string
  log: FastifyBaseLogger
  /** Milliseconds since 1970. */
  now?: () => number
}

export async function createService({
  config,
  databaseUrl,
  log,
  now = Date.now,
}: ServiceNeeds): Promise<Service> {
  const open = (applicationName: string, connections: number) =>
    createPool({
      url: databaseUrl,
      tls: config.database.tls,
      connections,
      applicationName,
      onError: (error) => log.warn({ err: error }, 'a database connection died'),
    })
  // The writers have connections of their own: no reader's slow query can keep a delivery waiting.
  const writing = open('culvert write', config.drain.writers)
  const rest = Math.max(1, config.database.connections - config.drain.writers)
  // Searches may each keep a connection for a second. Half of what is left is theirs, and whoever finds none free within
  // five seconds is told so; sign-ins, look-ups of drains and live tails never stand in that queue.
  const searching = rest === 1 ? null : open('culvert search', Math.floor(rest / 2))
  const reading = open('culvert', rest - Math.floor(rest / 2))
  await prepareSchema(reading, { production: config.production, log })
  const lines = await openLineTables({
    clickhouse: config.clickhouse,
    writing,
    reading,
    searching: searching ?? reading,
    onFailure: (error) => log.warn({ err: error }, 'a writer of lines could not be ended; it ends by itself'),
  })
  const writeStore = createLogStore(writing, lines.writing)
  const logs = createLogStore(reading, lines.reading)
  const tailCounters = new TailCounters()
  const tail = createLogTail({
    pool: reading,
    lines: lines.reading,
    onFailure(error) {
      tailCounters.tailLooksFailed++
      log.warn({ err: error }, 'what is read live could not be looked up; tried again')
    },
  })
  const heroku: HerokuRoom = createHerokuRoom({
    pool: reading,
    config,
    resources: {
      end: (id) => lifecycle.deprovision(id),
      // `culvert:test`; one that we do not sell (any more) is left alone.
      follow: (id, { name, plan }) =>
        resources.follow(id, {
          name,
          plan: findPlan(config.plans, plan.split(':').at(-1) ?? '')?.slug ?? null,
        }),
    },
    configOf: (id) => configOf(config, id),
    log,
    now,
    random: Math.random,
  })
  const resources = createResourceStore(reading)
  const drains = heroku.drainStore
  const appNames = gather(drains.appNames)
  const sessions = createSessionStore(reading)
  const tokens = createTokenStore(reading)
  const searches = createSearchStore(reading)
  const exclusionStore = createExclusionStore(reading)
  const exclusions = new Exclusions({
    store: exclusionStore,
    appNames,
    clock: () => performance.now(),
  })
  const alerts = createAlertsRoom({
    pool: reading,
    config,
    logs,
    appNames,
    someApp: async (resourceNumber) => someAppOf(await drains.attachedApps(resourceNumber)),
    log,
    now,
  })
  const planLimits = (plan: string) => limitsOf(config.plans, plan)
  // Both only save time: `append` makes a table that is missing, and a job reads the rules every two seconds.
  const housekeepingNow = () => earlierNow(reading, now())
  const classes = retentionClasses(config.plans)
  await beforeListening(log, {
    'tables not made': housekeepingNow().then((today) => logs.makeTables(classes, today)),
    'exclusion rules not read': exclusions.refresh(),
  })

  const signedIn = (visitor: Visitor) => openSession(sessions, config.publicUrl, visitor)
  const commits = new CommitFigures()
  const commitFailed = throttle<FailedCommit>(FAILED_COMMITS_EVERY_MS, ({ error, deliveries }, failures) =>
    log.error({ err: error, deliveries, failures }, 'a commit failed'),
  )
  const drain = createDrain({
    config,
    // Losses are written down beside the commits, not in their way.
    logs: {
      append: exclusions.before(commits.measured(writeStore.append)),
      recordLosses: logs.recordLosses,
    },
    findDrain: gather(drains.findMany),
    findDrainAhead: gather(drains.findMany, { withinMs: LOOK_AHEAD_MS }),
    findEnded: (numbers) => resources.findEnded(numbers, new Date(now() - ENDED_GRACE_MS + ENDED_EARLIER_MS)),
    limitsOf: planLimits,
    onFailure: (error, deliveries) => commitFailed(failureKind(error), { error, deliveries }),
    log,
    now,
  })
  const held = new HeldDeliveries({
    store: createHeldStore(reading),
    findDrain: drains.find,
    lookFor: heroku.lookFor,
    limitsOf: planLimits,
    append: exclusions.before(writeStore.append),
    counters: drain.counters,
    log,
    now,
  })
  const newcomers = new Newcomers({
    admission: drain.admission,
    findResource: (id) =>
      retryLookUp(() => resources.findResource(id), config.drain.holdMs * RESOURCE_WAIT_SHARE),
    lookFor: heroku.lookFor,
    waitMs: config.drain.holdMs * NEWCOMER_WAIT_SHARE,
    now,
  })
  // Without OAuth Heroku cannot be asked, and unknown tokens are refused at once.
  drain.newcomers = heroku.isOn
    ? {
        admit: newcomers.admit.bind(newcomers),
        keep: held.keep.bind(held),
      }
    : null
  const notices = {
    store: createNoticeStore(reading),
    logs,
    write: (resourceId: string, message: string) => heroku.writer.write(resourceId, message),
    addonId: config.addon.id,
    plans: config.plans,
    limitsOf: planLimits,
    now,
  }
  // Without a client secret we never call Heroku, nor its Logplex.
  const noticeJobs: Job[] = heroku.isOn
    ? [
        { name: 'announce-plans', intervalMs: ANNOUNCE_EVERY_MS, work: () => announcePlans(notices) },
        {
          name: 'warn-of-quotas',
          intervalMs: QUOTAS_EVERY_MS,
          leased: true,
          work: () => warnOfQuotas(notices),
        },
      ]
    : []
  const endpoints = createLogEndpoints({
    pool: reading,
    config,
    logs,
    feeds: createLineFeeds(reading, lines.reading),
    appNames,
    async findCaller(token) {
      const found = await tokens.find(sha256(token), new Date(now()))
      if (found === null) return null
      const { tokenId, resource } = found
      return { resourceId: resource.id, resourceName: resource.name, tokenId }
    },
    describeToken: async (resourceId, id) =>
      (await tokens.list(resourceId)).find((token) => token.id === id) ?? null,
    log,
    now,
    random: Math.random,
  })
  drain.ownOrigin = endpoints.origin
  const lifecycle: Lifecycle = createLifecycle({
    pool: reading,
    drains,
    secrets: heroku.provisionSecrets,
    endsWithResource: [
      sessions,
      tokens,
      searches,
      alerts.store,
      exclusionStore,
      endpoints,
      heroku.provisionSecrets,
    ],
  })
  const box = createSecretBox(config.secretKeys, randomBytes)
  const jobCounters = new JobCounters()
  const jobs = runJobs(
    [
      ...housekeepingJobs({
        logs,
        resources,
        sessions,
        retentionClasses: classes,
        retentionDaysOf: (plan) => planLimits(plan).retentionDays,
        now: housekeepingNow,
      }),
      { name: 'record-refusals', intervalMs: REFUSALS_EVERY_MS, work: () => drain.writeDownRefusals() },
      { name: 'settle-held-deliveries', intervalMs: SETTLE_HELD_EVERY_MS, work: () => held.settle() },
      { name: 'read-exclusion-rules', intervalMs: EXCLUSIONS_EVERY_MS, work: () => exclusions.refresh() },
      {
        name: 'reseal-secrets',
        intervalMs: RESEAL_EVERY_MS,
        leased: true,
        async work() {
          const resealed = await resealOld(reading, box, SEALED_COLUMNS, RESEAL_AT_ONCE)
          if (resealed > 0) log.info({ resealed }, 'secrets resealed under the first of SECRET_KEYS')
        },
      },
      ...noticeJobs,
      ...heroku.jobs,
      ...alerts.jobs,
      ...endpoints.jobs,
    ],
    { leases: createJobLeaseStore(reading), counters: jobCounters, log, random: Math.random },
  )
  const connectionCounters = new ConnectionCounters()
  const metrics = createMetrics({
    drainCounters: drain.counters,
    counters: {
      heroku: heroku.counters,
      alerts: alerts.counters,
      exclusions: exclusions.counters,
      viewer: tailCounters,
      endpoints: endpoints.counters,
      http: connectionCounters,
      jobs: jobCounters,
    },
    drainLevels: drain.levels,
    herokuLevels: heroku.levels,
    endpointsLevels: endpoints.levels,
    viewerLevels: () => ({ tailReaders: tail.followers }),
    commits,
    pools: { write: writing, read: reading, ...(searching && { search: searching }) },
  })
  const checkReadiness = createReadiness({
    readSchema: () => readSchema(reading),
    onFailure: (error) => log.warn({ err: error }, 'not ready: the database cannot be reached'),
    now: Date.now,
  })
  const renderErrorPage = createErrorPages(config.brand)
  const app = buildServer({
    connectionCounters,
    log,
    operations: { config, metrics, checkReadiness },
    drain,
    partner: {
      config,
      resources,
      lifecycle,
      openSession: signedIn,
      renderErrorPage,
      webhooks: heroku.isOn ? heroku.webhooks : undefined,
    },
    viewer: {
      config,
      sessions,
      tokens,
      searches,
      exclusions: exclusionStore,
      alerts,
      logs,
      tail,
      counters: tailCounters,
      dailyBytesOf: (plan) => planLimits(plan).dailyBytes,
      retentionDaysOf: (plan) => planLimits(plan).retentionDays,
      appNames,
      attachedApps: drains.attachedApps,
      logEndpoints: endpoints.describe,
      previewFormat: endpoints.preview,
    },
    fastlyApi: endpoints.api,
    renderErrorPage,
  })
  return {
    app,
    drain,
    heroku,
    endpoints,
    settleHeld: () => held.settle(),
    async close() {
      await app.close()
      await atMost(JOBS_END_MS, tail.close())
      await drain.close()
      heroku.close()
      alerts.close()
      endpoints.close()
      // A round that waits for a database which says nothing waits half a minute, and so does a connection that it
      // has. Every job is safe to be cut off anywhere, and nothing is lost with a connection.
      await atMost(JOBS_END_MS, Promise.all([jobs.stop(), heroku.settled(), endpoints.settled()]))
      await atMost(
        POOLS_END_MS,
        Promise.all([writing, reading, searching].map((pool: Pool | null) => pool?.end())),
      )
      await atMost(POOLS_END_MS, lines.close())
    },
  }
}

/** What would be good to have by then, but can come later. */
async function beforeListening(
  log: Pick<FastifyBaseLogger, 'warn'>,
  preparations: Record<string, Promise<void>>,
): Promise<void> {
  await Promise.all(
    Object.entries(preparations).map(([failure, work]) =>
      withinMs(BEFORE_LISTENING_MS, work).catch((error) => log.warn({ err: error }, failure)),
    ),
  )
}

interface FailedCommit {
  error: unknown
  deliveries: number
}

/** Errors of one kind are told in one line. */
function failureKind(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown }
  return String(code ?? name)
}

async function atMost(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  await Promise.race([work, sleep(timeoutMs, undefined, { ref: false })])
}
