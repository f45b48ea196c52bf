// The histogram without a search: two statements count at a time, and end with their reader.
import { expect, it, vi } from 'vitest'
import { isOverClickHouse } from '../support/logs.ts'
import { makeTokenAt } from '../support/reading.ts'
import { provision, startTestService } from '../support/service.ts'

// With six connections, searches have two of them: a histogram that took more, or kept one, would stall.
// What runs for him there is ClickHouse's to end: test/logs/clickhouse/hang-up.test.ts.
it.skipIf(isOverClickHouse).each(['text/event-stream', 'application/json'])(
  'a reader of %s who leaves ends all that counts for him in Postgres, and others count on',
  async (accept) => {
    const service = await startTestService({ DATABASE_CONNECTIONS: '6' })
    const { pool } = service.database
    const { id } = await provision(service)
    const authorization = `Bearer ${await makeTokenAt(service.origin, service.config, id)}`
    const url = `${service.origin}/resources/${id}/histogram`
    const counting = async () => {
      const { rows } = await pool.query(
        `select query from pg_stat_activity
          where datname = current_database() and application_name = 'culvert search' and state = 'active'
            and wait_event_type = 'Lock' and query like '%count(*)%'`,
      )
      return rows.length
    }
    const holder = await pool.connect()
    try {
      await holder.query('begin; lock table log_line, line_writer in access exclusive mode')
      const leaving = new AbortController()
      const answer = fetch(url, { headers: { accept, authorization }, signal: leaving.signal })
      answer.catch(() => {})
      await vi.waitFor(async () => expect(await counting()).toBe(2), { timeout: 5_000 })
      leaving.abort(new Error('left'))
      await expect(answer).rejects.toThrow('left')
      await vi.waitFor(async () => expect(await counting()).toBe(0), { timeout: 5_000 })
    } finally {
      await holder.query('rollback')
      holder.release()
    }
    const both = await Promise.all([url, url].map((one) => fetch(one, { headers: { authorization } })))
    for (const answer of both) expect(await answer.json()).toMatchObject({ bars: [], complete: true })
    await service.close()
  },
)
