import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import {
  askedDestinations,
  DESTINATION_KINDS,
  destinationOf,
  shownDestinations,
} from '../../src/alerts/destinations/destinations.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

it('takes and shows an address of every kind of destination', () => {
  expect(Object.keys(askedDestinations.shape)).toEqual(DESTINATION_KINDS)
  expect(Object.keys(shownDestinations.shape)).toEqual(DESTINATION_KINDS)
  // All are optional: what is needed is one of them.
  expect(askedDestinations.safeParse({}).success).toBe(true)
  expect(z.toJSONSchema(shownDestinations).required).toBeUndefined()
})

it('stores the address of every kind in a column of its own', async () => {
  const columns = await database.query<{ column_name: string }>(
    `select column_name from information_schema.columns where table_name = 'alert'`,
  )
  const wanted = DESTINATION_KINDS.map((kind) => destinationOf(kind).column)
  expect(columns.map(({ column_name }) => column_name)).toEqual(expect.arrayContaining(wanted))
  expect(new Set(wanted).size).toBe(wanted.length)
})
