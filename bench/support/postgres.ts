// The Postgres of the run: one of our own with every setting as shipped and every commit synced, or the one that
// DATABASE_URL names. Each benchmark gets a database of its own on it; no other is touched.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.ts'
import { createPool } from '../../src/database/pool.ts'
import { processTree } from './processes.ts'
import type { Scope } from './scope.ts'

/** What decides how fast lines are loaded and how safe they are then. */
const SETTINGS = [
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'wal_level',
  'wal_compression',
  'shared_buffers',
  'wal_buffers',
  'max_wal_size',
  'checkpoint_timeout',
  'autovacuum',
]

export interface BenchPostgres {
  /** Where it keeps its data; files that it reads and writes itself go there as well. */
  dataDirectory: string
  describe(): Promise<string[]>
  /** All processes of the server, the first of them the postmaster; empty where it is not on this machine. */
  processes(): number[]
  createDatabase(scope: Scope): Promise<BenchDatabase>
}

export interface BenchDatabase {
  url: string
  pool: Pool
}

export async function openPostgres(
  scope: Scope,
  options: { url: string | undefined; directory: string; tls: 'off' | 'require' | 'verify' },
): Promise<BenchPostgres> {
  const url = options.url ?? (await startOwn(scope, options.directory))
  const open = (database: string | null, connections: number) =>
    createPool({
      url: database === null ? url : onDatabase(url, database),
      tls: options.tls,
      connections,
      applicationName: 'culvert bench',
      statementTimeoutMs: null,
      onError: () => {},
    })
  const admin = scope.add(open(null, 1), (pool) => pool.end())
  const { rows } = await admin.query<{ setting: string }>(
    "select current_setting('data_directory') as setting",
  )
  const dataDirectory = rows[0]?.setting as string
  return {
    dataDirectory,
    processes: () => {
      const postmaster = postmasterOf(dataDirectory)
      return postmaster === undefined ? [] : processTree(postmaster)
    },
    async describe() {
      const version = await admin.query<{ version: string }>('select version()')
      const settings = await admin.query<{ text: string }>(
        `select string_agg(name || '=' || current_setting(name), ' ' order by array_position($1, name)) as text
           from unnest($1::text[]) as name`,
        [SETTINGS],
      )
      return [`postgres  ${version.rows[0]?.version}`, `          ${settings.rows[0]?.text}`]
    },
    async createDatabase(databaseScope) {
      const name = `culvert_bench_${randomBytes(4).toString('hex')}`
      await admin.query(`create database ${name}`)
      databaseScope.add(name, () => admin.query(`drop database ${name} with (force)`))
      const pool = databaseScope.add(open(name, 4), (opened) => opened.end())
      return { url: onDatabase(url, name), pool }
    },
  }
}

async function startOwn(scope: Scope, directory: string): Promise<string> {
  const postgres = await startEmbeddedPostgres({
    dataDirectory: directory,
    durable: true,
    log: (sentence) => process.stderr.write(`${sentence}\n`),
  })
  scope.add(postgres, (started) => started.stop())
  return postgres.url
}

function onDatabase(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}

function postmasterOf(dataDirectory: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8'), 10)
    process.kill(pid, 0)
    return pid
  } catch {
    return undefined
  }
}

/** Stops every process of the server in the midst of what it does. Returns what lets them go on. */
export function freeze(postgres: BenchPostgres): () => void {
  const frozen = new Set<number>()
  // The postmaster first, so that it starts no more; and again for those it was just starting.
  for (
    let found = postgres.processes();
    found.some((pid) => !frozen.has(pid));
    found = postgres.processes()
  ) {
    for (const pid of found) {
      signal(pid, 'SIGSTOP')
      frozen.add(pid)
    }
  }
  return () => {
    for (const pid of frozen) signal(pid, 'SIGCONT')
    frozen.clear()
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has just ended.
  }
}
