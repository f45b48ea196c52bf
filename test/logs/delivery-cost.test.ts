import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { costOf, deliveryCost, LINE_BYTES } from '../../src/logs/delivery-cost.ts'
import { counted, delivery, frame } from '../support/deliveries.ts'
import { bodyOf } from '../support/raw-http.ts'

const CAPTURES = new URL('../../packages/heroku-simulator/test/fixtures/logplex/', import.meta.url)

it('what a Logplex or a log-shuttle delivers costs its bytes', () => {
  for (const name of readdirSync(CAPTURES).filter((name) => name.endsWith('.raw'))) {
    const body = bodyOf(readFileSync(new URL(name, CAPTURES)))
    expect([name, deliveryCost(delivery([], { body }))]).toEqual([name, body.length])
  }
  const empty = counted(frame('', { at: '2026-11-21T10:00:00+00:00' }))
  expect(deliveryCost(delivery([], { body: empty }))).toBe(empty.length)
})

it('frames of next to nothing cost more than their bytes', () => {
  const body = Buffer.from('1 a'.repeat(1_000))
  expect(deliveryCost(delivery([], { body }))).toBe(1_000 * LINE_BYTES)
  expect(costOf(0, 0)).toBe(0)
})
