// For the commands that work on the service's database: beside it, without a server and without jobs.
import type { Pool } from 'pg'
import { type Config, loadConfig } from '../config.ts'
import { readSchema, schemaProblem } from '../database/migrate.ts'
import { createPool } from '../database/pool.ts'
import { unusableDatabase } from '../database/unusable.ts'

/** A reason for the person at the terminal why the command cannot do what it was asked for. */
export class CommandError extends Error {
  override name = 'CommandError'
}

const CONNECTIONS = 8

/** @throws ConfigError, CommandError */
export async function withDatabase<T>(
  environment: Record<string, string | undefined>,
  work: (parts: { config: Config; pool: Pool }) => Promise<T>,
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
  try {
    const schema = await readSchema(pool).catch((error: unknown) => {
      throw new CommandError(unusableDatabase(error).message)
    })
    const problem = schemaProblem(schema)
    if (problem !== null) throw new CommandError(problem)
    return await work({ config, pool })
  } finally {
    await pool.end()
  }
}
