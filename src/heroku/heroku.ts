// The Heroku module put together: what other modules may ask of it, and its scheduled jobs.
import { randomBytes } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Pool } from 'pg'
import type { Config } from '../config.ts'
import { startDeadline } from '../deadline.ts'
import type { Job } from '../job.ts'
import { createDrainStore, type DrainStore } from '../resources/drain-store.ts'
import type { ProvisionSecrets, ResourcePart } from '../resources/lifecycle.ts'
import { createSecretBox } from '../secrets/secret-box.ts'
import { AddonReader, type ResourceFollower } from './addon-reader.ts'
import { AttachedDrains, type TokenVerdict } from './attached-drains.ts'
import { CallLimiter } from './call-limiter.ts'
import { HerokuCounters } from './counters.ts'
import { createDrainListing, type ListDrains } from './drain-listing.ts'
import { GrantBackfill } from './grant-backfill.ts'
import { createGrantBackfillStore } from './grant-backfill-store.ts'
import { HerokuError } from './heroku-error.ts'
import { createLogInputAddresses } from './log-input/addresses.ts'
import { LogInputWriter } from './log-input/writer.ts'
import { type MoveOptions, moveDrains } from './move-drains.ts'
import { createOAuth, longestCallMs } from './oauth.ts'
import { createPlatformApi, type PlatformApi } from './platform-api.ts'
import { createProvisionSecrets } from './provision-secrets.ts'
import { Provisioning } from './provisioning.ts'
import { createProvisioningStore } from './provisioning-store.ts'
import { createListInstalls } from './reconcile/installs.ts'
import { Reconciler } from './reconcile/reconcile.ts'
import { createReconcileStore } from './reconcile/reconcile-store.ts'
import { createTokenStore, type TokenStore } from './token-store.ts'
import { Tokens } from './tokens.ts'
import { createWebhookStore } from './webhook-store.ts'
import { Webhooks } from './webhooks.ts'

export interface HerokuNeeds {
  pool: Pool
  config: Pick<
    Config,
    | 'addon'
    | 'drainUrl'
    | 'herokuApiUrl'
    | 'herokuAddonsUrl'
    | 'herokuIdUrl'
    | 'oauthClientSecrets'
    | 'secretKeys'
    | 'provisioning'
    | 'publicUrl'
  >
  resources: ResourceFollower
  /** The config vars of a customer's app, set when its provision completes. */
  configOf(resourceId: string): Record<string, string>
  log: FastifyBaseLogger
  now(): number
  /** In [0, 1). */
  random(): number
}

export interface HerokuRoom {
  /** Without a client secret we never call Heroku: no grant is kept, and nothing is looked up. */
  isOn: boolean
  provisionSecrets: ProvisionSecrets & ResourcePart
  api: PlatformApi
  tokens: Tokens
  tokenStore: TokenStore
  listDrains: ListDrains
  drainStore: DrainStore
  /** For the command line. */
  moveDrains(options: MoveOptions): Promise<void>
  lookFor(resourceId: string, tokenDigest: string): Promise<TokenVerdict>
  appNames: DrainStore['appNames']
  /** Writes into the log of the resource's own app. Fire and forget. */
  writer: LogInputWriter
  webhooks: Webhooks
  reconciler: Reconciler
  counters: HerokuCounters
  /** Gauges for the metrics. */
  levels(): Record<string, number | ReadonlyMap<string, number>>
  jobs: readonly Job[]
  /** Resolves when background work of provisions and deprovisions is over, and queued log input is written. */
  settled(): Promise<void>
  /** Aborts calls in flight, so that the jobs end. A token exchange is allowed to finish. */
  close(): void
}

/** Retries; a provision triggers the exchange of its own grant at once. */
const EXCHANGE_EVERY_MS = 1_000
const LIST_EVERY_MS = 5_000
const PROVISION_EVERY_MS = 1_000
const WATCH_EVERY_MS = 30_000
const BACKFILL_EVERY_MS = 60_000
const MOVE_WEBHOOKS_EVERY_MS = 600_000
const READ_EVERY_MS = 5_000
const FORGET_EVENTS_EVERY_MS = 3_600_000
/** Polls for the nightly comparison, and for the result of the last one. */
const RECONCILE_EVERY_MS = 60_000
/** Thousands of installs, as fast as Heroku's limit of calls allows. */
const RECONCILE_TIMEOUT_MS = 3_600_000
const UNSUBSCRIBE_MS = 10_000
/** On top of the calls: for the store, and for clock skew between processes. */
const LEASE_MARGIN_MS = 10_000

export function createHerokuRoom(needs: HerokuNeeds): HerokuRoom {
  const { pool, config, resources, configOf, log, now, random } = needs
  const isOn = config.oauthClientSecrets.length > 0
  const counters = new HerokuCounters()
  const box = createSecretBox(config.secretKeys, randomBytes)
  const tokenStore = createTokenStore(pool, box)
  const drainStore = createDrainStore(pool)
  const provisioningStore = createProvisioningStore(pool)
  const webhookStore = createWebhookStore(pool, box)
  const oauth = createOAuth({ idUrl: config.herokuIdUrl, clientSecrets: config.oauthClientSecrets })
  const leaseMs = longestCallMs(config.oauthClientSecrets) + LEASE_MARGIN_MS
  const tokens = new Tokens({ store: tokenStore, oauth, leaseMs, counters, log, now, random })
  const limiter = new CallLimiter({ now })
  const apiWith = (bearer: Pick<Tokens, 'accessToken'>) =>
    createPlatformApi({ apiUrl: config.herokuApiUrl, tokens: bearer, limiter })
  const api = apiWith(tokens)
  const ending = new AbortController()
  const { signal } = ending
  const listDrains = createDrainListing({ api, store: drainStore, counters, log, signal, now })
  const drains = new AttachedDrains({ list: listDrains, store: drainStore, now, random })
  const webhooksAt = `${config.publicUrl}/heroku/webhooks/`
  const webhooks = new Webhooks({
    api,
    store: webhookStore,
    drainStore,
    addressOf: (resourceId) => `${webhooksAt}${resourceId}`,
    newSecret: () => randomBytes(32).toString('hex'),
    counters,
    log,
    now,
  })
  const provisioning = new Provisioning({
    api,
    store: provisioningStore,
    listDrains: (resourceId, within) => listDrains(resourceId, 'background', within),
    subscribe: (resourceId, call) => webhooks.subscribe(resourceId, call),
    configOf,
    notify: (resourceId, message) => writer.write(resourceId, message),
    endResource: (resourceId) => resources.end(resourceId),
    counters,
    log,
    signal,
    now,
    random,
  })

  const addresses = createLogInputAddresses({ apiUrl: config.herokuApiUrl, api, store: tokenStore, signal })
  const writer = new LogInputWriter({
    addresses,
    addonId: config.addon.id,
    counters,
    log,
    signal,
    now,
    random,
  })
  const backfill = new GrantBackfill({
    apiUrl: config.herokuApiUrl,
    addon: config.addon,
    limiter,
    store: createGrantBackfillStore(pool, box),
    beginProvision: (resourceId) => provisioningStore.beginLate(resourceId, now()),
    counters,
    log,
    signal,
    now,
  })
  const reader = new AddonReader({ api, store: webhookStore, resources, counters, log, signal, now })

  const listInstalls = createListInstalls({
    addonsUrl: config.herokuAddonsUrl,
    addonId: config.addon.id,
    passwords: config.addon.passwords,
    limiter,
    signal,
  })
  const reconciler = new Reconciler({
    listInstalls,
    api,
    tokens,
    store: createReconcileStore(pool),
    scheduleReading: (resourceId) => webhookStore.scheduleReading(resourceId, now()),
    drainUrl: config.drainUrl,
    log,
    signal,
    now,
    random,
  })

  const underWay = new Set<Promise<void>>()
  /** Only `settled` waits for it. */
  function inBackground(work: Promise<void>, onFailure: (error: unknown) => void): void {
    const watched: Promise<void> = work.catch(onFailure).finally(() => underWay.delete(watched))
    underWay.add(watched)
  }
  const provisionSecrets = createProvisionSecrets({
    tokenStore,
    provisioningStore,
    webhookStore,
    isOn,
    isAsynchronous: config.provisioning === 'asynchronous',
    exchange: () =>
      inBackground(
        tokens.exchangeDue().then(() => provisioning.runDue()),
        (error) => log.error({ err: error }, 'OAuth grant exchange failed'),
      ),
    // One attempt: Heroku drops the webhook with the resource anyway.
    unsubscribe(resourceId, webhookId, accessToken) {
      const deadline = startDeadline(UNSUBSCRIBE_MS, signal)
      inBackground(
        apiWith({ accessToken: async () => accessToken })
          .deleteWebhook(resourceId, webhookId, { urgency: 'background', signal: deadline.signal })
          .finally(deadline.end),
        (error) => log.debug({ err: error, resource: resourceId }, 'webhook unsubscription failed'),
      )
    },
    now,
  })

  const jobs: Job[] = [
    {
      name: 'exchange-grants',
      intervalMs: EXCHANGE_EVERY_MS,
      work: (signal) => tokens.exchangeDue(signal),
    },
    {
      name: 'complete-provisions',
      intervalMs: PROVISION_EVERY_MS,
      work: (signal) => provisioning.runDue(signal),
    },
    { name: 'watch-provisions', intervalMs: WATCH_EVERY_MS, work: () => provisioning.watch() },
    {
      name: 'reconcile-installs',
      intervalMs: RECONCILE_EVERY_MS,
      timeoutMs: RECONCILE_TIMEOUT_MS,
      work: () => reconciler.runDue(),
    },
    { name: 'request-grants', intervalMs: BACKFILL_EVERY_MS, work: () => backfill.requestDue() },
    { name: 'list-drains', intervalMs: LIST_EVERY_MS, work: () => drains.listDue() },
    { name: 'read-resources', intervalMs: READ_EVERY_MS, work: () => reader.readDue() },
    {
      name: 'move-webhooks',
      intervalMs: MOVE_WEBHOOKS_EVERY_MS,
      leased: true,
      async work() {
        const moved = await provisioningStore.reopenMoved(webhooksAt, now())
        if (moved > 0) log.info({ moved }, 'PUBLIC_URL changed: webhooks to be subscribed again')
      },
    },
    {
      name: 'delete-webhook-events',
      intervalMs: FORGET_EVENTS_EVERY_MS,
      leased: true,
      work: () => webhooks.deleteOld(),
    },
  ]
  return {
    isOn,
    provisionSecrets,
    api,
    tokens,
    tokenStore,
    listDrains,
    drainStore,
    moveDrains: (options) =>
      moveDrains({ list: listDrains, api, store: drainStore, signal, now, random }, options),
    lookFor: (resourceId, tokenDigest) => drains.lookFor(resourceId, tokenDigest),
    appNames: drainStore.appNames,
    writer,
    webhooks,
    reconciler,
    counters,
    levels: () => ({
      logInputQueued: writer.queued,
      reconcileFindings: reconciler.counts,
      provisionsPending: provisioning.levels.pending,
      provisionsStuck: provisioning.levels.overdue,
    }),
    jobs: isOn ? jobs : [],
    async settled() {
      await Promise.all([...underWay, writer.settled()])
    },
    close() {
      ending.abort(new HerokuError('unavailable', 'the service is ending'))
    },
  }
}
