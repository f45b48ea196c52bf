// Whether the ClickHouse that keeps the lines is one that the service can work with. Only looks.
import type { Config } from '../config.ts'
import { type ClickHouse, openClickHouse } from '../logs/clickhouse/clickhouse.ts'
import { localTable } from '../logs/clickhouse/table.ts'
import { type Finding, reporter } from './finding.ts'

const TIMEOUT_MS = 5_000
/** The oldest whose lightweight deletes and skipping indexes are what the code was written for. */
const OLDEST = [25, 8] as const

export async function checkClickHouse(findings: Finding[], { clickhouse: config }: Config): Promise<void> {
  if (config === null) return
  const report = reporter(findings, 'ClickHouse')
  if (config.url.startsWith('chdb:')) {
    report('skip', 'the engine inside the process is open in one process at a time: start the service')
    return
  }
  let clickhouse: ClickHouse | undefined
  try {
    clickhouse = await openClickHouse(config)
    await checkServer(findings, clickhouse)
  } catch (error) {
    const { type } = error as { type?: string }
    report(
      'FAIL',
      type ?? 'it does not answer',
      'Check CLICKHOUSE_URL: address, database, user and password; and that the server runs and lets us in.',
    )
  } finally {
    await clickhouse?.close()
  }
}

async function checkServer(findings: Finding[], clickhouse: ClickHouse): Promise<void> {
  const report = reporter(findings, 'ClickHouse')
  const [server] = await clickhouse.rows<{ version: string }>(
    'select version() as version',
    {},
    { maxMs: TIMEOUT_MS },
  )
  const version = server?.version ?? ''
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    report('warn', `${version} is older than what we test with`, `Use ${OLDEST.join('.')} or newer.`)
  else report('ok', `ClickHouse ${version} answers`)
  const table = localTable(clickhouse)
  const [found] = await clickhouse.rows<{ tables: number }>(
    'select count() as tables from system.tables where database = currentDatabase() and name = {table:String}',
    { table },
    { maxMs: TIMEOUT_MS },
  )
  if (found?.tables === 0)
    report('warn', `there is no table ${table} yet`, 'Start the service, which makes it.')
  else report('ok', 'the table of lines is there')
}
