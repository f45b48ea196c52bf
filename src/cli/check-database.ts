// Whether the database is one that the service can work with. Only looks.
import type pg from 'pg'
import type { Config } from '../config.ts'
import { readSchema } from '../database/migrate.ts'
import { createPool } from '../database/pool.ts'
import { errorText } from '../error-text.ts'
import { partitionName } from '../logs/postgres/partitions.ts'
import { retentionClasses } from '../plans.ts'
import { checkClock, checkDurability, checkPooler } from './check-durability.ts'
import { type Finding, reporter } from './finding.ts'

const STATEMENT_TIMEOUT_MS = 5_000
const DAY_MS = 86_400_000
const OLDEST_MAJOR = 15
const MIGRATE = 'npm run migrate, or in production: node dist/database/migrate-command.js'

export async function checkDatabase(findings: Finding[], config: Config, now: Date): Promise<void> {
  const report = reporter(findings, 'Database')
  const { url, tls } = config.database
  if (url === null) {
    if (config.production) report('FAIL', 'DATABASE_URL is not set', 'Set it to a Postgres 15 or newer.')
    else report('skip', 'DATABASE_URL is not set: the service starts its own Postgres')
    return
  }
  const pool = createPool({
    url,
    tls,
    connections: 1,
    applicationName: 'culvert doctor',
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    onError: () => {},
  })
  try {
    await checkServer(findings, config, pool)
    await checkPooler(findings, pool)
    await checkDurability(findings, pool)
    await checkClock(findings, pool)
    if (!(await checkMigrations(findings, config, pool))) return
    await checkPrivileges(findings, pool)
    await checkPartitions(findings, config, pool, now)
  } catch (error) {
    report(
      'FAIL',
      errorText(error),
      'Check DATABASE_URL and DATABASE_TLS, and that the server runs and lets us in.',
    )
  } finally {
    await pool.end()
  }
}

interface ServerRow {
  version: string
  major: number
  tls: boolean
  is_local: boolean
  allowed: number
  used: number
}

async function checkServer(findings: Finding[], config: Config, pool: pg.Pool): Promise<void> {
  const report = reporter(findings, 'Database')
  const { rows } = await pool.query<ServerRow>(
    `select current_setting('server_version') as version,
            current_setting('server_version_num')::integer / 10000 as major,
            coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as tls,
            coalesce(host(inet_server_addr()) in ('127.0.0.1', '::1'), true) as is_local,
            least(current_setting('max_connections')::integer
                    - current_setting('superuser_reserved_connections')::integer,
                  (select nullif(rolconnlimit, -1) from pg_roles where rolname = current_user),
                  (select nullif(datconnlimit, -1) from pg_database where datname = current_database())) as allowed,
            (select count(*)::integer from pg_stat_activity where backend_type = 'client backend') as used`,
  )
  const row = rows[0] as ServerRow
  if (row.major < OLDEST_MAJOR)
    report('FAIL', `Postgres ${row.version} is too old`, `Use ${OLDEST_MAJOR} or newer.`)
  else report('ok', `Postgres ${row.version} answers`)

  if (row.tls || row.is_local) report('ok', row.tls ? 'the connection is encrypted' : 'it is on this machine')
  else report('warn', 'the connection is not encrypted', 'Set DATABASE_TLS=require, or verify.')

  const needed = config.database.connections
  const free = row.allowed - row.used
  const says = `${free} of ${row.allowed} connections are free; each process takes up to ${needed}`
  if (free >= needed) report('ok', says)
  else
    report('warn', says, 'Where no process runs yet: lower DATABASE_CONNECTIONS or take a larger database.')
}

async function checkMigrations(findings: Finding[], config: Config, pool: pg.Pool): Promise<boolean> {
  const report = reporter(findings, 'Migrations')
  const { pending, newer, conflict } = await readSchema(pool)
  if (conflict !== null) {
    report('FAIL', conflict, 'Deploy a release whose migrations are the ones that were applied.')
    return false
  }
  if (pending.length === 0) {
    const ahead = newer.length === 0 ? '' : `, and of a newer release: ${newer.join(', ')}`
    report('ok', `all are applied${ahead}`)
    return true
  }
  const says = `not applied: ${pending.join(', ')}`
  if (config.production) report('FAIL', says, MIGRATE)
  else report('warn', says, `The service applies them when it starts; or ${MIGRATE}`)
  return false
}

/** The service makes and drops tables under log_line every day, which only an owner may. */
async function checkPrivileges(findings: Finding[], pool: pg.Pool): Promise<void> {
  const report = reporter(findings, 'Privileges')
  const { rows } = await pool.query<{ can_create: boolean; closed: string[] | null; owns: boolean }>(
    `select has_schema_privilege(current_schema(), 'create') as can_create,
            pg_has_role((select relowner from pg_class where oid = 'log_line'::regclass), 'usage') as owns,
            (select array_agg(relname::text order by relname) from pg_class
              where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
                and relname <> 'migration'
                and not (has_table_privilege(oid, 'select') and has_table_privilege(oid, 'insert')
                         and has_table_privilege(oid, 'update') and has_table_privilege(oid, 'delete'))) as closed`,
  )
  const { can_create, owns, closed } = rows[0] ?? { can_create: false, owns: false, closed: null }
  const fix = 'Let the service use the role that migrated, or grant its role that one.'
  if (!can_create) report('FAIL', 'no table may be made: lines of the coming days would have no place', fix)
  if (!owns) report('FAIL', 'log_line belongs to another role: no day can be added or dropped', fix)
  if (closed !== null) report('FAIL', `these tables may not be read and written: ${closed.join(', ')}`, fix)
  if (can_create && owns && closed === null) report('ok', 'tables may be made, read and written')
}

async function checkPartitions(findings: Finding[], config: Config, pool: pg.Pool, now: Date): Promise<void> {
  const report = reporter(findings, 'Partitions')
  const classes = retentionClasses(config.plans)
  const missingAt = async (millis: number) => {
    const names = classes.map((days) => partitionName(days, millis * 1000))
    const { rows } = await pool.query<{ name: string }>(
      'select name from unnest($1::text[]) as name where to_regclass(name) is null',
      [names],
    )
    return rows.map(({ name }) => name)
  }
  const today = await missingAt(now.getTime())
  const tomorrow = await missingAt(now.getTime() + DAY_MS)
  const fix =
    'Start the service, which makes them; if it runs, look in its log for "scheduled job failed" of "make-tables".'
  if (today.length > 0) {
    const { rows } = await pool.query(
      `select 1 from pg_inherits where inhparent = 'log_line'::regclass limit 1`,
    )
    // A database that no service has ever run on is not a broken one.
    report(rows.length === 0 ? 'warn' : 'FAIL', `there is no table for today: ${today.join(', ')}`, fix)
  } else if (tomorrow.length > 0)
    report('warn', `there is no table for tomorrow: ${tomorrow.join(', ')}`, fix)
  else report('ok', 'there are tables for today and tomorrow')
}
