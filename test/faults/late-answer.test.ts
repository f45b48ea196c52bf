import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { withClient } from '../../src/database/pool.ts'
import { BEGIN, roundTrip } from '../../src/database/round-trip.ts'
import { type OwnPostgres, startOwnPostgres } from '../support/own-postgres.ts'
import { openPool } from '../support/pool.ts'

let postgres: OwnPostgres
beforeAll(async () => {
  postgres = await startOwnPostgres()
})
afterAll(() => postgres.close())

it('survives that a stopped server answers a COPY after it was given up', async () => {
  const pool = openPool(postgres.url, { statementTimeoutMs: 100 })
  await pool.query('create table noted (word text)')
  const copied = withClient(pool, async (client) => {
    await roundTrip(client, [BEGIN])
    postgres.freeze()
    const copy = { name: '', text: 'copy noted from stdin', rows: Buffer.from('word\n') }
    await roundTrip(client, [copy, { name: 'select', text: 'select 1' }])
  })
  await expect(copied).rejects.toThrow('Query read timeout')
  postgres.thaw()
  // An error that nobody handles fails the run.
  await sleep(200)
  expect((await pool.query('select from noted')).rowCount).toBe(0)
  await pool.end()
})
