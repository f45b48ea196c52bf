import { expect, it } from 'vitest'
import type { Exchange } from '../src/exchange.ts'
import type { ProvisionEvidence } from '../src/provision/play.ts'
import { REQUEST_RULES } from '../src/provision/request-rules.ts'

const PENDING = { id: 'x', log_drain_url: 'https://logs.example.com/x' }
const READY = { ...PENDING, config: { X_URL: 'https://x.example.com' } }

function answered(status: number, body: object): Exchange {
  return {
    what: 'a request',
    from: 'heroku',
    at: 0,
    request: { method: 'POST', url: 'https://addon.example.com', headers: {}, body: Buffer.alloc(0) },
    answer: { status, headers: {}, body: Buffer.from(JSON.stringify(body)) },
    failure: null,
    durationMs: 1,
  }
}

/** What P25 says of these answers to one uuid, the one after the other. */
function verdictOf(opening: Exchange, replay: Exchange): string | undefined {
  const rule = REQUEST_RULES.find(({ number }) => number === 'P25')
  return rule?.judge({ opening, replay } as ProvisionEvidence).kind
}

it('a repeated POST may find an asynchronous provision completed', () => {
  expect(verdictOf(answered(202, PENDING), answered(202, PENDING))).toBe('pass')
  expect(verdictOf(answered(202, PENDING), answered(200, READY))).toBe('pass')
})

it('a repeated POST is about the same resource, with the same config', () => {
  expect(verdictOf(answered(202, PENDING), answered(200, { ...READY, id: 'y' }))).toBe('fail')
  expect(verdictOf(answered(202, PENDING), answered(500, {}))).toBe('fail')
  expect(verdictOf(answered(200, READY), answered(200, { ...READY, config: {} }))).toBe('fail')
})
