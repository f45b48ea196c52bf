import { afterAll, beforeAll, expect, it } from 'vitest'
import { earlierNow } from '../../src/database/earlier-now.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

const DAY_MS = 86_400_000
let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

it('takes the earlier of two clocks, so that one that runs ahead makes nothing look old', async () => {
  const behind = Date.now() - 10 * DAY_MS
  expect((await earlierNow(database.pool, behind)).getTime()).toBe(behind)
  const before = Date.now()
  const found = (await earlierNow(database.pool, before + 10 * DAY_MS)).getTime()
  expect(found).toBeGreaterThanOrEqual(before - DAY_MS)
  expect(found).toBeLessThan(before + DAY_MS)
})
