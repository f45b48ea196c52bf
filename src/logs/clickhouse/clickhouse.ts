// ClickHouse as the rest of this room sees it: rows, commands, inserts. Behind it is a server, or the engine inside this
// process (npm chdb), which the official client takes for a connection.
//
// Settings go with each statement, in its text: the engine inside the process would keep them for whoever is next.
import { Readable } from 'node:stream'
import { type ClickHouseClient, type ClickHouseClientConfigOptions, createClient } from '@clickhouse/client'

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
   * @throws ClickHouseError; the signal's reason
   */
  rows<Row>(
    statement: string,
    params?: Readonly<Record<string, unknown>>,
    options?: { signal?: AbortSignal | undefined; maxMs?: number },
  ): Promise<Row[]>

  /** @throws ClickHouseError */
  command(statement: string, params?: Readonly<Record<string, unknown>>): Promise<void>

  /**
   * Resolves when the rows are on disk.
   *
   * @param body TabSeparated
   * @throws where they are not, or where that is not known
   */
  insert(table: string, columns: readonly string[], body: Buffer): Promise<void>

  close(): Promise<void>
}

export interface ClickHouseOptions {
  /** http(s)://user:password@host:port/database, or chdb:./directory for the engine inside this process. */
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
  max_execution_time: MAX_QUERY_MS / 1_000,
}
const CLUSTER_INSERT_SETTINGS = { insert_quorum: 'auto', distributed_foreground_insert: 1 }
const CLUSTER_SELECT_SETTINGS = 'select_sequential_consistency = 1'

export async function openClickHouse({ url, cluster }: ClickHouseOptions): Promise<ClickHouse> {
  if (url.startsWith(CHDB)) return openEngine(url.slice(CHDB.length))
  const client = createClient({
    url,
    application: 'culvert',
    request_timeout: REQUEST_TIMEOUT_MS,
    max_open_connections: MAX_CONNECTIONS,
    compression: { request: true, response: false },
  })
  const settings = { ...INSERT_SETTINGS, ...(cluster !== null && CLUSTER_INSERT_SETTINGS) }
  return {
    ...statements(client, cluster),
    async insert(table, columns, body) {
      await client.insert({
        table,
        columns: columns as [string, ...string[]],
        format: 'TabSeparated',
        // One chunk, of bytes.
        values: Readable.from([body], { objectMode: false }),
        clickhouse_settings: settings as Record<string, string | number>,
      })
    },
    close: () => client.close(),
  }
}

/** What of npm chdb is used. It is not among our packages: half a gigabyte for the few who want it. */
interface ChdbModule {
  createChdbConnection(options: { path: string }): ChdbConnection
}

interface ChdbConnection extends NonNullable<ClickHouseClientConfigOptions['connection']> {
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

/** One directory is open in one process at a time. */
async function openEngine(path: string): Promise<ClickHouse> {
  const { createChdbConnection } = await importChdb()
  const connection = createChdbConnection({ path })
  const client = createClient({ connection })
  return {
    ...statements(client, null),
    async insert(table, columns, body) {
      // Past the client, which would make a string of it.
      await connection.chdb.rawInsert({
        table,
        columns,
        values: body,
        format: 'TabSeparated',
        settings: INSERT_SETTINGS,
      })
    },
    close: () => client.close(),
  }
}

async function importChdb(): Promise<ChdbModule> {
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
      { signal, maxMs = MAX_QUERY_MS }: { signal?: AbortSignal | undefined; maxMs?: number } = {},
    ) {
      signal?.throwIfAborted()
      const settings = [
        `max_execution_time = ${maxMs / 1_000}`,
        'output_format_json_quote_64bit_integers = 0',
        ...(cluster === null ? [] : [CLUSTER_SELECT_SETTINGS]),
      ]
      try {
        const result = await client.query({
          query: `${statement} settings ${settings.join(', ')}`,
          format: 'JSONEachRow',
          query_params: params,
          ...(signal && { abort_signal: signal }),
        })
        const rows = await result.json<Row>()
        signal?.throwIfAborted()
        return rows
      } catch (error) {
        signal?.throwIfAborted()
        throw error
      }
    },
    async command(statement, params = {}) {
      await client.command({ query: statement, query_params: params })
    },
  }
}
