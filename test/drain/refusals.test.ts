import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Refusals } from '../../src/drain/refusals.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { delivery, frame } from '../support/deliveries.ts'
import { createPostgresLogStore } from '../support/logs.ts'

const NOON = Date.UTC(2026, 10, 21, 12)
const LATER = NOON + 60_000
let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

async function gapsAfter(resourceNumber: number, work: (refusals: Refusals) => void, now = LATER) {
  const logs = createPostgresLogStore(database.pool)
  const refusals = new Refusals()
  work(refusals)
  await refusals.writeDown(logs, now)
  await refusals.writeDown(logs, now)
  return logs.gaps(resourceNumber, new Date(NOON))
}

it('writes a refused delivery down as a gap, once', async () => {
  const refused = delivery([frame('a'), frame('b')], { resourceNumber: 1, drainId: 7 })
  expect(await gapsAfter(1, (refusals) => refusals.note(refused, NOON))).toEqual([
    { drainId: 7, minute: '2026-11-21T12:00Z', kind: 'unavailable', lines: 2 },
  ])
})

it('counts the tries of one delivery as one', async () => {
  const refused = delivery([frame('a')], { resourceNumber: 2 })
  const gaps = await gapsAfter(2, (refusals) => {
    for (let again = 0; again < 3; again++) refusals.note(refused, NOON + again)
  })
  expect(gaps).toMatchObject([{ lines: 1 }])
})

it('forgets a delivery that a later try brought', async () => {
  const refused = delivery([frame('a')], { resourceNumber: 3 })
  const gaps = await gapsAfter(3, (refusals) => {
    refusals.note(refused, NOON)
    refusals.clear(refused)
  })
  expect(gaps).toEqual([])
})

it('waits until the sender has used up its tries', async () => {
  const refused = delivery([frame('a')], { resourceNumber: 4 })
  expect(await gapsAfter(4, (refusals) => refusals.note(refused, NOON), NOON + 5_000)).toEqual([])
})

it('keeps what cannot be written down for the next time', async () => {
  const refusals = new Refusals()
  refusals.note(delivery([frame('a')], { resourceNumber: 5 }), NOON)
  const away = { recordLosses: () => Promise.reject(new Error('the database is away')) }
  await expect(refusals.writeDown(away, LATER)).rejects.toThrow('away')
  expect(refusals.size).toBe(1)
})

it('does not grow without end, and counts what it forgets', () => {
  const refusals = new Refusals()
  const refused = delivery([frame('a')])
  for (let n = 0; n < 20_010; n++) {
    refusals.note({ ...refused, frameKey: { id: randomBytes(16).toString('hex'), rememberSeconds: 1 } }, NOON)
  }
  expect(refusals.size).toBe(20_000)
  expect(refusals.forgotten).toBe(10)
})
