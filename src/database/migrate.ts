// Brings a database's schema up to date from plain SQL files, forward only. Knows nothing of what they say; the rules
// for writing one are in migrations/README.md.
//
// Our own rather than a library. node-pg-migrate by default fails at once while another process holds its lock
// (pg_try_advisory_lock; issue 1647 there), so that of two dynos starting together one crashes; its newer mode that
// waits has no limit of its own. Nor does it notice that an applied file was edited, and it brings yargs along.
//
// All of one file happens in one transaction, its lock included: a lock of the session would stay with the server
// connection where a pooler in transaction mode is in between.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'
import { StartError } from '../errors.ts'
import { BRIEF_LOCK_MS, isLockTimeout } from './brief-locks.ts'
import { withTransaction } from './pool.ts'

/** Found from src/database/ and from dist/database/ alike. */
export const MIGRATIONS_DIRECTORY = fileURLToPath(new URL('../../migrations/', import.meta.url))

export interface MigrateOptions {
  /** How long to wait for another process that is migrating the same database. */
  lockTimeoutMs?: number
  /** How long to try for the locks of one file's tables. */
  tableLocksTimeoutMs?: number
}

/** What a database has of the files of this release. */
export interface SchemaState {
  /** Files that are not applied. */
  pending: string[]
  /** Applied by a newer release. What they add does not disturb this one: migrations/README.md. */
  newer: string[]
  /** Why this release cannot work with the database, however it is migrated; a sentence. */
  conflict: string | null
}

interface MigrationFile {
  name: string
  sql: string
  digest: string
}

/** What the migrations together make, generated for readers. */
const SCHEMA_FILE = 'schema.sql'
const FILE_NAME = /^(\d{4})-[a-z0-9-]+\.sql$/
/** Any fixed number will do; "culvert" as bytes, which fits an int8 and which no other program uses. */
const LOCK_KEY = BigInt(`0x${Buffer.from('culvert').toString('hex')}`)
const LOCK_TIMEOUT_MS = 120_000
const LOCK_POLL_MS = 100
/** For one file. Long, since it may rewrite a table, but not for ever. */
const FILE_TIMEOUT_MS = 15 * 60_000
/** Every tenth try: Postgres ends an autovacuum that is in the way once it has been waited for (deadlock_timeout, 1 s). */
const PATIENT_TABLE_LOCK_MS = 1_250
const PATIENT_EVERY = 10
const TABLE_LOCK_PAUSE_MS = 1_000
/** Less than Heroku gives a release phase (1 hour). */
const TABLE_LOCKS_TIMEOUT_MS = 10 * 60_000

/**
 * Applies the files that the database has not seen, each in a transaction of its own. Safe to call from several
 * processes at once: each file is applied by one of them.
 *
 * @returns the names applied by this call.
 * @throws StartError if an applied file was changed or removed, if a new one is not the newest, or if a table stays in
 *   use.
 */
export async function migrate(
  pool: pg.Pool,
  directory: string = MIGRATIONS_DIRECTORY,
  options: MigrateOptions = {},
): Promise<string[]> {
  const files = await readMigrations(directory)
  const applied: string[] = []
  for (;;) {
    const name = await applyNext(pool, files, options)
    if (name === null) return applied
    applied.push(name)
  }
}

/** Compares the database with the files; for checks. Changes nothing and takes no lock. */
export async function readSchema(
  pool: pg.Pool,
  directory: string = MIGRATIONS_DIRECTORY,
): Promise<SchemaState> {
  return compare(await readMigrations(directory), await readApplied(pool))
}

/** Null where the service can work with the database, else a sentence that says what to do. */
export function schemaProblem({ pending, conflict }: SchemaState): string | null {
  if (conflict !== null) return conflict
  if (pending.length === 0) return null
  const which = pending.length === 1 ? pending[0] : `${pending[0]} to ${pending.at(-1)}`
  return `The database lacks ${pending.length} migration(s), ${which}: run "npm run migrate" (in a container: node dist/database/migrate-command.js), then start again.`
}

/** @returns the name of the file that was applied; null where all are */
async function applyNext(
  pool: pg.Pool,
  files: readonly MigrationFile[],
  { lockTimeoutMs = LOCK_TIMEOUT_MS, tableLocksTimeoutMs = TABLE_LOCKS_TIMEOUT_MS }: MigrateOptions,
): Promise<string | null> {
  let busySince: number | null = null
  let inUseSince: number | null = null
  for (let tries = 1; ; tries++) {
    const outcome = await tryNext(pool, files, tries % PATIENT_EVERY === 0)
    const now = performance.now()
    if (outcome === 'busy') {
      busySince ??= now
      if (now - busySince >= lockTimeoutMs) {
        throw new StartError(
          `Another process has been migrating this database for ${lockTimeoutMs / 1_000} s; gave up waiting for it.`,
        )
      }
      await sleep(LOCK_POLL_MS)
    } else if (outcome instanceof TableInUse) {
      busySince = null
      inUseSince ??= now
      if (now - inUseSince >= tableLocksTimeoutMs) throw outcome
      await sleep(TABLE_LOCK_PAUSE_MS)
    } else return outcome
  }
}

/** A table that a migration needs for itself is in use. Nothing of the file was applied. */
class TableInUse extends StartError {
  constructor(migration: string, cause: unknown) {
    super(
      `Migration ${migration} needs a table that is in use: end what holds it (a pg_dump or a forgotten transaction; pg_stat_activity shows it), and migrate again.`,
      { cause },
    )
  }
}

/** @returns as applyNext; busy: another process is migrating */
async function tryNext(
  pool: pg.Pool,
  files: readonly MigrationFile[],
  isPatient: boolean,
): Promise<string | null | 'busy' | TableInUse> {
  try {
    return await withTransaction(pool, async (client) => {
      // Asked again and again rather than waited for: a waiting statement would hold a snapshot.
      const lock = await client.query<{ taken: boolean }>('select pg_try_advisory_xact_lock($1) as taken', [
        LOCK_KEY,
      ])
      if (!lock.rows[0]?.taken) return 'busy'
      const { pending, conflict } = compare(files, await readApplied(client))
      if (conflict !== null) throw new StartError(conflict)
      const next = files.find((file) => file.name === pending[0])
      if (next === undefined) return null
      await apply(client, next, isPatient)
      return next.name
    })
  } catch (error) {
    if (error instanceof TableInUse) return error
    throw error
  }
}

async function apply(client: pg.PoolClient, file: MigrationFile, isPatient: boolean): Promise<void> {
  try {
    await client.query(
      `create table if not exists migration (
         name text primary key,
         digest text not null,
         applied_at timestamptz not null default now()
       )`,
    )
    await client.query(`set local statement_timeout = ${FILE_TIMEOUT_MS}`)
    await client.query(`set local lock_timeout = ${isPatient ? PATIENT_TABLE_LOCK_MS : BRIEF_LOCK_MS}`)
    // The pool's own limit for an answer is made for the service's statements.
    await client.query({ text: file.sql, query_timeout: FILE_TIMEOUT_MS + 5_000 } as pg.QueryConfig)
    await client.query('insert into migration (name, digest) values ($1, $2)', [file.name, file.digest])
  } catch (error) {
    if (isLockTimeout(error)) throw new TableInUse(file.name, error)
    throw new StartError(`Migration ${file.name} failed: ${(error as Error).message}`, { cause: error })
  }
}

async function readMigrations(directory: string): Promise<MigrationFile[]> {
  const names = (await readdir(directory))
    .filter((name) => name.endsWith('.sql') && name !== SCHEMA_FILE)
    .sort()
  const numbers = new Set<string>()
  for (const name of names) {
    const number = FILE_NAME.exec(name)?.[1]
    if (number === undefined) throw new Error(`${name} is not a migration's name: NNNN-what-it-does.sql.`)
    if (numbers.has(number))
      throw new Error(`Two migrations have the number ${number}: renumber the newer one.`)
    numbers.add(number)
  }
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(directory, name), 'utf8')
      return { name, sql, digest: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

/** Name to digest. */
async function readApplied(client: pg.Pool | pg.PoolClient): Promise<Map<string, string>> {
  const table = await client.query<{ known: boolean }>(`select to_regclass('migration') is not null as known`)
  if (!table.rows[0]?.known) return new Map()
  const { rows } = await client.query<{ name: string; digest: string }>('select name, digest from migration')
  return new Map(rows.map((row) => [row.name, row.digest]))
}

function compare(files: readonly MigrationFile[], applied: ReadonlyMap<string, string>): SchemaState {
  const unknown = [...applied.keys()].filter((name) => !files.some((file) => file.name === name)).sort()
  const newestFile = numberOf(files.at(-1)?.name ?? '')
  const newer = unknown.filter((name) => numberOf(name) > newestFile)
  const pending = files.filter((file) => !applied.has(file.name)).map((file) => file.name)
  return { pending, newer, conflict: findConflict(files, applied, unknown, newer, pending) }
}

function findConflict(
  files: readonly MigrationFile[],
  applied: ReadonlyMap<string, string>,
  unknown: readonly string[],
  newer: readonly string[],
  pending: readonly string[],
): string | null {
  const changed = files.find(({ name, digest }) => applied.has(name) && applied.get(name) !== digest)
  if (changed) {
    return `Migration ${changed.name} was changed after it was applied to this database: put it back, and write a new one.`
  }
  const missing = unknown.find((name) => !newer.includes(name))
  if (missing) return `Migration ${missing} was applied to this database but its file is missing.`
  const newestApplied = [...applied.keys()].sort().at(-1) ?? ''
  const late = pending.find((name) => name < newestApplied)
  return late ? `Migration ${late} is older than ${newestApplied}, which is applied: renumber it.` : null
}

/** Compared as text: four digits each. */
function numberOf(name: string): string {
  return name.slice(0, 4)
}
