// ClickHouse's HTTP interface over the engine that runs inside a process (npm chdb): what our client says to a server goes
// over a socket, and several processes of the service may share it. Only what the official client uses of it.
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import { type ChdbConnection, importChdb } from '../../src/logs/clickhouse/clickhouse.ts'

export interface ClickHouseServer {
  /** Of a database, which is made when it is first asked for. */
  urlOf(database: string): string
  close(): Promise<void>
}

interface Database {
  connection: ChdbConnection
  client: ClickHouseClient
}

export async function startClickHouseServer(directory: string): Promise<ClickHouseServer> {
  const { createChdbConnection } = await importChdb()
  const databases = new Map<string, Promise<Database>>()
  const open = async (name: string): Promise<Database> => {
    const connection = createChdbConnection({ path: directory })
    const client = createClient({ connection })
    const query_params = { name }
    await client.command({ query: 'create database if not exists {name:Identifier}', query_params })
    await client.command({ query: 'use {name:Identifier}', query_params })
    return { connection, client }
  }
  const find = (name: string): Promise<Database> => {
    const database = databases.get(name) ?? open(name)
    databases.set(name, database)
    return database
  }

  const server = createServer(async (request, response) => {
    try {
      const asked = new URL(request.url ?? '/', 'http://x').searchParams
      const body = await readBody(request)
      const { connection, client } = await find(asked.get('database') ?? 'default')
      const insert = /^insert into (\S+) \(([^)]*)\)\s+format TabSeparated\s*$/i.exec(
        asked.get('query') ?? '',
      )
      if (insert) {
        const [, table = '', columns = ''] = insert
        await connection.chdb.rawInsert({
          table,
          columns: columns.split(',').map((column) => column.trim()),
          values: body,
          format: 'TabSeparated',
          settings: { insert_deduplicate: 0 },
        })
        response.end()
        return
      }
      const [statement = '', format] = body.toString().split(/\nFORMAT (?=\w+\s*$)/)
      const query_params = Object.fromEntries(
        [...asked]
          .filter(([name]) => name.startsWith('param_'))
          .map(([name, text]) => [name.slice(6), toValue(text)]),
      )
      if (format === undefined) {
        await client.command({ query: statement, query_params })
        response.end()
      } else {
        const result = await client.query({ query: statement, query_params, format: 'JSONEachRow' })
        response.end(await result.text())
      }
    } catch (error) {
      // npm chdb has error classes of its own, so it goes by shape.
      const { code, clickhouseCode, message } = error as Error & { code?: unknown; clickhouseCode?: unknown }
      const named = (error as { type?: unknown }).type ?? /\(([A-Z][A-Z_]{3,})\)/.exec(message)?.[1]
      const type = typeof named === 'string' ? named : 'ERROR'
      response.statusCode = 500
      response.end(`Code: ${clickhouseCode ?? code}. DB::Exception: ${message} (${type})`)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    urlOf: (database) => `http://default:@127.0.0.1:${port}/${database}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      for (const database of databases.values()) await (await database).client.close()
    },
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
}

/** As the official client writes parameters into an address. */
function toValue(text: string): string | string[] {
  if (!text.startsWith('[')) return unescaped(text)
  return [...text.slice(1, -1).matchAll(/'((?:[^'\\]|\\.)*)'|[^,]+/gs)].map(([all, quoted]) =>
    quoted === undefined ? all : unescaped(quoted),
  )
}

function unescaped(text: string): string {
  const letters: Record<string, string> = { t: '\t', n: '\n', r: '\r', b: '\b', f: '\f', '0': '\0' }
  return text.replaceAll(/\\(.)/gs, (_, letter: string) => letters[letter] ?? letter)
}
