import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { EVERYTHING } from '../../src/query/everything.ts'
import { createTestDatabase } from '../support/database.ts'
import { delivery, frame } from '../support/deliveries.ts'
import { createPostgresLogStore, createPostgresTail } from '../support/logs.ts'
import { openPool } from '../support/pool.ts'
import { describeLogTail } from './log-tail-contract.ts'

describeLogTail('Postgres', async () => {
  const database = await createTestDatabase()
  const { pool } = database
  return {
    store: createPostgresLogStore(pool),
    openTail: () => createPostgresTail(pool),
    close: () => database.close(),
  }
})

async function opened() {
  const database = await createTestDatabase()
  const { pool } = database
  const store = createPostgresLogStore(pool)
  await store.makeTables([7], new Date())
  const failures: unknown[] = []
  const reading = openPool(database.url, { connections: 3, applicationName: 'culvert-test-reader' })
  const tail = createPostgresTail(reading, (error) => failures.push(error))
  const store1 = (message: string) =>
    store.append([
      delivery([frame(message, { at: new Date().toISOString() })], { receivedAtMicros: Date.now() * 1000 }),
    ])
  const live: string[] = []
  const follow = async () => {
    const following = await tail.follow({
      resourceNumber: 1,
      history: { search: EVERYTHING, limit: 10 },
      signal: new AbortController().signal,
    })
    following.listen(
      ({ lines }) => live.push(...lines.map((line) => line.message)),
      () => {},
    )
    return following
  }
  return {
    database,
    store,
    tail,
    failures,
    store1,
    follow,
    live,
    async close() {
      await tail.close()
      await reading.end()
      await database.close()
    },
  }
}

it('goes on without a hole when all of its connections are cut', async () => {
  const { database, store1, follow, live, close } = await opened()
  await follow()
  const cut = () =>
    database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'culvert-test-reader'`,
    )
  const want: string[] = []
  for (let at = 0; at < 60; at++) {
    await store1(`${at}`)
    want.push(`${at}`)
    if (at % 10 === 5) await cut()
    await sleep(20)
  }
  await vi.waitFor(() => expect(live).toEqual(want), { timeout: 10_000 })
  await close()
})

it('ends the tails of a resource whose lines cannot be read, and goes on with all others', async () => {
  const { database, store, tail, failures, live, follow, store1, close } = await opened()
  let hasEnded = false
  const broken = await tail.follow({
    resourceNumber: 2,
    history: { search: EVERYTHING, limit: 10 },
    signal: new AbortController().signal,
  })
  broken.listen(
    () => {},
    () => {
      hasEnded = true
    },
  )
  await follow()
  // Times that no table can hold.
  await database.query(`
    create function spoil() returns trigger language plpgsql as $$
      begin new.received_to := 9000000000000000000; return new; end $$;
    create trigger spoil before insert on tail_news for each row when (new.resource_number = 2)
      execute function spoil()`)
  const ofBroken = { resourceNumber: 2, drainId: 2, receivedAtMicros: Date.now() * 1000 }
  await store.append([delivery([frame('x', { at: new Date().toISOString() })], ofBroken)])
  await store1('one')
  await vi.waitFor(() => expect(live).toEqual(['one']), { timeout: 15_000 })
  expect(hasEnded).toBe(true)
  expect(failures.length).toBeGreaterThan(1)
  await close()
})

it('waits for commits under way when it begins, which did not see that somebody reads', async () => {
  const { database, store, follow, live, close } = await opened()
  // The commit is held up where it counts: behind its look at who reads.
  const holder = await database.pool.connect()
  await holder.query('begin; lock table usage in exclusive mode')
  const appending = store.append([
    delivery([frame('under way', { at: new Date().toISOString() })], { receivedAtMicros: Date.now() * 1000 }),
  ])
  await vi.waitFor(async () => {
    const { rows } = await database.pool.query(
      `select count(*)::integer as waiting from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`,
    )
    expect(rows[0].waiting).toBe(1)
  })
  const following = follow()
  await sleep(200)
  await holder.query('rollback')
  holder.release()
  await appending
  const { history } = await following
  expect([...(history?.lines.map((line) => line.message) ?? []), ...live]).toEqual(['under way'])
  await close()
})

it('writes nothing down where nobody reads, and forgets what was read', async () => {
  const { database, store1, follow, live, tail, close } = await opened()
  const news = async () => (await database.pool.query('select from tail_news')).rowCount
  await store1('unread')
  expect(await news()).toBe(0)
  const following = await follow()
  await store1('read')
  await vi.waitFor(() => expect(live).toEqual(['read']), { timeout: 10_000 })
  expect(await news()).toBe(1)
  following.stop()
  await database.pool.query("update tail_news set created_at = now() - interval '1 hour'")
  await database.pool.query("update tail_watch set until = now() - interval '1 hour'")
  await store1('unread again')
  expect(await news()).toBe(1)
  // Whoever reads next tidies up.
  await vi.waitFor(() => expect(tail.followers).toBe(0))
  await database.pool.query('delete from tail_watch')
  await sleep(300)
  await follow()
  await vi.waitFor(async () => expect(await news()).toBe(0), { timeout: 10_000 })
  await close()
})
