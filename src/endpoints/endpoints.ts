// The room put together: the API that log endpoints are made with, what sends to them, and how they are shown.
import { createHash, randomBytes } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Pool } from 'pg'
import type { Config } from '../config.ts'
import type { Job } from '../job.ts'
import type { LineFeeds } from '../logs/line-feed.ts'
import type { LogStore } from '../logs/log-store.ts'
import { createOutbound } from '../outbound/outbound.ts'
import type { Apps } from '../query/line-view.ts'
import type { ResourcePart } from '../resources/lifecycle.ts'
import { createSecretBox } from '../secrets/secret-box.ts'
import { conditionOperations } from './api/conditions.ts'
import { domainOperations } from './api/domains.ts'
import { endpointOperations } from './api/endpoints.ts'
import { toId } from './api/ids.ts'
import type { FastlyApiParts } from './api/routes.ts'
import { serviceOperations } from './api/services.ts'
import { type TokenFacts, tokenOperations } from './api/tokens.ts'
import { versionOperations } from './api/versions.ts'
import { createConditionStore, createDomainStore } from './condition-store.ts'
import { type DescribedService, describeEndpoints } from './describe.ts'
import { createEndpointStore } from './endpoint-store.ts'
import { createListServices } from './list-services.ts'
import { createPreview, type PreviewFormat } from './preview.ts'
import { EndpointCounters } from './sender/counters.ts'
import { MAX_STREAMS, Sender } from './sender/sender.ts'
import { createServiceStore } from './service-store.ts'
import { createStreamStore, matchStreams } from './stream-store.ts'
import { checkTarget } from './target.ts'
import { whyInvalid } from './validate.ts'

export interface LogEndpointsNeeds {
  pool: Pool
  config: Pick<Config, 'secretKeys' | 'publicUrl' | 'drainUrl' | 'production' | 'addon'>
  logs: Pick<LogStore, 'read'>
  feeds: LineFeeds
  appNames(resourceNumber: number): Promise<Apps>
  findCaller: FastlyApiParts['findCaller']
  describeToken(resourceId: string, tokenId: string): Promise<TokenFacts | null>
  log: FastifyBaseLogger
  now(): number
  /** In [0, 1). */
  random(): number
}

export interface LogEndpoints extends ResourcePart {
  api: FastlyApiParts
  /** What requests of ours say of where they come from; a drain that is told so refuses them. */
  origin: string
  describe(resource: { id: string; name: string | null }): Promise<DescribedService[]>
  preview: PreviewFormat
  counters: EndpointCounters
  levels(): Record<string, number>
  jobs: readonly Job[]
  settled(): Promise<void>
  /** Starts no more requests and aborts those in flight. */
  close(): void
}

/** What a line waits at the most before somebody looks whether it is to be sent on. */
const SEND_EVERY_MS = 1_000
const GIVE_UP_EVERY_MS = 60_000
const LOOK_EVERY_MS = 10_000

export function createLogEndpoints(needs: LogEndpointsNeeds): LogEndpoints {
  const { pool, config, logs, feeds, appNames, findCaller, describeToken, log, now, random } = needs
  const box = createSecretBox(config.secretKeys, randomBytes)
  const services = createServiceStore(pool, matchStreams)
  const endpoints = createEndpointStore(pool, box)
  const conditions = createConditionStore(pool)
  const domains = createDomainStore(pool)
  const streams = createStreamStore(pool, box)
  const newId = () => toId(randomBytes(16))
  const listServices = createListServices(services, newId)
  const allowInside = !config.production
  const targets = { ourOrigins: [config.publicUrl, config.drainUrl], allowInside }

  // Many endpoints are at one Logplex: none waits for another's answer.
  const outbound = createOutbound({ allowInside, keepAlive: true, maxCallsToHost: MAX_STREAMS })
  const counters = new EndpointCounters()
  const origin = createHash('sha256').update(config.drainUrl).digest('hex').slice(0, 16)
  const addonId = config.addon.id
  const sender = new Sender({
    streams,
    feeds,
    outbound,
    appNames,
    addonId,
    origin,
    counters,
    log,
    now,
    random,
  })
  let levels = { streams: 0, lagSeconds: 0, waitingLines: 0 }

  const look = async () => {
    const waiting = await feeds.state(await feeds.waiting())
    const oldest = Math.min(now(), ...[...waiting.values()].map(({ oldestAt }) => oldestAt ?? now()))
    levels = {
      streams: await streams.count(),
      lagSeconds: (now() - oldest) / 1000,
      waitingLines: [...waiting.values()].reduce((sum, { lines }) => sum + lines, 0),
    }
  }

  return {
    origin,
    counters,
    levels: () => levels,
    describe: (resource) =>
      describeEndpoints({ listServices, services, endpoints, conditions, streams, feeds }, resource),
    preview: createPreview({ services, logs, appNames, addonId, clock: () => performance.now() }),
    jobs: [
      { name: 'send-lines', intervalMs: SEND_EVERY_MS, work: () => sender.round() },
      { name: 'measure-log-endpoints', intervalMs: LOOK_EVERY_MS, work: look },
      {
        name: 'expire-unsent-lines',
        intervalMs: GIVE_UP_EVERY_MS,
        leased: true,
        work: () => sender.giveUp(),
      },
    ],
    end: streams.end,
    settled: () => sender.settled(),
    close() {
      sender.end()
      outbound.close()
    },
    api: {
      findCaller,
      now,
      operations: [
        ...serviceOperations({ services, listServices, conditions, domains, newId }),
        ...versionOperations({
          services,
          whyInvalid: async (ref) => whyInvalid(await endpoints.list(ref), await conditions.list(ref)),
        }),
        ...endpointOperations({
          services,
          endpoints,
          conditions,
          checkTarget: (url) => checkTarget(url, targets),
        }),
        ...conditionOperations({ services, conditions }),
        ...domainOperations({ services, domains }),
        ...tokenOperations(describeToken),
      ],
    },
  }
}
