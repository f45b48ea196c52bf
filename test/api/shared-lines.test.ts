import { expect, it } from 'vitest'
import { lineToJson } from '../../src/api/line.ts'
import { JsonCache, SharedLines } from '../../src/api/live/shared-lines.ts'
import type { LogLine } from '../../src/logplex/framed-line.ts'

const lineOf = (n: number, message = `level=error n=${n}`): LogLine => ({
  cursor: `1-${n}`,
  drainId: 7,
  sentAt: '2026-11-21T10:00:00.000000Z',
  receivedAt: '2026-11-21T10:00:00.100000Z',
  priority: 190,
  source: 'app',
  process: 'web.1',
  message,
  frame: Buffer.from(message),
})
const counters = () => ({ tailLinesParsed: 0 })

it('writes a line as the API does, and takes it apart once', () => {
  const count = counters()
  const apps = new Map([[7, 'shop']])
  const shared = new SharedLines(apps, new JsonCache(), count)
  const line = lineOf(1)
  expect(JSON.parse(shared.json(line))).toEqual(lineToJson(line, apps))
  expect(shared.json(line)).toBe(shared.json(line))
  shared.searched(line)
  expect(count.tailLinesParsed).toBe(1)
})

it('writes a line with the new name of its app after that has changed', () => {
  const cache = new JsonCache()
  const line = lineOf(1)
  expect(new SharedLines(new Map([[7, 'old']]), cache, counters()).json(line)).toContain('"app":"old"')
  const renamed = new SharedLines(new Map([[7, 'new']]), cache, counters())
  // Matched first, as a reader with a search does.
  renamed.searched(line)
  expect(renamed.json(line)).toContain('"app":"new"')
})

it('keeps no more text than its bound, the newest, and nothing of what is longer than that', () => {
  const cache = new JsonCache(2_000)
  const shared = new SharedLines(new Map(), cache, counters())
  const lines = Array.from({ length: 100 }, (_, n) => lineOf(n))
  for (const line of lines) shared.json(line)
  expect(cache.characters).toBeLessThanOrEqual(2_000)
  expect(cache.get(lines[99] as LogLine, shared)).toBeDefined()
  expect(cache.get(lines[0] as LogLine, shared)).toBeUndefined()
  expect(shared.json(lineOf(100, 'x'.repeat(5_000)))).toContain('xxxx')
  expect(cache.characters).toBe(0)
  for (const line of lines) shared.alone().json(line)
  expect(cache.characters).toBe(0)
})
