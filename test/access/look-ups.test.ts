// Credentials that are none: they cost look-ups, which anyone can cause.
import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createSessionStore } from '../../src/access/session-store.ts'
import { createTokenStore } from '../../src/access/token-store.ts'
import { createWebhookStore } from '../../src/heroku/webhook-store.ts'
import { sha256 } from '../../src/secrets/sha256.ts'
import { provision, startTestService, type TestService } from '../support/service.ts'

const WRONG = 1_000

let service: TestService
beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service.close())

/** The pool, with how many statements were sent over it. */
function counted(pool: Pool) {
  const statements = { sent: 0 }
  const query = (...parameters: Parameters<Pool['query']>) => {
    statements.sent++
    return pool.query(...parameters)
  }
  return { pool: { query } as unknown as Pool, statements }
}

it('API tokens that do not exist are looked up together, and a right one among them is found', async () => {
  const { pool, statements } = counted(service.database.pool)
  const { id } = await provision(service)
  const tokens = createTokenStore(pool)
  await tokens.create(id, sha256('right'), { name: 'right', hint: 'ight' })
  statements.sent = 0
  const now = new Date()
  const wrong = Array.from({ length: WRONG }, () => tokens.find(randomBytes(32), now))
  expect(await tokens.find(sha256('right'), now)).toMatchObject({ resource: { id } })
  expect(new Set(await Promise.all(wrong))).toEqual(new Set([null]))
  // The look-ups, and the use of the right one.
  expect(statements.sent).toBe(2)
  expect((await tokens.list(id))[0]?.lastUsedAt).toEqual(now)
})

it('sessions that do not exist are looked up together', async () => {
  const { pool, statements } = counted(service.database.pool)
  const sessions = createSessionStore(pool)
  const wrong = Array.from({ length: WRONG }, () => sessions.find(randomBytes(32), new Date()))
  expect(new Set(await Promise.all(wrong))).toEqual(new Set([null]))
  expect(statements.sent).toBe(1)
})

it('webhooks of no resource are looked up together', async () => {
  const { pool, statements } = counted(service.database.pool)
  const webhooks = createWebhookStore(pool, { seal: () => Buffer.alloc(0), open: () => '' } as never)
  const wrong = Array.from({ length: WRONG }, () => webhooks.find(crypto.randomUUID()))
  expect(new Set(await Promise.all(wrong))).toEqual(new Set([null]))
  expect(statements.sent).toBe(1)
})
