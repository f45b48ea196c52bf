// For the commands that call Heroku about resources: the heroku room over the service's database, without a server and
// without jobs. Runs beside the service: what must not happen twice at once is settled in the database.

import type { Pool } from 'pg'
import { pino } from 'pino'
import { type Config, loadConfig } from '../config.ts'
import { pendingMigrations } from '../database/migrate.ts'
import { createPool } from '../database/pool.ts'
import { bug } from '../errors.ts'
import { createHerokuRoom, type HerokuRoom } from '../heroku/heroku.ts'

/** A reason for the person at the terminal why the command cannot do what it was asked for. */
export class CommandError extends Error {
  override name = 'CommandError'
}

export interface HerokuCommand {
  config: Config
  pool: Pool
  room: HerokuRoom
}

const CONNECTIONS = 8

/** @throws ConfigError, CommandError */
export async function withHeroku<T>(
  environment: Record<string, string | undefined>,
  work: (parts: HerokuCommand) => Promise<T>,
): Promise<T> {
  const config = loadConfig(environment)
  const { url, tls } = config.database
  if (url === null)
    throw new CommandError('DATABASE_URL is not set: give it the address of the service’s database.')
  const pool = createPool({
    url,
    tls,
    connections: CONNECTIONS,
    applicationName: 'culvert command',
    onError: () => {},
  })
  // What it would log, the command tells in its own words.
  const log = pino({ level: 'silent' })
  try {
    const pending = await pendingMigrations(pool)
    if (pending.length > 0) throw new CommandError(`The database is not migrated: ${pending.join(', ')}.`)
    const room = createHerokuRoom({
      pool,
      config,
      // Asked for by jobs alone, and a command runs none.
      resources: { end: neverAsked, follow: neverAsked },
      configOf: neverAsked,
      log,
      now: Date.now,
      random: Math.random,
    })
    const result = await work({ config, pool, room })
    await room.settled()
    return result
  } finally {
    await pool.end()
  }
}

/** @throws CommandError where nobody can be asked */
export function requireTokens({ room }: HerokuCommand): void {
  if (!room.isOn)
    throw new CommandError('HEROKU_CLIENT_SECRET is not set: Heroku cannot be asked about a resource.')
}

function neverAsked(): never {
  throw bug('a command ends, changes and configures no resource')
}
