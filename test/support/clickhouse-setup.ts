// One server of ClickHouse for the run over it: its engine, in the process that starts the tests.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startClickHouseServer } from './clickhouse-server.ts'
import { fetchChdb } from './fetch-chdb.ts'

declare module 'vitest' {
  interface ProvidedContext {
    clickhouseUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (!(await fetchChdb())) throw new Error('a run over ClickHouse needs npm chdb')
  const directory = await mkdtemp(join(tmpdir(), 'culvert-test-clickhouse-'))
  const server = await startClickHouseServer(directory)
  project.provide('clickhouseUrl', server.urlOf(''))
  return async () => {
    await server.close()
    await rm(directory, { recursive: true, force: true })
  }
}
