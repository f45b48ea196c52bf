// Which table keeps the lines: Postgres' own, or ClickHouse's where there is one.
import type { Pool } from 'pg'
import type { LineTable } from './line-table.ts'
import { createPostgresLines } from './postgres/line-table.ts'

export interface LineTables {
  /** For those who store lines, and for those who read them: neither waits for the other's connections. */
  writing: LineTable
  reading: LineTable
  close(): Promise<void>
}

export interface LineTablesNeeds {
  writing: Pool
  reading: Pool
  /** For what may take a second. */
  searching: Pool
}

export function openLineTables({ writing, reading, searching }: LineTablesNeeds): LineTables {
  return {
    writing: createPostgresLines(writing),
    reading: createPostgresLines(reading, searching),
    async close() {},
  }
}
