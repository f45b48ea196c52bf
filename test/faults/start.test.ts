// A process starts whatever state the database is in, or says in a sentence why it cannot.
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { PRODUCTION } from '../support/production.ts'
import { startServiceProcess } from '../support/service-process.ts'

let database: TestDatabase

beforeEach(async () => {
  database = await createTestDatabase({ empty: true })
})
afterEach(() => database.close())

it('a production start on a database that is not migrated says what to run, and exits with 1', async () => {
  const failure = await startServiceProcess({ ...PRODUCTION, DATABASE_URL: database.url }).then(
    () => null,
    (error: Error) => error.message,
  )
  expect(failure).toMatch(/the service ended with 1:/)
  expect(failure).toMatch(/^The database lacks \d+ migration\(s\), .* run "npm run migrate"/m)
  expect(failure).not.toMatch(/^ +at /m)
})
