// Which table keeps the lines: Postgres' own, ClickHouse's, or both while they move from one to the other.
import type { Pool } from 'pg'
import type { Config } from '../config.ts'
import { bothTables } from './both-tables.ts'
import { openClickHouse } from './clickhouse/clickhouse.ts'
import { createClickHouseLines } from './clickhouse/line-table.ts'
import type { LineTable } from './line-table.ts'
import { createPostgresLines } from './postgres/line-table.ts'

export interface LineTables {
  /** For those who store lines, and for those who read them: neither waits for the other's connections. */
  writing: LineTable
  reading: LineTable
  close(): Promise<void>
}

export interface LineTablesNeeds {
  clickhouse: Config['clickhouse']
  writing: Pool
  reading: Pool
  /** For what may take a second. */
  searching: Pool
  /** Told of what is tried again by itself. */
  onFailure(error: unknown): void
}

export async function openLineTables(needs: LineTablesNeeds): Promise<LineTables> {
  const { clickhouse: config, writing, reading, searching, onFailure } = needs
  const postgres = {
    writing: createPostgresLines(writing),
    reading: createPostgresLines(reading, searching),
  }
  if (config === null) return { ...postgres, async close() {} }
  const clickhouse = await openClickHouse(config)
  const lines = createClickHouseLines({ clickhouse, pool: reading, searches: searching, onFailure })
  const close = () => clickhouse.close()
  switch (config.mode) {
    case 'only':
      return { writing: lines, reading: lines, close }
    case 'fill':
      return {
        writing: bothTables(postgres.writing, lines),
        reading: bothTables(postgres.reading, lines),
        close,
      }
    case 'read':
      return {
        writing: bothTables(lines, postgres.writing),
        reading: bothTables(lines, postgres.reading),
        close,
      }
  }
}
