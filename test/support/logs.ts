// The log store and the live tail on a database, as service.ts puts them together.
import type { Pool } from 'pg'
import { createLogStore } from '../../src/logs/ledger/log-store.ts'
import { createLogTail } from '../../src/logs/ledger/tail.ts'
import type { LogStore } from '../../src/logs/log-store.ts'
import type { LogTail } from '../../src/logs/log-tail.ts'
import { createPostgresLines } from '../../src/logs/postgres/line-table.ts'

export function createPostgresLogStore(pool: Pool): LogStore {
  return createLogStore(pool, createPostgresLines(pool))
}

export function createPostgresTail(pool: Pool, onFailure: (error: unknown) => void = () => {}): LogTail {
  return createLogTail({ pool, lines: createPostgresLines(pool), onFailure })
}
