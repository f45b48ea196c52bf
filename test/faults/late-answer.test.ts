import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { from as copyFrom } from 'pg-copy-streams'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPool, withTransaction } from '../../src/database/pool.ts'
import { type OwnPostgres, startOwnPostgres } from '../support/own-postgres.ts'

let postgres: OwnPostgres
beforeAll(async () => {
  postgres = await startOwnPostgres()
})
afterAll(() => postgres.close())

it('survives that a stopped server answers a COPY after it was given up', async () => {
  const pool = createPool({
    url: postgres.url,
    tls: 'off',
    connections: 1,
    applicationName: 'test',
    statementTimeoutMs: 100,
    onError: () => {},
  })
  await pool.query('create table noted (word text)')
  const copied = withTransaction(pool, async (client) => {
    await client.query('select 1')
    postgres.freeze()
    await pipeline([Buffer.from('word\n')], client.query(copyFrom('copy noted from stdin')))
  })
  await expect(copied).rejects.toThrow('Query read timeout')
  postgres.thaw()
  // An error that nobody handles fails the run.
  await sleep(200)
  expect((await pool.query('select from noted')).rowCount).toBe(0)
  await pool.end()
})
