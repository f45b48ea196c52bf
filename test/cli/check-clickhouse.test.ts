import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { checkClickHouse } from '../../src/cli/check-clickhouse.ts'
import type { Finding } from '../../src/cli/finding.ts'
import { loadConfig } from '../../src/config.ts'
import { connectClickHouse } from '../../src/logs/clickhouse/clickhouse.ts'
import { createTables } from '../../src/logs/clickhouse/table.ts'
import { isChdbMissing } from '../support/chdb.ts'
import { type ClickHouseServer, startClickHouseServer } from '../support/clickhouse-server.ts'

async function look(environment: Record<string, string>): Promise<string[]> {
  const findings: Finding[] = []
  await checkClickHouse(findings, loadConfig(environment))
  return findings.map(({ verdict, says }) => `${verdict} ${says}`)
}

describe.skipIf(isChdbMissing())('culvert doctor, of ClickHouse', () => {
  let server: ClickHouseServer
  beforeAll(async () => {
    const directory = join(inject('clickhouseDirectory'), `doctor-${process.pid}`)
    mkdirSync(directory, { recursive: true })
    server = await startClickHouseServer(directory)
  })
  afterAll(() => server.close())

  it('says that it answers, and whether the table is there', async () => {
    const CLICKHOUSE_URL = server.urlOf('doctor')
    const answers = expect.stringMatching(/^ok ClickHouse \d+\.\d+\.\S+ answers$/)
    expect(await look({ CLICKHOUSE_URL })).toEqual([answers, 'warn there is no table log_line yet'])
    const clickhouse = connectClickHouse({ url: CLICKHOUSE_URL, cluster: null })
    await createTables(clickhouse)
    await clickhouse.close()
    expect(await look({ CLICKHOUSE_URL })).toEqual([answers, 'ok the table of lines is there'])
  })
})

describe('without a server of ClickHouse, culvert doctor', () => {
  it('says nothing where Postgres keeps the lines', async () => {
    expect(await look({})).toEqual([])
  })

  it('does not open a directory that the service has open', async () => {
    expect(await look({ CLICKHOUSE_URL: 'chdb:./x' })).toEqual([expect.stringMatching(/^skip /)])
  })

  it('says where nobody answers', async () => {
    expect(await look({ CLICKHOUSE_URL: 'http://u:hunter2@127.0.0.1:1/x' })).toEqual([
      'FAIL it does not answer',
    ])
  })
})
