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

/** The verdict of P25 on two successive answers to one uuid. */
function verdictOf(opening: Exchange, replay: Exchange): string | undefined {
  const rule = REQUEST_RULES.find(({ number }) => number === 'P25')
  return rule?.judge({ opening, replay } as ProvisionEvidence).kind
}

it('P25 passes if a repeated POST finds an asynchronous provision completed', () => {
  expect(verdictOf(answered(202, PENDING), answered(202, PENDING))).toBe('pass')
  expect(verdictOf(answered(202, PENDING), answered(200, READY))).toBe('pass')
})

it('P25 fails if a repeated POST is answered with another resource, config or status', () => {
  expect(verdictOf(answered(202, PENDING), answered(200, { ...READY, id: 'y' }))).toBe('fail')
  expect(verdictOf(answered(202, PENDING), answered(500, {}))).toBe('fail')
  expect(verdictOf(answered(200, READY), answered(200, { ...READY, config: {} }))).toBe('fail')
})
