// Connections to Postgres: the one way a pool is made, and transactions on it. Knows nothing of tables.
//
// Types are left as pg gives them: int8 and numeric come as strings (JavaScript has no exact number for them), and
// timestamptz as a Date, which drops microseconds; a query that needs either otherwise says so in its SQL.
import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import pg from 'pg'
import { limitedClient } from './time-limits.ts'

export interface PoolOptions {
  /** postgres://…; its ssl parameters are ignored, but for the files they name: `tls` decides. */
  url: string
  /** require: TLS without checking the certificate (Heroku Postgres signs its own); verify: checked. */
  tls: 'off' | 'require' | 'verify'
  connections: number
  /** Shown in pg_stat_activity. */
  applicationName: string
  /**
   * The server cancels a statement that takes longer. Null: there is no limit on anything, as statements need that must
   * not run in a transaction (`vacuum`, `create database`).
   */
  statementTimeoutMs?: number | null
  /** Called for each lost connection, idle or in use. No query fails with an idle one, so it is logged. */
  onError: (error: Error) => void
}

const CONNECT_TIMEOUT_MS = 5_000
const IDLE_TIMEOUT_MS = 30_000
const KEEPALIVE_DELAY_MS = 10_000
const STATEMENT_TIMEOUT_MS = 30_000
/** A transaction that is open and silent this long has been forgotten, and holds locks. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000
/** After statement_timeout the server itself has answered, unless it or the network is gone. */
const SERVER_GONE_MARGIN_MS = 5_000
const ROLLBACK_TIMEOUT_MS = 5_000

export function createPool(options: PoolOptions): pg.Pool {
  const { statementTimeoutMs = STATEMENT_TIMEOUT_MS } = options
  const { url, tlsFiles } = withoutTlsParameters(options.url)
  const pool = new pg.Pool({
    connectionString: url,
    ssl: options.tls === 'off' ? false : { ...tlsFiles, rejectUnauthorized: options.tls === 'verify' },
    max: options.connections,
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_DELAY_MS,
    ...(statementTimeoutMs !== null && {
      Client: limitedClient({
        statementMs: statementTimeoutMs,
        idleInTransactionMs: IDLE_IN_TRANSACTION_TIMEOUT_MS,
      }),
      query_timeout: statementTimeoutMs + SERVER_GONE_MARGIN_MS,
    }),
  })
  // pg-pool listens to idle clients only: one that dies while checked out, between two statements, would end the
  // process with an unhandled 'error'. So each client has a listener for life, and the pool's own must only exist.
  // end() does not wait until the server has seen the goodbyes; one that stops meanwhile cuts connections that nobody
  // needs any more, and that is no news.
  pool.on('connect', (client) => tellOnce(client, (error) => pool.ending || options.onError(error)))
  pool.on('error', () => {})
  return pool
}

/** A dying client emits two errors: what the server said last, and that the connection ended unexpectedly. */
function tellOnce(client: pg.PoolClient, onError: (error: Error) => void): void {
  client.once('error', (error) => {
    client.on('error', () => {})
    onError(error)
  })
}

/**
 * Runs `work` in a transaction on one connection, and commits; rolls back if it throws.
 *
 * @throws what `work` threw, or an error if the commit did not happen.
 */
export function withTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  return withClient(pool, async (client) => {
    await client.query('begin')
    const result = await work(client)
    checkCommitted(await client.query('commit'))
    return result
  })
}

/**
 * Runs `work` on one connection, for work that sends its own begin and commit along with other statements. What it
 * has begun is rolled back if it throws.
 */
export async function withClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    return await work(client)
  } catch (error) {
    broken = await rollback(client)
    throw error
  } finally {
    // With an error the pool closes the connection instead of handing it on.
    client.release(broken)
  }
}

/**
 * @param result of a `commit`
 * @throws where Postgres rolled back instead: it does so without an error if a statement had failed and was swallowed
 */
export function checkCommitted(result: pg.QueryResult): void {
  if (result.command !== 'COMMIT') {
    throw new Error('The transaction was rolled back: a statement in it had failed.')
  }
}

/** Why the connection cannot be used any more, if so. */
async function rollback(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    // Short: behind an unfinished COPY, or on a dead network, the answer never comes.
    await client.query({ text: 'rollback', query_timeout: ROLLBACK_TIMEOUT_MS } as pg.QueryConfig)
    return undefined
  } catch (error) {
    return error as Error
  }
}

const TLS_FILE_PARAMETERS = { sslrootcert: 'ca', sslcert: 'cert', sslkey: 'key' } as const
const TLS_PARAMETERS = ['ssl', 'sslmode', 'sslnegotiation', 'uselibpqcompat']

/**
 * pg lets the url win over `ssl`, and reads sslmode in its own way (require means verify-full in pg 8).
 * By text, not by URL: postgres://user@/name?host=/directory is fine for pg and invalid for URL.
 */
function withoutTlsParameters(url: string): { url: string; tlsFiles: ConnectionOptions } {
  const [address = '', query] = splitOnce(url, '?')
  if (query === undefined) return { url, tlsFiles: {} }
  const parameters = new URLSearchParams(query)
  const tlsFiles: ConnectionOptions = {}
  for (const [parameter, option] of Object.entries(TLS_FILE_PARAMETERS)) {
    const path = parameters.get(parameter)
    // libpq's word for the roots of the machine; Node's are used when nothing is named.
    if (path !== null && path !== 'system') tlsFiles[option] = readFileSync(path, 'utf8')
    parameters.delete(parameter)
  }
  for (const parameter of TLS_PARAMETERS) parameters.delete(parameter)
  return { url: parameters.size === 0 ? address : `${address}?${parameters}`, tlsFiles }
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)]
}
