import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { startDeadline } from '../src/deadline.ts'

const LONG_MS = 60_000

it('is past when its time is up', async () => {
  const deadline = startDeadline(1)
  await new Promise((resolve) => deadline.signal.addEventListener('abort', resolve))
  expect([deadline.isPast, deadline.signal.reason.name]).toEqual([true, 'TimeoutError'])
  deadline.end()
})

it('is called off by a signal, before or while it runs, with its reason', () => {
  const ending = new AbortController()
  const running = startDeadline(LONG_MS, ending.signal)
  ending.abort('we end')
  const late = startDeadline(LONG_MS, ending.signal)
  for (const deadline of [running, late]) {
    expect([deadline.signal.aborted, deadline.signal.reason, deadline.isPast]).toEqual([
      true,
      'we end',
      false,
    ])
    deadline.end()
  }
})

it('leaves nothing with a signal that outlives it', () => {
  const ending = new AbortController()
  const deadlines = Array.from({ length: 100 }, () => startDeadline(LONG_MS, ending.signal))
  expect(getEventListeners(ending.signal, 'abort')).toHaveLength(100)
  for (const deadline of deadlines) deadline.end()
  expect(getEventListeners(ending.signal, 'abort')).toEqual([])
  ending.abort()
  expect(deadlines.some(({ signal }) => signal.aborted)).toBe(false)
})
