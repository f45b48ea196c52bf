// A database, a simulated id server and Platform API, and as many heroku rooms ("processes") over them as a test wants,
// all on one clock that the test moves.
import { randomUUID } from 'node:crypto'
import {
  createHeroku,
  createRandom,
  type Heroku,
  openPlatform,
  type Platform,
  type SimResource,
} from 'heroku-simulator'
import type { Pool } from 'pg'
import { type Logger, pino } from 'pino'
import { expect } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { createHerokuRoom, type HerokuRoom } from '../../src/heroku/heroku.ts'
import { configOf } from '../../src/partner/provision.ts'
import { createResourceStore } from '../../src/resources/resource-store.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { testLifecycle } from '../support/lifecycle.ts'

export const CLIENT_SECRET = 'the-client-secret-of-the-portal'

export interface World {
  database: TestDatabase
  heroku: Heroku
  platform: Platform
  clock: { now: number }
  /** Everything that any room logged. */
  logged: string[]
  /** One process. */
  room(environment?: Record<string, string>, pool?: Pool): HerokuRoom
  /** As the partner room does on Heroku's POST, but for the exchange that follows at once. */
  provision(grant?: string, id?: string): Promise<string>
  /** As a POST that this process takes, the exchange that follows included. */
  provisionAt(room: HerokuRoom, id: string, grant: string): Promise<void>
  /** The same, of a resource that the simulated Heroku knows too and waits for; so far its grant is exchanged. */
  begin(): Promise<SimResource>
  /** The same, of one that is ready there; with the drain of that app. */
  install(app: string, drainUrl?: string): Promise<string>
  deprovision(id: string): Promise<void>
  close(): Promise<void>
}

/** @param settings of every room */
export async function createWorld(settings: Record<string, string> = {}): Promise<World> {
  const database = await createTestDatabase()
  const clock = { now: Date.UTC(2026, 10, 21, 12) }
  const { addon } = loadConfig({})
  const platform = await openPlatform(() => heroku)
  const heroku: Heroku = createHeroku({
    addon: {
      id: addon.id,
      password: addon.passwords[0] as string,
      ssoSalt: '',
      baseUrl: '',
      ssoUrl: '',
      configVars: ['CULVERT_URL'],
    },
    random: createRandom(randomUUID()),
    clock: () => clock.now,
    clientSecrets: [CLIENT_SECRET],
    logInputOrigin: platform.origin,
  })
  const logged: string[] = []
  const log: Logger = pino({ level: 'trace' }, { write: (line: string) => logged.push(line) })
  const room = (environment: Record<string, string> = {}, pool = database.pool) => {
    const config = loadConfig({
      HEROKU_API_URL: platform.origin,
      HEROKU_ID_URL: platform.origin,
      HEROKU_CLIENT_SECRET: CLIENT_SECRET,
      ...settings,
      ...environment,
    })
    const own: HerokuRoom = createHerokuRoom({
      pool,
      config,
      resources: {
        end: (id) => lifecycleAt(own, pool).deprovision(id),
        follow: (id, seen) => createResourceStore(pool).follow(id, { ...seen, plan: null }),
      },
      configOf: (id) => configOf(config, id),
      log,
      now: () => clock.now,
      random: Math.random,
    })
    return own
  }
  const lifecycleAt = (own: HerokuRoom, pool = database.pool) =>
    testLifecycle(pool, { secrets: own.provisionSecrets, endsWithResource: [own.provisionSecrets] })
  const withoutExchange = () => {
    const { provisionSecrets } = room()
    const store: typeof provisionSecrets.store = (client, id, secrets) =>
      provisionSecrets.store(client, id, secrets, () => {})
    return testLifecycle(database.pool, { secrets: { store } })
  }
  async function provision(
    grant?: string,
    id: string = randomUUID(),
    drainToken = `d.${randomUUID()}`,
    logInputUrl = `https://token:t.${id}@1.us.logplex.io/logs`,
    lifecycle = withoutExchange(),
  ): Promise<string> {
    await lifecycle.provision({
      id,
      name: 'culvert-curly-41233',
      plan: 'test',
      region: null,
      options: {},
      drainToken,
      grant: grant ?? heroku.idServer.issueGrant(id),
      logInputUrl,
    })
    return id
  }
  return {
    database,
    heroku,
    platform,
    clock,
    logged,
    room,
    provision: (grant, id) => provision(grant, id),
    async provisionAt(own, id, grant) {
      await provision(grant, id, undefined, undefined, lifecycleAt(own))
    },
    async begin() {
      const uuid = randomUUID()
      const drainToken = `d.${randomUUID()}`
      const resource = heroku.adopt({
        uuid,
        plan: 'test',
        app: 'tidy-river',
        state: 'provisioning',
        drainToken,
        drainUrl: `https://localhost:5000/drains/${uuid}`,
      })
      await provision(undefined, uuid, drainToken)
      await room().tokens.exchangeDue()
      return resource
    },
    async install(app, drainUrl) {
      const uuid = randomUUID()
      const drainToken = `d.${randomUUID()}`
      const { drains } = heroku.adopt({
        uuid,
        plan: 'test',
        app,
        drainToken,
        drainUrl: drainUrl ?? `https://localhost:5000/drains/${uuid}`,
      })
      const logInputUrl = heroku.logInput.addressOf(uuid, drains[0]?.appId ?? '')
      return provision(undefined, uuid, drainToken, logInputUrl)
    },
    async deprovision(id) {
      await lifecycleAt(room()).deprovision(id)
    },
    async close() {
      heroku.stop()
      await platform.close()
      await database.close()
    },
  }
}

/** Every row of every table as text, bytes too. */
export async function dump(database: TestDatabase): Promise<string> {
  const { rows: tables } = await database.pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'public'`,
  )
  const rows: string[] = []
  for (const { name } of tables) {
    const found = await database.pool.query<{ row: string }>(`select t::text as row from ${name} t`)
    rows.push(...found.rows.map(({ row }) => row))
  }
  return rows.join('\n')
}

/** In clear, in hex as Postgres prints bytes, and in base64, by itself or within something else. */
export function expectNone(secrets: readonly string[], text: string): void {
  expect(secrets.length).toBeGreaterThan(0)
  for (const secret of secrets) {
    const bytes = Buffer.from(secret)
    // Three bytes become four letters; of those at the ends some bits may be the neighbours'.
    const within = [0, 1, 2].map((before) =>
      Buffer.concat([Buffer.alloc(before), bytes])
        .toString('base64')
        .replace(/=+$/, '')
        .slice(before === 0 ? 0 : 4, -2),
    )
    for (const form of [secret, bytes.toString('hex'), ...within]) {
      expect(text.includes(form), 'a secret in clear').toBe(false)
    }
  }
}
