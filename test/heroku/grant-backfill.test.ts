import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { HerokuRoom } from '../../src/heroku/heroku.ts'
import { runJob } from '../support/jobs.ts'
import { createWorld, dump, expectNone, type World } from './world.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

let world: World
beforeEach(async () => {
  world = await createWorld({ PUBLIC_URL: 'https://culvert.test' })
})
afterEach(() => world.close())

const job = (room: HerokuRoom, name: string) => runJob(room.jobs, name)
const ask = (room: HerokuRoom) => job(room, 'request-grants')
const asked = () => world.platform.count('GET', /\/oauth-grant$/)
const token = (room: HerokuRoom, id: string) => room.tokens.accessToken(id).catch(() => null)

/** A resource whose grant was lost. */
async function lost(): Promise<string> {
  const mend = world.platform.fail({ kind: 'html', on: /oauth/ })
  const { uuid } = await world.begin()
  world.clock.now += 5 * MINUTE_MS + 1
  await world.room().tokens.exchangeDue()
  mend()
  return uuid
}

it('a lost grant is replaced where Heroku has unlocked that, and what was missing follows', async () => {
  world.heroku.allowsNewGrants = true
  const id = await lost()
  const room = world.room()
  expect(await token(room, id)).toBe(null)
  await ask(room)
  await room.tokens.exchangeDue()
  expect(await token(room, id)).toMatch(/^HRKU-/)
  await job(room, 'complete-provisions')
  expect(world.heroku.webhooks.of(id)).toHaveLength(1)
  expect(room.counters.grantsBackfilled).toBe(1)
})

it('a resource from before the client secret was set gets its first grant, and its webhook', async () => {
  world.heroku.allowsNewGrants = true
  const id = randomUUID()
  world.heroku.adopt({
    uuid: id,
    plan: 'test',
    app: 'tidy-river',
    drainToken: `d.${randomUUID()}`,
    drainUrl: `https://culvert.test/drains/${id}`,
  })
  await world.database.pool.query(
    `insert into resource (id, state, name, plan) values ($1, 'provisioned', 'culvert-old', 'test')`,
    [id],
  )
  const room = world.room()
  await ask(room)
  await room.tokens.exchangeDue()
  expect(await token(room, id)).toMatch(/^HRKU-/)
  await job(room, 'complete-provisions')
  expect(world.heroku.webhooks.of(id)).toHaveLength(1)
})

it('is asked for once a day while that is locked, and told of once', async () => {
  const ids = [await lost(), await lost()]
  const room = world.room()
  for (let n = 0; n < 3; n++) await ask(room)
  expect(asked()).toBe(2)
  world.clock.now += DAY_MS + MINUTE_MS
  await ask(room)
  expect(asked()).toBe(4)
  expect(world.logged.filter((line) => line.includes('OAuth grant backfill failed'))).toHaveLength(1)
  for (const id of ids) expect(await token(room, id)).toBe(null)
})

it('is asked for again after ten minutes where Heroku does not answer, by one of many processes', async () => {
  world.heroku.allowsNewGrants = true
  const id = await lost()
  const rooms = [world.room(), world.room(), world.room()]
  const mend = world.platform.fail({ kind: 'html', on: /oauth-grant/ })
  await Promise.all(rooms.map(ask))
  expect(asked()).toBe(1)
  mend()
  await Promise.all(rooms.map(ask))
  expect(asked()).toBe(1)
  world.clock.now += 11 * MINUTE_MS
  await Promise.all(rooms.map(ask))
  expect(asked()).toBe(2)
  await rooms[0]?.tokens.exchangeDue()
  expect(await token(rooms[0] as HerokuRoom, id)).toMatch(/^HRKU-/)
})

it('is not asked for where there are tokens, or the resource has ended; and leaks nothing', async () => {
  world.heroku.allowsNewGrants = true
  await world.begin()
  const gone = await lost()
  await world.deprovision(gone)
  const room = world.room()
  await ask(room)
  expect(asked()).toBe(0)
  await lost()
  await ask(room)
  expect(asked()).toBe(1)
  expectNone(world.heroku.idServer.secrets, (await dump(world.database)) + world.logged.join('\n'))
})

it('a webhook whose key is lost is subscribed anew with other secrets, when it is asked for', async () => {
  const { uuid } = await world.begin()
  await job(world.room(), 'complete-provisions')
  const [before] = world.heroku.webhooks.of(uuid)
  const secret = before?.secret
  const key = Buffer.alloc(32, 'another').toString('base64')
  // The tokens are lost with it; a grant brings others.
  const other = world.room({ SECRET_KEYS: `k9:${key}` })
  expect(await other.webhooks.find(uuid)).toBe(null)
  world.heroku.allowsNewGrants = true
  await world.database.pool.query(
    `update heroku_authorization set state = 'lost', sealed_access_token = null, access_expires_at = null`,
  )
  await world.database.pool.query(`update provisioning set step = 'subscribe', due_at = started_at`)
  await ask(other)
  await other.tokens.exchangeDue()
  await job(other, 'complete-provisions')
  expect(world.heroku.webhooks.of(uuid)).toHaveLength(1)
  const found = await other.webhooks.find(uuid)
  expect(found?.secret).not.toBe(secret)
  expect(world.heroku.webhooks.of(uuid)[0]?.secret).toBe(found?.secret)
})

it('webhooks follow when our address changes', async () => {
  const { uuid } = await world.begin()
  await job(world.room(), 'complete-provisions')
  const [before] = world.heroku.webhooks.of(uuid)
  const id = before?.id
  const moved = world.room({ PUBLIC_URL: 'https://elsewhere.test' })
  await job(moved, 'move-webhooks')
  await job(moved, 'complete-provisions')
  expect(world.heroku.webhooks.of(uuid)).toMatchObject([
    { id, url: `https://elsewhere.test/heroku/webhooks/${uuid}` },
  ])
  await job(moved, 'move-webhooks')
  const calls = world.platform.requests.length
  await job(moved, 'complete-provisions')
  expect(world.platform.requests).toHaveLength(calls)
})
