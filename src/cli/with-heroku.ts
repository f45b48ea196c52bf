// For the commands that call Heroku about resources: the heroku room over the service's database, without a server and
// without jobs. Runs beside the service: what must not happen twice at once is settled in the database.

import type { Pool } from 'pg'
import { pino } from 'pino'
import type { Config } from '../config.ts'
import { bug } from '../errors.ts'
import { createHerokuRoom, type HerokuRoom } from '../heroku/heroku.ts'
import { CommandError, withDatabase } from './with-database.ts'

export interface HerokuCommand {
  config: Config
  pool: Pool
  room: HerokuRoom
}

/** @throws ConfigError, CommandError */
export function withHeroku<T>(
  environment: Record<string, string | undefined>,
  work: (parts: HerokuCommand) => Promise<T>,
): Promise<T> {
  // What it would log, the command tells in its own words.
  const log = pino({ level: 'silent' })
  return withDatabase(environment, async ({ config, pool }) => {
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
  })
}

/** @throws CommandError without OAuth */
export function requireTokens({ room }: HerokuCommand): void {
  if (!room.isOn)
    throw new CommandError('HEROKU_CLIENT_SECRET is not set: Heroku cannot be asked about a resource.')
}

function neverAsked(): never {
  throw bug('a command ends, changes and configures no resource')
}
