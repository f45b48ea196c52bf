// The tables of a cluster, as far as one node can tell whether they are right.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ClickHouse } from '../../../src/logs/clickhouse/clickhouse.ts'
import { localTable, tableStatements } from '../../../src/logs/clickhouse/table.ts'
import { isChdbMissing, openTestClickHouse } from '../../support/chdb.ts'

const CLUSTER = { cluster: 'logs', onCluster: "on cluster 'logs'" }

describe.skipIf(isChdbMissing())('the tables of a cluster', () => {
  let clickhouse: ClickHouse
  beforeAll(async () => {
    clickhouse = await openTestClickHouse()
  })
  afterAll(() => clickhouse.close())

  it('are statements that the engine can read', async () => {
    for (const statement of tableStatements(CLUSTER)) {
      const [formatted] = await clickhouse.rows<{ text: string }>(
        'select formatQuerySingleLine({statement:String}) as text',
        { statement },
      )
      expect(formatted?.text).toContain('ON CLUSTER')
    }
  })

  it('make a table that takes lines and can drop them, where a node is alone', async () => {
    const [local = ''] = tableStatements(CLUSTER)
    // A node alone has no keeper to agree with others by.
    const alone = local.replace(CLUSTER.onCluster, '').replace(/ReplicatedMergeTree\([^)]*\)/, 'MergeTree')
    expect(alone).not.toBe(local)
    await clickhouse.command(alone)
    const table = localTable(CLUSTER)
    await clickhouse.command(
      `insert into ${table} (resource_number, sent_at, received_at, retention_days) values (1, 1, 86400000000, 7)`,
    )
    const count = async () =>
      (await clickhouse.rows<{ lines: number }>(`select count() as lines from ${table}`))[0]?.lines
    expect(await count()).toBe(1)
    await clickhouse.command(`alter table ${table} drop partition tuple(7, 1)`)
    expect(await count()).toBe(0)
  })
})
