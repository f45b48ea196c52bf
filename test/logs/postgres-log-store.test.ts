import { createPostgresLogStore } from '../../src/logs/postgres/postgres-log-store.ts'
import { createTestDatabase } from '../support/database.ts'
import { describeLogStore } from './log-store-contract.ts'

describeLogStore('Postgres', async () => {
  const database = await createTestDatabase()
  return { store: createPostgresLogStore(database.pool), close: () => database.close() }
})
