// A dump of the database that takes as long as a test wants: it holds every table open for readers and writers, and
// closed to whatever would change or drop it.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'vitest'
import type { TestDatabase } from './database.ts'

export interface Dump {
  /** `pg_dump`, or where that is not installed, the statements that it begins with. */
  by: string
  end(): Promise<void>
}

/** @param table one with more lines than a pipe takes, in which a pg_dump that nobody reads stands still */
export async function holdDumpOpen(database: TestDatabase, table: string): Promise<Dump> {
  const dump = (await hasPgDump(database)) ? dumpByProgram(database.url) : await dumpByHand(database)
  await expect.poll(() => isHeld(database, table)).toBe(true)
  return dump
}

/** One that is older than the server refuses it. */
async function hasPgDump({ query }: TestDatabase): Promise<boolean> {
  const { stdout } = spawnSync('pg_dump', ['--version'], { encoding: 'utf8' })
  const version = Number(/\(PostgreSQL\) (\d+)/.exec(stdout ?? '')?.[1])
  const [server] = await query<{ version: number }>(
    `select current_setting('server_version_num')::integer / 10000 as version`,
  )
  return version >= (server?.version ?? Number.POSITIVE_INFINITY)
}

function dumpByProgram(url: string): Dump {
  // Its output is never read.
  const child = spawn('pg_dump', ['--dbname', url], { stdio: ['ignore', 'pipe', 'inherit'] })
  return {
    by: 'pg_dump',
    async end() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** What pg_dump does first: one snapshot, and a lock on each table (PostgreSQL 15, pg_dump.c, getTables). */
async function dumpByHand({ pool }: TestDatabase): Promise<Dump> {
  const client = await pool.connect()
  await client.query('begin isolation level repeatable read read only')
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class
      where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')`,
  )
  for (const { name } of rows) await client.query(`lock table "${name}" in access share mode`)
  return {
    by: 'the statements of pg_dump',
    async end() {
      await client.query('rollback')
      client.release()
    },
  }
}

async function isHeld({ pool }: TestDatabase, table: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    `select from pg_locks where relation = $1::regclass and mode = 'AccessShareLock' and granted and pid <> pg_backend_pid()`,
    [table],
  )
  return (rowCount ?? 0) > 0
}
