// ClickHouse inside the process of a test file.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { inject } from 'vitest'
import { type ClickHouse, openClickHouse } from '../../src/logs/clickhouse/clickhouse.ts'
import { createTables } from '../../src/logs/clickhouse/table.ts'

/** For `describe.skipIf`. */
export function isChdbMissing(): boolean {
  return !inject('hasChdb')
}

/**
 * The address of a database of its own, in the engine inside this process. A process has one directory open, so all
 * databases of a test file are in one; it goes with the run.
 */
export function testClickHouseUrl(): string {
  const directory = join(inject('clickhouseDirectory'), String(process.pid))
  return `chdb:${directory}?database=test_${randomBytes(6).toString('hex')}`
}

/** An empty table of lines. */
export async function openTestClickHouse(): Promise<ClickHouse> {
  const clickhouse = await openClickHouse({ url: testClickHouseUrl(), cluster: null })
  await createTables(clickhouse)
  return clickhouse
}
