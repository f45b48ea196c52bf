// Asynchronous provisions, driven by "processes" that die, come late and get in each other's way.
import { randomUUID } from 'node:crypto'
import type { SimResource } from 'heroku-simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HerokuRoom } from '../../src/heroku/heroku.ts'
import { runJob } from '../support/jobs.ts'
import { openPool } from '../support/pool.ts'
import { createWorld, type World } from './world.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const LEASE_MS = 120_000

let world: World
beforeEach(async () => {
  world = await createWorld({ PROVISIONING: 'asynchronous', PUBLIC_URL: 'https://culvert.test' })
})
afterEach(() => world.close())

const job = (room: HerokuRoom, name: string) => runJob(room.jobs, name)
const drive = (room = world.room()) => job(room, 'complete-provisions')
/** Again and again, as the clock does, for so long. */
async function driveFor(ms: number, room = world.room(), everyMs = 10_000): Promise<void> {
  for (let passed = 0; passed < ms; passed += everyMs) {
    await drive(room)
    world.clock.now += everyMs
  }
}
const step = async (id: string) =>
  (await world.database.pool.query('select step from provisioning where resource_id = $1', [id])).rows[0]
    ?.step
/** Calls about resources, as `POST actions/provision`; without the goodbye to a webhook. */
const calls = () =>
  world.platform.requests
    .filter(({ method, path }) => path.startsWith('/addons/') && method !== 'DELETE')
    .map(({ method, path }) => `${method} ${path.split('/').slice(3).join('/')}`)
const wellProvisioned = (resource: SimResource) => {
  expect(resource).toMatchObject({
    state: 'provisioned',
    completions: 1,
    configWrites: 1,
    config: { CULVERT_URL: `https://culvert.test/resources/${resource.uuid}` },
  })
  expect(world.heroku.webhooks.of(resource.uuid)).toMatchObject([
    { level: 'sync', url: `https://culvert.test/heroku/webhooks/${resource.uuid}` },
  ])
}

/** What one provision asks for, in order. */
const CALLS = [
  'GET log-drains',
  'GET webhooks',
  'POST webhooks',
  'GET config',
  'PATCH config',
  'GET ',
  'POST actions/provision',
] as const
const pattern = (call: string) => {
  const [method, rest] = call.split(' ')
  return new RegExp(`^${method} /addons/[\\w-]+${rest === '' ? '' : `/${rest}`}$`)
}

describe('an asynchronous provision', () => {
  it('looks at the drains, subscribes, writes the config, completes, and asks whether that was heard', async () => {
    const resource = await world.begin()
    await drive()
    expect(calls()).toEqual(CALLS)
    wellProvisioned(resource)
    expect(await world.room().appNames([1])).toEqual([new Map([[1, 'tidy-river']])])
    await drive()
    expect(calls()).toHaveLength(CALLS.length)
    world.clock.now += MINUTE_MS
    await drive()
    expect(calls().slice(CALLS.length)).toEqual(['GET '])
    expect(await step(resource.uuid)).toBe('done')
  })

  it('is driven by one of many processes', async () => {
    const resources = [await world.begin(), await world.begin(), await world.begin()]
    const rooms = [world.room(), world.room(), world.room(), world.room()]
    await Promise.all([...rooms, ...rooms].map((room) => drive(room)))
    for (const resource of resources) wellProvisioned(resource)
    expect(calls()).toHaveLength(3 * CALLS.length)
  })

  describe.each(['cut', 'lost'] as const)('whose process dies when a call is %s', (kind) => {
    it.each(CALLS)('is completed once by another one: %s', async (call) => {
      const resource = await world.begin()
      const doomed = openPool(world.database.url, { connections: 3, applicationName: 'culvert-doomed' })
      // From that moment on it writes nothing any more.
      let end: Promise<void> | undefined
      world.platform.fail({
        kind,
        on: pattern(call),
        times: 1,
        meanwhile() {
          end = doomed.end()
        },
      })
      await drive(world.room({}, doomed))
      await end
      expect(calls().at(-1)).toBe(call)
      expect(doomed.ended).toBe(true)

      const other = world.room()
      await drive(other)
      expect(calls().at(-1)).toBe(call)
      world.clock.now += LEASE_MS + 1
      await drive(other)
      wellProvisioned(resource)
      const [webhook] = world.heroku.webhooks.of(resource.uuid)
      expect(await other.webhooks.find(resource.uuid)).toMatchObject({
        secret: webhook?.secret,
        authorization: webhook?.authorization,
        webhookId: webhook?.id,
      })
    })
  })

  it.each(CALLS)('is not completed after a DELETE that comes during %s', async (call) => {
    const resource = await world.begin()
    world.platform.fail({
      kind: 'slow',
      ms: 0,
      on: pattern(call),
      times: 1,
      meanwhile: () => world.deprovision(resource.uuid),
    })
    const room = world.room()
    await drive(room)
    expect(calls().at(-1)).toBe(call)
    await driveFor(2 * LEASE_MS, room, LEASE_MS)
    expect(calls().at(-1)).toBe(call)
    // What was already on its way is Heroku's to judge; it knows best that it has sent a DELETE.
    expect(resource.completions).toBe(call === 'POST actions/provision' ? 1 : 0)
    expect(world.logged.filter((line) => /"level":(50|60)/.test(line))).toEqual([])
  })

  it('is not completed after a DELETE that comes while its call waits for its turn', async () => {
    const resource = await world.begin()
    world.platform.fail({
      kind: 'limited',
      retryAfterSeconds: 1,
      on: pattern('POST actions/provision'),
      times: 1,
    })
    const driven = drive()
    await expect.poll(() => calls().at(-1), { timeout: 10_000 }).toBe('POST actions/provision')
    const before = calls().length
    await world.deprovision(resource.uuid)
    // The gate goes by the clock of the world.
    world.clock.now += 2_000
    await driven
    expect(calls()).toHaveLength(before)
    expect(resource.completions).toBe(0)
  })

  it.each([
    ['HTML', { kind: 'html' }],
    ['nothing', { kind: 'cut' }],
    ['an answer that gets lost', { kind: 'lost' }],
    ['JSON of another kind', { kind: 'wrong_json' }],
  ] as const)('is completed although Heroku answers %s for ten minutes', async (_what, fault) => {
    const resource = await world.begin()
    const mend = world.platform.fail({ ...fault, on: /addons/ })
    await driveFor(10 * MINUTE_MS)
    // Later and later, and not all at once.
    expect(calls().length).toBeLessThan(40)
    mend()
    await driveFor(30 * MINUTE_MS, world.room(), MINUTE_MS / 2)
    expect(resource).toMatchObject({ state: 'provisioned', completions: 1 })
    expect(resource.configWrites).toBeLessThanOrEqual(2)
    expect(world.heroku.webhooks.of(resource.uuid)).toHaveLength(1)
    expect(await step(resource.uuid)).toBe('done')
  })

  it('is completed although the id server is down for four minutes', async () => {
    const mend = world.platform.fail({ kind: 'html', on: /oauth/ })
    const resource = await world.begin()
    const room = world.room()
    for (let second = 0; second < 240; second += 5) {
      await room.tokens.exchangeDue()
      await drive(room)
      world.clock.now += 5_000
    }
    expect(calls()).toEqual([])
    mend()
    world.clock.now += 15_000
    await room.tokens.exchangeDue()
    await drive(room)
    wellProvisioned(resource)
  })

  it('does without a webhook where Heroku does not give one, and gets it later', async () => {
    const resource = await world.begin()
    const mend = world.platform.fail({ kind: 'plain', on: /webhooks/ })
    await driveFor(5 * MINUTE_MS)
    expect(resource).toMatchObject({ state: 'provisioned', completions: 1 })
    expect(world.heroku.webhooks.of(resource.uuid)).toEqual([])
    mend()
    await driveFor(48 * HOUR_MS, world.room(), HOUR_MS)
    wellProvisioned(resource)
  })

  it('is completed again where Heroku did not hear of it', async () => {
    const resource = await world.begin()
    await drive()
    // As after a 202 to a repeated POST that overtook our call.
    resource.state = 'provisioning'
    await driveFor(5 * MINUTE_MS)
    expect(resource).toMatchObject({ state: 'provisioned', completions: 2, configWrites: 1 })
    expect(await step(resource.uuid)).toBe('done')
  })
})

describe('a provision that cannot be completed', () => {
  it('is given up where Heroku refuses what we bring, for a reason that the log has', async () => {
    const resource = await world.begin()
    world.platform.fail({ kind: 'refused', on: pattern('PATCH config') })
    const room = world.room()
    await driveFor(10 * MINUTE_MS, room)
    expect(calls().filter((call) => call === 'PATCH config')).toHaveLength(8)
    expect(calls().at(-1)).toBe('POST actions/deprovision')
    expect(world.heroku.find(resource.uuid)).toBe(null)
    expect(room.counters.provisionsAborted).toBe(1)
    const { rows } = await world.database.pool.query('select state from resource')
    expect(rows).toEqual([{ state: 'deprovisioned' }])
    expect(
      world.logged.filter((line) =>
        /answered 422.*provision aborted|provision aborted.*answered 422/.test(line),
      ),
    ).toHaveLength(1)
  })

  it('is not given up for a conflict of the moment', async () => {
    const resource = await world.begin()
    const mend = world.platform.fail({ kind: 'refused', status: 409, on: pattern('POST actions/provision') })
    await driveFor(10 * MINUTE_MS)
    mend()
    await driveFor(10 * MINUTE_MS)
    expect(resource).toMatchObject({ state: 'provisioned', completions: 1 })
  })

  it('does not keep others waiting while Heroku is slow about it', async () => {
    const slow = await world.begin()
    world.platform.fail({ kind: 'slow', ms: 3_000, on: pattern('GET log-drains'), times: 1 })
    const driven = drive()
    await expect.poll(() => calls().at(-1), { timeout: 10_000 }).toBe('GET log-drains')
    const other = await world.begin()
    await drive()
    wellProvisioned(other)
    expect(slow.state).toBe('provisioning')
    await driven
    wellProvisioned(slow)
  })

  it('ends here, too, where the answer to giving it up is lost', async () => {
    const resource = await world.begin()
    world.platform.fail({ kind: 'refused', on: pattern('PATCH config') })
    world.platform.fail({ kind: 'lost', on: pattern('POST actions/deprovision'), times: 1 })
    await driveFor(20 * MINUTE_MS)
    expect(world.heroku.find(resource.uuid)).toBe(null)
    expect(await step(resource.uuid)).toBe(undefined)
  })

  it('is not taken from a customer who has it', async () => {
    const resource = await world.begin()
    const mend = world.platform.fail({
      kind: 'refused',
      on: pattern('POST actions/provision'),
      meanwhile: () => world.heroku.complete(resource.uuid),
    })
    await driveFor(10 * MINUTE_MS)
    mend()
    expect(resource).toMatchObject({ state: 'provisioned', completions: 1 })
    expect(await step(resource.uuid)).toBe('done')
  })

  it('is told to the operator after an hour, once, by one process', async () => {
    const resource = await world.begin()
    world.platform.fail({ kind: 'html', on: /addons/ })
    const rooms = [world.room(), world.room()]
    const watch = () => Promise.all(rooms.map((room) => job(room, 'watch-provisions')))
    const alarms = () => world.logged.filter((line) => line.includes('twelve hours after its start'))
    await driveFor(59 * MINUTE_MS, rooms[0], MINUTE_MS)
    await watch()
    expect(alarms()).toEqual([])
    expect(rooms[0]?.levels()).toMatchObject({ provisionsPending: 1, provisionsStuck: 0 })
    world.clock.now += 2 * MINUTE_MS
    await watch()
    await watch()
    expect(alarms()).toHaveLength(1)
    expect(alarms()[0]).toContain(resource.uuid)
    for (const room of rooms) expect(room.levels()).toMatchObject({ provisionsStuck: 1 })
  })

  it('is told to the operator at once where its grant is lost, and completed when a repeated POST brings another', async () => {
    const mend = world.platform.fail({ kind: 'html', on: /oauth/ })
    const resource = await world.begin()
    world.clock.now += 5 * MINUTE_MS + 1
    const room = world.room()
    await room.tokens.exchangeDue()
    await job(room, 'watch-provisions')
    expect(world.logged.filter((line) => line.includes('its grant is lost'))).toHaveLength(1)
    mend()
    await world.provision(undefined, resource.uuid)
    await room.tokens.exchangeDue()
    await drive(room)
    wellProvisioned(resource)
  })

  it('ends here when Heroku has removed it after its twelve hours and no DELETE came', async () => {
    const resource = await world.begin()
    world.heroku.drop(resource.uuid)
    await driveFor(12 * HOUR_MS, world.room(), HOUR_MS / 4)
    expect(await step(resource.uuid)).toBeDefined()
    await driveFor(3 * HOUR_MS, world.room(), HOUR_MS / 4)
    expect(await step(resource.uuid)).toBe(undefined)
  })
})

describe('a synchronous provision', () => {
  it('subscribes to its webhook and leaves the rest alone', async () => {
    const sync = await createWorld({ PUBLIC_URL: 'https://culvert.test' })
    const resource = await sync.begin()
    const room = sync.room()
    await job(room, 'complete-provisions')
    expect(sync.heroku.webhooks.of(resource.uuid)).toHaveLength(1)
    expect(resource).toMatchObject({ completions: 0, configWrites: 0 })
    await sync.close()
  })

  it('has nothing left to do without a client secret', async () => {
    const off = await createWorld({ HEROKU_CLIENT_SECRET: '' })
    await off.provision(randomUUID())
    expect((await off.database.pool.query('select from provisioning')).rowCount).toBe(0)
    await off.close()
  })
})
