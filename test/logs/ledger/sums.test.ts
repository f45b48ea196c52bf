// Sums of numbers that senders wrote. An overflow (22003) would fail the commit of everybody's group.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { LogStore, Loss } from '../../../src/logs/log-store.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { delivery, frame } from '../../support/deliveries.ts'
import { createPostgresLogStore } from '../../support/logs.ts'

const NOON = new Date(Date.UTC(2026, 10, 21, 12))
const MOST = Number.MAX_SAFE_INTEGER
const MAX_BIGINT = '9223372036854775807'

let database: TestDatabase
let store: LogStore
beforeAll(async () => {
  database = await createTestDatabase()
  store = createPostgresLogStore(database.pool)
  await store.makeTables([7], NOON)
})
afterAll(() => database.close())

const HUGE: Loss = { kind: 'logplex_overflow', lines: MOST }

it('losses stop at the largest count, within a delivery, within a group and over the deliveries of a minute', async () => {
  const own = { resourceNumber: 1, drainId: 1 }
  const lossy = (losses: Loss[]) => delivery([frame('lossy')], { ...own, losses })
  const gaps = async () => (await store.gaps(own.resourceNumber, NOON)).map(({ lines }) => lines)
  await store.append([lossy(Array.from({ length: 2_000 }, () => HUGE)), lossy([HUGE])])
  expect(await gaps()).toEqual([MOST])
  await store.append([lossy([HUGE])])
  expect(await gaps()).toEqual([MOST])
  // As an older release may have left it.
  await database.query(`update gap set lines = ${MAX_BIGINT}`)
  expect(await gaps()).toEqual([MOST])
  await store.recordLosses(own.resourceNumber, own.drainId, NOON, [{ ...HUGE, lines: 1 }])
  await store.append([lossy([HUGE])])
  expect(await gaps()).toEqual([MOST])
})

it('usage and what rules excluded stop at the largest count', async () => {
  const own = { resourceNumber: 2, drainId: 2, dailyBytes: Number.POSITIVE_INFINITY }
  const exclusionId = '00000000-0000-4000-8000-000000000001'
  const excluded = [{ exclusionId, lines: MOST, bytes: 0 }]
  const day = '2026-11-21'
  await store.append([
    delivery([frame('a')], { ...own, excluded }),
    delivery([frame('b')], { ...own, excluded }),
  ])
  expect(await store.savedSince(own.resourceNumber, day)).toMatchObject([{ lines: MOST }])
  await database.query(`update exclusion_saved set lines = ${MAX_BIGINT}, bytes = ${MAX_BIGINT}`)
  await database.query(`
    update usage set lines = ${MAX_BIGINT}, bytes = ${MAX_BIGINT}, dropped_lines = ${MAX_BIGINT},
                     dropped_bytes = ${MAX_BIGINT}`)
  await store.append([delivery([frame('c')], { ...own, excluded })])
  expect(await store.savedSince(own.resourceNumber, day)).toMatchObject([{ lines: MOST, bytes: MOST }])
  const used = { lines: MOST, bytes: MOST, droppedLines: MOST, droppedBytes: MOST }
  expect(await store.usage(own.resourceNumber, day)).toEqual(used)
  expect(await store.usageSince(own.resourceNumber, day)).toEqual([{ day, ...used }])
  expect(await store.heavyUsers(day, 1)).toContainEqual({ resourceNumber: own.resourceNumber, bytes: MOST })
})
