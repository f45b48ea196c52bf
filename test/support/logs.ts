// The log store and the live tail on a database, as service.ts puts them together: over Postgres, or over what the run is
// for (vitest.config.ts runs some directories a second time, over ClickHouse).
import type { Pool } from 'pg'
import { inject } from 'vitest'
import { type ClickHouse, connectClickHouse } from '../../src/logs/clickhouse/clickhouse.ts'
import { createClickHouseLines } from '../../src/logs/clickhouse/line-table.ts'
import { seenBy } from '../../src/logs/clickhouse/seen.ts'
import { createLogStore } from '../../src/logs/ledger/log-store.ts'
import { createLogTail } from '../../src/logs/ledger/tail.ts'
import type { LineTable } from '../../src/logs/line-table.ts'
import type { LogStore } from '../../src/logs/log-store.ts'
import type { LogTail } from '../../src/logs/log-tail.ts'
import { createPostgresLines } from '../../src/logs/postgres/line-table.ts'

export const isOverClickHouse = process.env.TEST_STORE === 'clickhouse'

export function createPostgresLogStore(pool: Pool): LogStore {
  return createLogStore(pool, createPostgresLines(pool))
}

export function createPostgresTail(pool: Pool, onFailure: (error: unknown) => void = () => {}): LogTail {
  return createLogTail({ pool, lines: createPostgresLines(pool), onFailure })
}

export function createTestLogStore(pool: Pool): LogStore {
  return createLogStore(pool, testLines(pool))
}

export function createTestTail(pool: Pool): LogTail {
  return createLogTail({ pool, lines: testLines(pool), onFailure: () => {} })
}

/** All that the service's jobs do to a log store in a round. */
export async function keepHouse(
  store: LogStore,
  retentionClasses: readonly number[],
  now: Date,
): Promise<void> {
  await store.makeTables(retentionClasses, now)
  for (const { run } of store.housekeeping) await run(now, new AbortController().signal)
}

export function testLines(pool: Pool): LineTable {
  if (!isOverClickHouse) return createPostgresLines(pool)
  const clickhouse = connect(pool.options.connectionString ?? '')
  return createClickHouseLines({ clickhouse, pool, onFailure: () => {} })
}

/** Settings for a service over this database. */
export function storeEnvironment(databaseUrl: string): Record<string, string> {
  return isOverClickHouse ? { CLICKHOUSE_URL: clickHouseUrl(databaseUrl) } : {}
}

function connect(databaseUrl: string): ClickHouse {
  return connectClickHouse({ url: clickHouseUrl(databaseUrl), cluster: null })
}

/** A database of its own for each of Postgres. */
function clickHouseUrl(databaseUrl: string): string {
  const url = new URL(inject('clickhouseUrl'))
  url.pathname = `/${databaseUrl.replaceAll(/\W+/g, '_').slice(-60)}`
  return url.href
}

/** A database of Postgres. */
export interface Queried {
  url: string
  query<T extends object>(sql: string): Promise<T[]>
}

export interface StoredLine {
  /** Of the resource. */
  id: string
  message: string
}

/** Every line that is kept, in the order of receipt, whoever stored it. */
export async function storedLines({ url, query }: Queried): Promise<StoredLine[]> {
  if (!isOverClickHouse) {
    return query(
      'select id, message from log_line join resource on number = resource_number order by received_at',
    )
  }
  const resources = await query<{ number: number; id: string }>('select number, id from resource')
  const ids = new Map(resources.map(({ number, id }) => [number, id]))
  const writers = await query<{ id: number; batch: string }>('select id, batch from line_writer order by id')
  const committed = writers.map(({ id, batch }) => [id, Number(batch)] as const)
  const clickhouse = connect(url)
  try {
    const rows = await clickhouse.rows<{
      resource_number: number
      message: string
      writer: number
      batch: number
    }>('select resource_number, message, writer, batch from log_line order by received_at')
    const { isSeen } = seenBy(committed, [])
    return rows
      .filter(({ writer, batch }) => isSeen(writer, batch))
      .map(({ resource_number, message }) => ({ id: ids.get(resource_number) ?? '', message }))
  } finally {
    await clickhouse.close()
  }
}
