import { afterAll, beforeAll, expect, it } from 'vitest'
import type { LogStore } from '../../src/logs/log-store.ts'
import { countMatches, walkLines } from '../../src/logs/walk-lines.ts'
import { parse } from '../../src/query/parse.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { delivery, frame } from '../support/deliveries.ts'
import { createTestLogStore } from '../support/logs.ts'

const NOON = new Date('2026-11-21T12:00:00Z')
const LINES = 2_500
const UNHURRIED = { lines: Number.POSITIVE_INFINITY, ms: 60_000 }

let database: TestDatabase
let logs: LogStore
beforeAll(async () => {
  database = await createTestDatabase()
  logs = createTestLogStore(database.pool)
  await logs.makeTables([7], NOON)
  // One a second up to noon; every fifth is an error.
  const frames = Array.from({ length: LINES }, (_, i) =>
    frame(`${i % 5 === 0 ? 'Error: ' : ''}line ${i}`, {
      at: new Date(NOON.getTime() - i * 1_000).toISOString(),
    }),
  )
  await logs.append([delivery(frames)])
})
afterAll(() => database.close())

const ago = (seconds: number) => new Date(NOON.getTime() - seconds * 1_000)
const walking = (q: string, fromAgo: number, toAgo: number, effort = UNHURRIED) => ({
  resourceNumber: 1,
  search: parse(q).query,
  from: ago(fromAgo),
  to: ago(toAgo),
  effort,
})

it('meets every line of a query in a time once, the newest first', async () => {
  const met: string[] = []
  const walked = await walkLines(logs, walking('error', 2_000, 100), ({ sentAt }) => met.push(sentAt))
  expect(walked).toEqual({ lines: 380, countedTo: null })
  expect(met).toHaveLength(380)
  expect(met).toEqual(met.toSorted().reverse())
  expect(new Set(met).size).toBe(380)
  // `from` is in it, `to` is not.
  expect(met[0]).toBe('2026-11-21T11:58:15.000000Z')
  expect(met.at(-1)).toBe('2026-11-21T11:26:40.000000Z')
})

it('ends when it has met enough, and says how far back that was', async () => {
  const walked = await walkLines(logs, walking('error', 2_000, 0, { lines: 10, ms: 60_000 }), () => {})
  expect(walked).toEqual({ lines: 10, countedTo: '2026-11-21T11:59:10.000000Z' })
})

it('ends when it has taken long enough, and says how far back that was', async () => {
  const walked = await walkLines(logs, walking('nowhere', 2_000, 0, { lines: 10, ms: 0 }), () => {})
  expect(walked.countedTo).not.toBeNull()
  expect(walked.lines).toBe(0)
})

it('counts the same whichever way it counts', async () => {
  const f = async (
    q: string,
    from: number,
    to: number,
    lines: number,
    complete: boolean,
    effort = UNHURRIED,
  ) => expect([q, await countMatches(logs, walking(q, from, to, effort))]).toEqual([q, { lines, complete }])
  await f('', 2_000, 100, 1_900, true)
  await f('line', 2_000, 100, 1_900, true)
  await f('', 2_000.5, 100.5, 1_900, true)
  await f('error', 2_000, 100, 380, true)
  await f('', 9_000, 0, LINES - 1, true)
  await f('', 9_000, 8_000, 0, true)
  await f('', 2_000, 100, 3, false, { lines: 3, ms: 60_000 })
})
