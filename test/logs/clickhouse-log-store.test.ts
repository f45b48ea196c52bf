import { describe, vi } from 'vitest'
import { createClickHouseLines } from '../../src/logs/clickhouse/line-table.ts'
import { createLogStore } from '../../src/logs/ledger/log-store.ts'
import { createLogTail } from '../../src/logs/ledger/tail.ts'
import { isChdbMissing, openTestClickHouse } from '../support/chdb.ts'
import { createTestDatabase } from '../support/database.ts'
import { describeLogStore } from './log-store-contract.ts'
import { describeLogTail } from './log-tail-contract.ts'

// The engine wants more than one core for itself, and has to share two with everything else.
vi.setConfig({ testTimeout: 60_000 })

async function open() {
  const database = await createTestDatabase()
  const clickhouse = await openTestClickHouse()
  const { pool } = database
  const lines = createClickHouseLines({ clickhouse, pool, onFailure: () => {} })
  return {
    store: createLogStore(pool, lines),
    openTail: () => createLogTail({ pool, lines, onFailure: () => {} }),
    async close() {
      await clickhouse.close()
      await database.close()
    },
  }
}

describe.skipIf(isChdbMissing())('lines in ClickHouse', () => {
  describeLogStore('ClickHouse', open)
  describeLogTail('ClickHouse', open)
})
