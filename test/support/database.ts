// A database for a test file or a single test: its own, with the schema, empty, gone afterwards.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { openPool } from './pool.ts'

export interface TestDatabase {
  url: string
  pool: pg.Pool
  query<T extends object>(sql: string): Promise<T[]>
  /** Drops the database. Throws if a client of the pool was not released: somebody leaks connections. */
  close(): Promise<void>
}

const CONNECTIONS = 10
const CONNECT_TIMEOUT_MS = 5_000
const QUERY_TIMEOUT_MS = 20_000

/** Clones the migrated template; with `empty`, makes a database without any table. */
export async function createTestDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  const template = options.empty ? 'template0' : inject('templateDatabase')
  // A file copy of some 8 MB, 10 to 90 ms; the default strategy writes every page of it to the log.
  await onCluster(`create database ${name} template ${template} strategy file_copy`)
  const url = databaseUrl(name)
  const pool = openPool(url, { connections: CONNECTIONS })
  return {
    url,
    pool,
    query: async <T extends object>(sql: string) => (await pool.query<T>(sql)).rows,
    async close() {
      const leaked = pool.totalCount - pool.idleCount
      // With a client out, end() would wait for ever.
      if (leaked === 0 && !pool.ending) await pool.end()
      await onCluster(`drop database ${name} with (force)`)
      if (leaked > 0) throw new Error(`${leaked} client(s) of the test's pool were never released.`)
    },
  }
}

function databaseUrl(name: string): string {
  const url = new URL(inject('clusterUrl'))
  url.pathname = `/${name}`
  return url.href
}

/** A connection of its own for each statement: it happens twice in a test file. */
async function onCluster(statement: string): Promise<void> {
  const client = new pg.Client({
    connectionString: inject('clusterUrl'),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
  })
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
