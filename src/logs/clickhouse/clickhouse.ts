// ClickHouse as the rest of this room sees it: rows, commands, inserts. Behind it is a server, or the engine inside this
// process (npm chdb), which the official client takes for a connection.
//
// Settings go with each statement, in its text: the engine inside the process would keep them for whoever is next.
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import {
  type ClickHouseClient,
  type ClickHouseClientConfigOptions,
  ClickHouseLogLevel,
  createClient,
} from '@clickhouse/client'
import { DataError } from '../../database/data-error.ts'
import { TransientError } from '../../database/transient-error.ts'

/** Names of columns and tables, in the database of the URL. */
export interface ClickHouse {
  /** `on cluster …` where there is one, for statements that make or change tables; else empty. */
  readonly onCluster: string
  readonly cluster: string | null

  /**
   * The rows of a select. 64-bit numbers come as numbers, so what may be beyond 2^53 must be asked for as text.
   *
   * @param params for `{name:Type}` in the statement
   * @param maxMs the engine gives up after this
   * @param maxBytes the engine gives up where the rows are more, about
   * @throws ClickHouseError; TransientError where it did not answer; the signal's reason
   */
  rows<Row>(
    statement: string,
    params?: Readonly<Record<string, unknown>>,
    options?: RowsOptions,
  ): Promise<Row[]>

  /** @throws ClickHouseError; TransientError */
  command(statement: string, params?: Readonly<Record<string, unknown>>): Promise<void>

  /**
   * Resolves when the rows are on disk.
   *
   * @param body TabSeparated
   * @throws DataError where the rows are wrong; TransientError where they are not on disk, or that is not known
   */
  insert(table: string, columns: readonly string[], body: Buffer): Promise<void>

  close(): Promise<void>
}

export interface RowsOptions {
  signal?: AbortSignal | undefined
  maxMs?: number | undefined
  maxBytes?: number | undefined
}

export interface ClickHouseOptions {
  /** http(s)://user:password@host:port/database, or chdb:./directory?database=name for the engine inside this process. */
  url: string
  /** The name that the server's configuration gives its cluster; null for a single one. */
  cluster: string | null
}

const REQUEST_TIMEOUT_MS = 30_000
const MAX_QUERY_MS = 20_000
const MAX_CONNECTIONS = 16
const CHDB = 'chdb:'

/**
 * A retry is recognised by its frame key, and a batch by its number: so equal blocks are no duplicates. And what was
 * acknowledged is on disk, on a majority where there are replicas.
 */
const INSERT_SETTINGS = {
  async_insert: 0,
  insert_deduplicate: 0,
  // Built when parts are merged: what is not yet is little, and read through quickly.
  materialize_skip_indexes_on_insert: 0,
  max_execution_time: MAX_QUERY_MS / 1_000,
}
const CLUSTER_INSERT_SETTINGS = { insert_quorum: 'auto', distributed_foreground_insert: 1 }
const CLUSTER_SELECT_SETTINGS = 'select_sequential_consistency = 1'

/** What only a server knows. */
const SERVER_SETTINGS = {
  // It tells of a failure instead of an answer, not in the midst of one.
  wait_end_of_query: 1,
  cancel_http_readonly_queries_on_client_close: 1,
} as const

export async function openClickHouse({ url, cluster }: ClickHouseOptions): Promise<ClickHouse> {
  return url.startsWith(CHDB) ? openEngine(url.slice(CHDB.length)) : connectClickHouse({ url, cluster })
}

/** A server's. */
export function connectClickHouse({ url, cluster }: ClickHouseOptions): ClickHouse {
  const client = createClient({
    url,
    application: 'culvert',
    request_timeout: REQUEST_TIMEOUT_MS,
    max_open_connections: MAX_CONNECTIONS,
    compression: { request: true, response: false },
    clickhouse_settings: SERVER_SETTINGS,
    log: SILENT,
  })
  const settings = { ...INSERT_SETTINGS, ...(cluster !== null && CLUSTER_INSERT_SETTINGS) }
  return {
    ...statements(client, cluster),
    insert: (table, columns, body) =>
      inserting(
        client.insert({
          table,
          columns: columns as [string, ...string[]],
          format: 'TabSeparated',
          // One chunk, of bytes.
          values: Readable.from([body], { objectMode: false }),
          clickhouse_settings: settings as Record<string, string | number>,
        }),
      ),
    close: () => client.close(),
  }
}

/** What of npm chdb is used. It is not among our packages: half a gigabyte for the few who want it. */
export interface ChdbModule {
  createChdbConnection(options: { path: string }): ChdbConnection
}

export interface ChdbConnection extends NonNullable<ClickHouseClientConfigOptions['connection']> {
  chdb: {
    rawInsert(insert: {
      table: string
      columns: readonly string[]
      values: Buffer
      format: 'TabSeparated'
      settings: Record<string, string | number>
    }): Promise<unknown>
  }
}

/**
 * One directory is open in one process at a time, and one process has one directory open.
 *
 * @param address ./directory?database=name
 */
async function openEngine(address: string): Promise<ClickHouse> {
  const { createChdbConnection } = await importChdb()
  const [path = '', query] = address.split('?')
  const database = new URLSearchParams(query).get('database') ?? 'culvert'
  const connection = createChdbConnection({ path: resolve(path) })
  const client = createClient({ connection, log: SILENT })
  await client.command({
    query: 'create database if not exists {database:Identifier}',
    query_params: { database },
  })
  // For this connection alone.
  await client.command({ query: 'use {database:Identifier}', query_params: { database } })
  return {
    ...statements(client, null),
    insert: (table, columns, body) =>
      // Past the client, which would make a string of it.
      inserting(
        connection.chdb.rawInsert({
          table,
          columns,
          values: body,
          format: 'TabSeparated',
          settings: INSERT_SETTINGS,
        }),
      ),
    close: () => client.close(),
  }
}

/** It would write statements and their parameters to the console. */
const SILENT = { level: ClickHouseLogLevel.OFF }

/**
 * Codes that only a value of a row can cause (ClickHouse, src/Common/ErrorCodes.cpp). Every other one, a table that is
 * not as we expect it among them, is about the server.
 */
const ABOUT_ROWS = new Set([
  '6', // CANNOT_PARSE_TEXT
  '25', // CANNOT_PARSE_ESCAPE_SEQUENCE
  '26', // CANNOT_PARSE_QUOTED_STRING
  '27', // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  '38', // CANNOT_PARSE_DATE
  '41', // CANNOT_PARSE_DATETIME
  '72', // CANNOT_PARSE_NUMBER
  '117', // INCORRECT_DATA
  '321', // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
  '349', // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
  '469', // VIOLATED_CONSTRAINT
])

/** What the engine says of rows quotes them, and customers' lines do not belong into our log: so its words are left out. */
async function inserting(insert: Promise<unknown>): Promise<void> {
  try {
    await insert
  } catch (error) {
    const code = codeOf(error)
    const says = `ClickHouse did not take the rows: ${code === undefined ? 'no answer' : `code ${code}`}`
    throw ABOUT_ROWS.has(String(code)) ? new DataError(says) : new TransientError(says)
  }
}

/** The engine inside the process has a name of its own for it. */
function codeOf(error: unknown): unknown {
  const { code, clickhouseCode } = error as { code?: unknown; clickhouseCode?: unknown }
  return clickhouseCode ?? code
}

/** @throws TransientError where there was no answer */
async function answered<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (isOfEngine(error)) throw error
    throw new TransientError('ClickHouse did not answer', { cause: error })
  }
}

export async function importChdb(): Promise<ChdbModule> {
  const name = 'chdb/connection'
  try {
    return (await import(name)) as ChdbModule
  } catch (error) {
    throw new Error('CLICKHOUSE_URL=chdb:… needs the package chdb: npm install chdb', { cause: error })
  }
}

function statements(
  client: ClickHouseClient,
  cluster: string | null,
): Pick<ClickHouse, 'onCluster' | 'cluster' | 'rows' | 'command'> {
  return {
    cluster,
    onCluster: cluster === null ? '' : `on cluster '${cluster}'`,
    async rows<Row>(
      statement: string,
      params: Readonly<Record<string, unknown>> = {},
      { signal, maxMs = MAX_QUERY_MS, maxBytes }: RowsOptions = {},
    ) {
      signal?.throwIfAborted()
      const settings = [
        `max_execution_time = ${maxMs / 1_000}`,
        'output_format_json_quote_64bit_integers = 0',
        'output_format_json_array_of_rows = 1',
        ...(maxBytes === undefined ? [] : [`max_result_bytes = ${maxBytes}`]),
        ...(cluster === null ? [] : [CLUSTER_SELECT_SETTINGS]),
      ]
      try {
        const text = await answered(
          client
            .query({
              query: `${statement} settings ${settings.join(', ')}`,
              format: 'JSONEachRow',
              query_params: params,
              ...(signal && { abort_signal: signal }),
            })
            .then((result) => result.text()),
        )
        signal?.throwIfAborted()
        return lastArray<Row>(text)
      } catch (error) {
        signal?.throwIfAborted()
        throw error
      }
    },
    async command(statement, params = {}) {
      await answered(client.command({ query: statement, query_params: params }))
    },
  }
}

/**
 * What a statement had written before it failed, the engine inside the process puts before the answer to the next one,
 * whoever asked for that (chdb 3.4.0). An answer of ours is one array, and no string in it holds a line feed: so the last
 * array there is.
 */
function lastArray<Row>(text: string): Row[] {
  return JSON.parse(text.slice(text.lastIndexOf('[\n'))) as Row[]
}

/** Whether the engine gave a statement up because it took longer than `maxMs`. */
export function isTimeout(error: unknown): boolean {
  return isOfEngine(error) && error.type === 'TIMEOUT_EXCEEDED'
}

/** Whether it was because of `maxBytes`. */
export function isTooLarge(error: unknown): boolean {
  return isOfEngine(error) && error.type === 'TOO_MANY_ROWS_OR_BYTES'
}

/** By its shape: npm chdb has a class ClickHouseError of its own. */
function isOfEngine(error: unknown): error is { code: string; type: string } {
  const { code, type } = error as { code?: unknown; type?: unknown }
  return typeof type === 'string' && typeof code === 'string' && /^\d+$/.test(code)
}
