// The partner and viewer rooms on a small Fastify app and a database of their own, and the calls Heroku makes.

import { createHash, randomBytes, randomUUID } from 'node:crypto'
import Fastify, { type FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { openSession } from '../../src/access/session.ts'
import { createSessionStore } from '../../src/access/session-store.ts'
import { createTokenStore } from '../../src/access/token-store.ts'
import { createAlertStore } from '../../src/alerts/alert-store.ts'
import { TailCounters } from '../../src/api/live/tail-counters.ts'
import { createSearchStore } from '../../src/api/search-store.ts'
import { type Config, loadConfig } from '../../src/config.ts'
import { gather } from '../../src/database/batch-lookup.ts'
import { createLogEndpoints } from '../../src/endpoints/endpoints.ts'
import { createExclusionStore } from '../../src/logs/exclusion/exclusion-store.ts'
import { createLineFeeds } from '../../src/logs/ledger/feeds.ts'
import type { LogStore } from '../../src/logs/log-store.ts'
import { createErrorPages } from '../../src/page/error-page.ts'
import { viewerRoutes } from '../../src/page/routes.ts'
import { partnerRoutes } from '../../src/partner/routes.ts'
import type { DrainStore } from '../../src/resources/drain-store.ts'
import { createDrainStore } from '../../src/resources/drain-store.ts'
import type { Lifecycle } from '../../src/resources/lifecycle.ts'
import { createResourceStore, type ResourceStore } from '../../src/resources/resource-store.ts'
import { createSecretBox } from '../../src/secrets/secret-box.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { testLifecycle } from '../support/lifecycle.ts'
import { createTestLogStore, createTestTail, isOverClickHouse, testLines } from '../support/logs.ts'

export interface Service {
  app: FastifyInstance
  config: Config
  database: TestDatabase
  resources: ResourceStore
  lifecycle: Lifecycle
  drains: DrainStore
  logs: LogStore
  /** What the service takes for now. */
  clock: { now: Date }
  /** Every line it logged. */
  logged: string[]
  close(): Promise<void>
}

export async function startService(environment: Record<string, string> = {}): Promise<Service> {
  const config = loadConfig({ PUBLIC_URL: 'https://culvert.test', ...environment })
  const database = await createTestDatabase()
  const resources = createResourceStore(database.pool)
  const sessions = createSessionStore(database.pool)
  const tokens = createTokenStore(database.pool)
  const searches = createSearchStore(database.pool)
  const exclusions = createExclusionStore(database.pool)
  const alertStore = createAlertStore(database.pool, createSecretBox(config.secretKeys, randomBytes))
  const logs = createTestLogStore(database.pool)
  if (isOverClickHouse) await logs.makeTables([7], new Date())
  const drains = createDrainStore(database.pool)
  const tail = createTestTail(database.pool)
  const endpoints = createLogEndpoints({
    pool: database.pool,
    config,
    logs,
    feeds: createLineFeeds(database.pool, testLines(database.pool)),
    appNames: async () => new Map(),
    findCaller: async () => null,
    describeToken: async () => null,
    log: pino({ level: 'silent' }),
    now: Date.now,
    random: Math.random,
  })
  const lifecycle = testLifecycle(database.pool, {
    endsWithResource: [sessions, tokens, searches, alertStore, exclusions, endpoints],
  })
  const clock = { now: new Date() }
  const logged: string[] = []
  const app = Fastify({ logger: { level: 'trace', stream: { write: (line: string) => logged.push(line) } } })
  await app.register(partnerRoutes, {
    config,
    resources,
    lifecycle,
    openSession: (visitor) => openSession(sessions, config.publicUrl, visitor, clock.now),
    renderErrorPage: createErrorPages(config.brand),
    now: () => clock.now,
  })
  await app.register(viewerRoutes, {
    dailyBytesOf: () => 500_000_000,
    retentionDaysOf: () => 7,
    appNames: gather(drains.appNames),
    attachedApps: drains.attachedApps,
    config,
    sessions,
    tokens,
    searches,
    exclusions,
    alerts: {
      store: alertStore,
      hasMail: config.mail !== null,
      allowInside: false,
    },
    logs,
    tail,
    logEndpoints: endpoints.describe,
    previewFormat: endpoints.preview,
    counters: new TailCounters(),
    now: () => clock.now,
  })
  await app.ready()
  return {
    app,
    config,
    database,
    resources,
    lifecycle,
    drains,
    logs,
    clock,
    logged,
    async close() {
      await app.close()
      await tail.close()
      await database.close()
    },
  }
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/** The headers that Heroku sends. */
export function herokuHeaders({ config }: Service): Record<string, string> {
  return {
    authorization: basic(config.addon.id, config.addon.passwords[0] ?? ''),
    'content-type': 'application/json',
    accept: 'application/vnd.heroku-addons+json; version=3',
  }
}

export function drainToken(): string {
  return `d.${randomUUID()}`
}

/** A provision as Heroku sends it; `undefined` leaves a field out. */
export function provisionBody(fields: Record<string, unknown> = {}): Record<string, unknown> {
  const uuid = fields.uuid ?? randomUUID()
  return {
    uuid,
    name: 'culvert-curly-41233',
    plan: 'test',
    region: 'amazon-web-services::us-east-1',
    callback_url: `https://api.heroku.com/addons/${uuid}`,
    oauth_grant: {
      code: randomUUID(),
      type: 'authorization_code',
      expires_at: '2026-03-01T02:20:00-0800',
    },
    options: { retention: '7d', verbose: 'true' },
    log_drain_token: drainToken(),
    log_input_url: `https://token:t.${randomUUID()}@1.us.logplex.io/logs`,
    ...fields,
  }
}

export function provision(service: Service, fields: Record<string, unknown> = {}) {
  return postProvision(service, JSON.stringify(provisionBody(fields)))
}

/** A provision whose body may be anything. */
export function postProvision(service: Service, payload: string) {
  return service.app.inject({
    method: 'POST',
    url: '/heroku/resources',
    headers: herokuHeaders(service),
    payload,
  })
}

/** For a file whose tests share one resource and begin at the real time: tells it the two before the first test. */
export function shareResource(tell: (service: Service, id: string) => void): void {
  let service: Service
  beforeAll(async () => {
    service = await startService()
    tell(service, (await provisioned(service)).id)
  })
  afterAll(() => service.close())
  beforeEach(() => {
    service.clock.now = new Date()
  })
}

export function changePlan(service: Service, id: string, body: Record<string, unknown>) {
  return service.app.inject({
    method: 'PUT',
    url: `/heroku/resources/${id}`,
    headers: herokuHeaders(service),
    payload: JSON.stringify(body),
  })
}

export function deprovision(service: Service, id: string) {
  const { authorization, accept } = herokuHeaders(service)
  return service.app.inject({
    method: 'DELETE',
    url: `/heroku/resources/${id}`,
    headers: { authorization, accept },
  })
}

/** A live resource; answers with its id and number. */
export async function provisioned(
  service: Service,
  fields: Record<string, unknown> = {},
): Promise<{ id: string; number: number }> {
  const answer = await provision(service, fields)
  if (answer.statusCode !== 200) throw new Error(`not provisioned: ${answer.body}`)
  const resource = await service.resources.findResource(answer.json().id)
  if (resource === null) throw new Error('not provisioned')
  return resource
}

/** The form that Heroku makes a browser post; `undefined` leaves a field out. */
export function ssoForm(
  service: Service,
  resourceId: string,
  changes: Record<string, string | undefined> = {},
): Record<string, string> {
  const salt = service.config.addon.ssoSalts[0]
  const timestamp = changes.timestamp ?? String(Math.floor(service.clock.now.getTime() / 1000))
  const userId = changes.user_id ?? randomUUID()
  const email = changes.email ?? 'dev+logs@example.com'
  const form: Record<string, string | undefined> = {
    resource_id: resourceId,
    timestamp,
    user_id: userId,
    email,
    app: 'tidy-river-1234',
    context_app: 'tidy-river-staging',
    resource_token: hash('sha1', `${resourceId}:${salt}:${timestamp}`),
    user_scoped_resource_token: hash('sha256', `${resourceId}:${salt}:${timestamp}:${userId}:${email}`),
    'nav-data': Buffer.from('{"addon":"Culvert"}').toString('base64url'),
    ...changes,
  }
  return Object.fromEntries(
    Object.entries(form).filter((field): field is [string, string] => field[1] !== undefined),
  )
}

export function postForm(service: Service, form: Record<string, string> | string) {
  return service.app.inject({
    method: 'POST',
    url: '/sso/login',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' },
    payload: new URLSearchParams(form).toString(),
  })
}

/** Signs in; answers with the Cookie header of the browser from then on. */
export async function signedIn(service: Service, resourceId: string): Promise<string> {
  const answer = await postForm(service, ssoForm(service, resourceId))
  const cookie = answer.cookies.find(({ name }) => name === 'culvert_session')
  if (cookie === undefined) throw new Error(`not signed in: ${answer.body}`)
  return `${cookie.name}=${cookie.value}`
}

export function hash(algorithm: 'sha1' | 'sha256', text: string): string {
  return createHash(algorithm).update(text).digest('hex')
}

export function hex32(): string {
  return randomBytes(16).toString('hex')
}
