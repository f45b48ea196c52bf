// The room put together: what the others may ask of it, and what it does by the clock.
import { randomBytes } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Pool, PoolClient } from 'pg'
import type { Config } from '../config.ts'
import { AttachedDrains, type Verdict } from './attached-drains.ts'
import { CallLimiter } from './call-limiter.ts'
import { HerokuCounters } from './counters.ts'
import { createDrainListing, type ListDrains } from './drain-listing.ts'
import { createDrainStore, type DrainStore } from './drain-store.ts'
import { HerokuError } from './heroku-error.ts'
import { createLogInputAddresses } from './log-input/addresses.ts'
import { LogInputWriter } from './log-input/writer.ts'
import { type MoveOptions, moveDrains } from './move-drains.ts'
import { createOAuth, longestCallMs } from './oauth.ts'
import { createPlatformApi, type PlatformApi } from './platform-api.ts'
import { createSecretBox } from './secret-box.ts'
import { createTokenStore, type EntrustedSecrets, type TokenStore } from './token-store.ts'
import { Tokens } from './tokens.ts'

export interface HerokuNeeds {
  pool: Pool
  config: Pick<
    Config,
    'addon' | 'herokuApiUrl' | 'herokuAddonsUrl' | 'herokuIdUrl' | 'oauthClientSecrets' | 'secretKeys'
  >
  log: FastifyBaseLogger
  now(): number
  /** In [0, 1). */
  random(): number
}

/** Work for `repeat`, safe in any number of processes at once. */
export interface HerokuJob {
  name: string
  everyMs: number
  work(): Promise<void>
}

export interface HerokuRoom {
  /** Without a client secret we never call Heroku: no grant is kept, and nothing is looked up. */
  isOn: boolean
  /** For the partner room: where a provision's secrets go. */
  vault: {
    keep(client: PoolClient, resourceId: string, secrets: EntrustedSecrets): Promise<void>
    forget(client: PoolClient, resourceId: string): Promise<void>
    kept(): void
  }
  api: PlatformApi
  tokens: Tokens
  tokenStore: TokenStore
  listDrains: ListDrains
  drainStore: DrainStore
  /** For the command line. */
  moveDrains(options: MoveOptions): Promise<void>
  lookFor(resourceId: string, tokenDigest: string): Promise<Verdict>
  appNames(resourceNumber: number): Promise<ReadonlyMap<number, string>>
  /** Says something in the log of the resource's own app. Nobody hears how it went. */
  writer: LogInputWriter
  counters: HerokuCounters
  jobs: readonly HerokuJob[]
  /** Resolves when the exchanges that a provision started are over, and what was to be written is. */
  settled(): Promise<void>
  /** Ends calls that nobody waits for any more, so that the jobs come to an end. An exchange is let finish. */
  end(): void
}

/** For what died with its process, or was not to be had: a provision has its own grant exchanged at once. */
const EXCHANGE_EVERY_MS = 1_000
const LIST_EVERY_MS = 5_000
const RESEAL_EVERY_MS = 600_000
const RESEAL_AT_ONCE = 500
/** Beyond the calls themselves: for the store, and for clocks that differ. */
const LEASE_MARGIN_MS = 10_000

export function createHerokuRoom({ pool, config, log, now, random }: HerokuNeeds): HerokuRoom {
  const isOn = config.oauthClientSecrets.length > 0
  const counters = new HerokuCounters()
  const tokenStore = createTokenStore(pool, createSecretBox(config.secretKeys, randomBytes))
  const drainStore = createDrainStore(pool)
  const oauth = createOAuth({ idUrl: config.herokuIdUrl, clientSecrets: config.oauthClientSecrets })
  const leaseMs = longestCallMs(config.oauthClientSecrets) + LEASE_MARGIN_MS
  const tokens = new Tokens({ store: tokenStore, oauth, leaseMs, counters, log, now, random })
  const limiter = new CallLimiter({ now })
  const api = createPlatformApi({ apiUrl: config.herokuApiUrl, tokens, limiter })
  const ending = new AbortController()
  const { signal } = ending
  const listDrains = createDrainListing({ api, store: drainStore, counters, log, signal, now })
  const drains = new AttachedDrains({ list: listDrains, store: drainStore, now, random })

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

  const exchanging = new Set<Promise<void>>()
  function exchangeNow(): void {
    const exchange: Promise<void> = tokens
      .exchangeDue()
      .catch((error: unknown) => log.error({ err: error }, 'OAuth grants could not be looked for'))
      .finally(() => exchanging.delete(exchange))
    exchanging.add(exchange)
  }

  const reseal: HerokuJob = {
    name: 'sealing stored secrets anew',
    everyMs: RESEAL_EVERY_MS,
    async work() {
      const resealed = await tokenStore.resealOld(RESEAL_AT_ONCE)
      if (resealed > 0) log.info({ resealed }, 'sealed stored secrets anew, under the first of SECRET_KEYS')
    },
  }
  return {
    isOn,
    vault: {
      // A grant that nobody will exchange is not worth keeping: it is dead in five minutes.
      keep: (client, resourceId, secrets) =>
        tokenStore.keep(client, resourceId, isOn ? secrets : { ...secrets, grant: null }, now()),
      forget: (client, resourceId) => tokenStore.forget(client, resourceId),
      kept() {
        if (isOn) exchangeNow()
      },
    },
    api,
    tokens,
    tokenStore,
    listDrains,
    drainStore,
    moveDrains: (options) =>
      moveDrains({ list: listDrains, api, store: drainStore, signal, now, random }, options),
    lookFor: (resourceId, tokenDigest) => drains.lookFor(resourceId, tokenDigest),
    appNames: (resourceNumber) => drainStore.appNames(resourceNumber),
    writer,
    counters,
    jobs: isOn
      ? [
          { name: 'exchanging grants', everyMs: EXCHANGE_EVERY_MS, work: () => tokens.exchangeDue() },
          { name: 'listing drains', everyMs: LIST_EVERY_MS, work: () => drains.listDue() },
          reseal,
        ]
      : [reseal],
    async settled() {
      await Promise.all([...exchanging, writer.settled()])
    },
    end() {
      ending.abort(new HerokuError('unavailable', 'the service is ending'))
    },
  }
}
