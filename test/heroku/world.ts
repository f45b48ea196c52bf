// A database, a simulated id server and Platform API, and as many heroku rooms ("processes") over them as a test wants,
// all on one clock that the test moves.
import { randomUUID } from 'node:crypto'
import { type Logger, pino } from 'pino'
import { expect } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { createHerokuRoom, type HerokuRoom } from '../../src/heroku/heroku.ts'
import { createResourceStore, type ResourceStore } from '../../src/partner/resource-store.ts'
import { createHeroku, type Heroku } from '../../src/sim/heroku.ts'
import { openPlatform, type Platform } from '../../src/sim/platform.ts'
import { createRandom } from '../../src/sim/random.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

export const CLIENT_SECRET = 'the-client-secret-of-the-portal'

export interface World {
  database: TestDatabase
  heroku: Heroku
  platform: Platform
  clock: { now: number }
  /** Everything that any room logged. */
  logged: string[]
  /** One process. */
  room(environment?: Record<string, string>): HerokuRoom
  /** As the partner room does on Heroku's POST, but for the exchange that follows at once. */
  provision(grant?: string, id?: string): Promise<string>
  deprovision(id: string): Promise<void>
  close(): Promise<void>
}

export async function createWorld(): Promise<World> {
  const database = await createTestDatabase()
  const clock = { now: Date.UTC(2026, 10, 21, 12) }
  const heroku = createHeroku({
    addon: { id: 'culvert', password: '', ssoSalt: '', baseUrl: '', ssoUrl: '', configVars: [] },
    random: createRandom(randomUUID()),
    clock: () => clock.now,
    clientSecrets: [CLIENT_SECRET],
  })
  const platform = await openPlatform(() => heroku)
  const logged: string[] = []
  const log: Logger = pino({ level: 'trace' }, { write: (line: string) => logged.push(line) })
  const room = (environment: Record<string, string> = {}) =>
    createHerokuRoom({
      pool: database.pool,
      config: loadConfig({
        HEROKU_API_URL: platform.origin,
        HEROKU_ID_URL: platform.origin,
        HEROKU_CLIENT_SECRET: CLIENT_SECRET,
        ...environment,
      }),
      log,
      now: () => clock.now,
      random: Math.random,
    })
  const resources = (): ResourceStore => createResourceStore(database.pool, { ...room().vault, kept() {} })
  return {
    database,
    heroku,
    platform,
    clock,
    logged,
    room,
    async provision(grant, id = randomUUID()) {
      await resources().provision({
        id,
        name: 'culvert-curly-41233',
        plan: 'test',
        region: null,
        options: {},
        drainToken: `d.${randomUUID()}`,
        grant: grant ?? heroku.idServer.issueGrant(id),
        logInputUrl: `https://token:t.${id}@1.us.logplex.io/logs`,
      })
      return id
    },
    async deprovision(id) {
      await resources().deprovision(id)
    },
    async close() {
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

/** In clear, in hex as Postgres prints bytes, and in base64. */
export function expectNone(secrets: readonly string[], text: string): void {
  expect(secrets.length).toBeGreaterThan(0)
  for (const secret of secrets) {
    const bytes = Buffer.from(secret)
    for (const form of [secret, bytes.toString('hex'), bytes.toString('base64').slice(0, -4)]) {
      expect(text.includes(form), 'a secret in clear').toBe(false)
    }
  }
}
