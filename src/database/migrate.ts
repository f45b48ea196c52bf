// Brings a database's schema up to date from plain SQL files, forward only. Knows nothing of what they say.
//
// Our own rather than a library. node-pg-migrate by default fails at once while another process holds its lock
// (pg_try_advisory_lock; issue 1647 there), so that of two dynos starting together one crashes; its newer mode that
// waits has no limit of its own. Nor does it notice that an applied file was edited, and it brings yargs along.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'

/** Found from src/database/ and from dist/database/ alike. */
export const MIGRATIONS_DIRECTORY = fileURLToPath(new URL('../../migrations/', import.meta.url))

export interface MigrateOptions {
  /** How long to wait for another process that is migrating the same database. */
  lockTimeoutMs?: number
}

interface MigrationFile {
  name: string
  sql: string
  digest: string
}

const FILE_NAME = /^(\d{4})-[a-z0-9-]+\.sql$/
/** Any fixed number will do; "culvert" as bytes, which fits an int8 and is nobody else's. */
const LOCK_KEY = BigInt(`0x${Buffer.from('culvert').toString('hex')}`)
const LOCK_TIMEOUT_MS = 120_000
const LOCK_POLL_MS = 100
/** For one file. Long, since it may rewrite a table, but not for ever. */
const FILE_TIMEOUT_MS = 15 * 60_000
/** While a migration waits for a lock, everybody else queues behind it: rather fail the release. */
const TABLE_LOCK_TIMEOUT_MS = 20_000

/**
 * Applies the files that the database has not seen, each in a transaction of its own. Safe to call from several
 * processes at once: one applies, the others wait for it.
 *
 * @returns the names applied by this call.
 * @throws a sentence if an applied file was changed or removed, or if a new one is not the newest.
 */
export async function migrate(
  pool: pg.Pool,
  directory: string = MIGRATIONS_DIRECTORY,
  options: MigrateOptions = {},
): Promise<string[]> {
  const files = await readMigrations(directory)
  const client = await pool.connect()
  try {
    await takeLock(client, options.lockTimeoutMs ?? LOCK_TIMEOUT_MS)
    await client.query(
      `create table if not exists migration (
         name text primary key,
         digest text not null,
         applied_at timestamptz not null default now()
       )`,
    )
    const pending = comparePending(files, await readApplied(client))
    for (const file of pending) await apply(client, file)
    return pending.map((file) => file.name)
  } finally {
    // Closed, not handed on: that also lets go of the lock and of the session's settings, whatever happened.
    client.release(true)
  }
}

/** The names of the files that are not applied yet; for a readiness check. Changes nothing and takes no lock. */
export async function pendingMigrations(
  pool: pg.Pool,
  directory: string = MIGRATIONS_DIRECTORY,
): Promise<string[]> {
  const files = await readMigrations(directory)
  const table = await pool.query<{ known: boolean }>(`select to_regclass('migration') is not null as known`)
  const applied = table.rows[0]?.known ? await readApplied(pool) : new Map<string, string>()
  return files.filter((file) => !applied.has(file.name)).map((file) => file.name)
}

/**
 * Asks again and again rather than waiting inside one statement: that would hold a snapshot, for which a
 * `create index concurrently` of the lock's holder waits in turn.
 */
async function takeLock(client: pg.PoolClient, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [
      LOCK_KEY,
    ])
    if (rows[0]?.taken) return
    if (performance.now() >= deadline) {
      throw new Error(
        `Another process has been migrating this database for ${timeoutMs / 1_000} s; gave up waiting for it.`,
      )
    }
    await sleep(LOCK_POLL_MS)
  }
}

async function readMigrations(directory: string): Promise<MigrationFile[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort()
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
  const { rows } = await client.query<{ name: string; digest: string }>('select name, digest from migration')
  return new Map(rows.map((row) => [row.name, row.digest]))
}

function comparePending(files: MigrationFile[], applied: Map<string, string>): MigrationFile[] {
  const byName = new Map(files.map((file) => [file.name, file]))
  for (const [name, digest] of applied) {
    const file = byName.get(name)
    if (file === undefined) {
      throw new Error(`Migration ${name} was applied to this database but its file is missing.`)
    }
    if (file.digest !== digest) {
      throw new Error(
        `Migration ${name} was changed after it was applied to this database: put it back, and write a new one.`,
      )
    }
  }
  const newestApplied = [...applied.keys()].sort().at(-1) ?? ''
  const pending = files.filter((file) => !applied.has(file.name))
  for (const { name } of pending) {
    if (name < newestApplied) {
      throw new Error(`Migration ${name} is older than ${newestApplied}, which is applied: renumber it.`)
    }
  }
  return pending
}

async function apply(client: pg.PoolClient, file: MigrationFile): Promise<void> {
  await client.query('begin')
  try {
    await client.query(`set local statement_timeout = ${FILE_TIMEOUT_MS}`)
    await client.query(`set local lock_timeout = ${TABLE_LOCK_TIMEOUT_MS}`)
    // The pool's own limit for an answer is made for the service's statements.
    await client.query({ text: file.sql, query_timeout: FILE_TIMEOUT_MS + 5_000 } as pg.QueryConfig)
    await client.query('insert into migration (name, digest) values ($1, $2)', [file.name, file.digest])
    await client.query('commit')
  } catch (error) {
    // No rollback: the caller closes the connection, which is one.
    throw new Error(`Migration ${file.name} failed: ${(error as Error).message}`, { cause: error })
  }
}
