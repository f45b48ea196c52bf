// One throw-away Postgres cluster for the whole run, with a migrated template that each test's database is cloned
// from (test/support/database.ts). It ends with the run, however that ends.
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.ts'
import { migrate } from '../../src/database/migrate.ts'
import { fetchChdb } from './fetch-chdb.ts'
import { openPool } from './pool.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the database to connect to for creating and dropping others. */
    clusterUrl: string
    templateDatabase: string
    /** Where engines of ClickHouse keep what they keep. */
    clickhouseDirectory: string
    /** Whether ClickHouse's engine can be had. */
    hasChdb: boolean
  }
}

const TEMPLATE_DATABASE = 'culvert_template'

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'culvert-test-'))
  // When we are root the server runs as another account, which has to get through here to its own directory.
  await chmod(dataDirectory, 0o711)
  const clickhouseDirectory = await mkdtemp(join(tmpdir(), 'culvert-test-clickhouse-'))
  const postgres = await startEmbeddedPostgres({ dataDirectory, durable: false, log: console.warn })
  const teardown = async () => {
    await postgres.stop()
    await rm(postgres.directory, { recursive: true, force: true })
    await rm(dataDirectory, { recursive: true, force: true })
    await rm(clickhouseDirectory, { recursive: true, force: true })
  }
  try {
    await createTemplate(postgres.url)
    project.provide('hasChdb', await fetchChdb())
  } catch (error) {
    await teardown()
    throw error
  }
  project.provide('clusterUrl', postgres.url)
  project.provide('templateDatabase', TEMPLATE_DATABASE)
  project.provide('clickhouseDirectory', clickhouseDirectory)
  return async () => {
    await teardown()
    refuseDuplicateNames(project)
  }
}

/** Two tests of one name in one file: a copy that was never finished, and a failure that nobody can place. */
function refuseDuplicateNames(project: TestProject): void {
  const seen = new Set<string>()
  const duplicates: string[] = []
  for (const testModule of project.vitest.state.getTestModules()) {
    for (const test of testModule.children.allTests()) {
      const name = `${testModule.project.name} ${testModule.relativeModuleId}: ${test.fullName}`
      if (seen.has(name)) duplicates.push(name)
      seen.add(name)
    }
  }
  if (duplicates.length === 0) return
  // Vitest prints an error thrown here and still ends with 0.
  console.error(`Tests of one name in one file:\n  ${duplicates.join('\n  ')}`)
  process.exitCode = 1
}

async function createTemplate(clusterUrl: string): Promise<void> {
  const cluster = openPool(clusterUrl, { statementTimeoutMs: null })
  const templateUrl = new URL(clusterUrl)
  templateUrl.pathname = `/${TEMPLATE_DATABASE}`
  const template = openPool(templateUrl.href)
  try {
    await cluster.query(`create database ${TEMPLATE_DATABASE}`)
    await migrate(template)
    await template.end()
    // Nobody may connect any more, autovacuum neither: a database with a connection cannot be cloned.
    await cluster.query(`alter database ${TEMPLATE_DATABASE} is_template true allow_connections false`)
  } finally {
    await cluster.end()
    if (!template.ended) await template.end()
  }
}
