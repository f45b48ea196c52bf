import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { throttle } from '../../src/operations/throttle.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function start() {
  const told: string[] = []
  const tell = throttle<string>(5_000, (failure, count) => told.push(`${failure} x${count}`))
  return { told, tell }
}

it('tells the first at once, and those of the next seconds in one line with their number', () => {
  const { told, tell } = start()
  for (const name of ['a', 'b', 'c']) tell('away', name)
  expect(told).toEqual(['a x1'])
  vi.advanceTimersByTime(4_999)
  expect(told).toEqual(['a x1'])
  vi.advanceTimersByTime(1)
  expect(told).toEqual(['a x1', 'c x2'])
})

it('loses none of them in its counts while they go on', () => {
  const { told, tell } = start()
  for (let sent = 0; sent < 1_000; sent++) {
    tell('away', 'x')
    vi.advanceTimersByTime(100)
  }
  vi.advanceTimersByTime(5_000)
  expect(told.length).toBeLessThan(30)
  expect(told.reduce((sum, line) => sum + Number(line.split(' x')[1]), 0)).toBe(1_000)
})

it('tells the first of each kind at once, and the next one at once after it was quiet', () => {
  const { told, tell } = start()
  tell('away', 'a')
  tell('full', 'b')
  vi.advanceTimersByTime(5_000)
  tell('away', 'c')
  expect(told).toEqual(['a x1', 'b x1', 'c x1'])
})

it('keeps no more than some kinds apart', () => {
  const { told, tell } = start()
  for (let kind = 0; kind < 200; kind++) tell(`kind ${kind}`, 'x')
  expect(told.length).toBeLessThan(60)
})
