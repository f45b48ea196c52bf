// Entry file: `npm run migrate`, and Heroku's release phase as `node dist/database/migrate-command.js`. Brings the
// database of DATABASE_URL up to date and says what it did; a release fails with its exit code.
import { ConfigError, loadConfig } from '../config.ts'
import { StartError } from '../errors.ts'
import { migrate, readSchema } from './migrate.ts'
import { createPool } from './pool.ts'
import { unusableDatabase } from './unusable.ts'

try {
  console.log(await run())
} catch (error) {
  const known = error instanceof ConfigError ? error : unusableDatabase(error)
  console.error(known.message)
  process.exitCode = 1
}

async function run(): Promise<string> {
  const { database } = loadConfig(process.env)
  if (database.url === null) {
    throw new StartError(
      'DATABASE_URL is not set. The embedded Postgres is migrated when the service starts.',
    )
  }
  const pool = createPool({
    url: database.url,
    tls: database.tls,
    connections: 1,
    applicationName: 'culvert-migrate',
    // What matters of it comes back as the failure of a statement.
    onError: () => {},
  })
  try {
    const applied = await migrate(pool)
    if (applied.length > 0) return `Applied ${applied.join(', ')}.`
    const { newer } = await readSchema(pool)
    if (newer.length === 0) return 'The database is up to date.'
    return `The database is up to date, and ahead of this release by ${newer.join(', ')}.`
  } finally {
    await pool.end()
  }
}
