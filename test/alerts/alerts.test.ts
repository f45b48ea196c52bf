import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ALERT_SEALED_COLUMN } from '../../src/alerts/alert-store.ts'
import type { AlertsRoom } from '../../src/alerts/alerts.ts'
import { createMessageStore } from '../../src/alerts/message-store.ts'
import { loadConfig } from '../../src/config.ts'
import { resealOld } from '../../src/secrets/reseal.ts'
import { createSecretBox } from '../../src/secrets/secret-box.ts'
import { runJob } from '../support/jobs.ts'
import { testLifecycle } from '../support/lifecycle.ts'
import { createWorld, type World } from './world.ts'

const SECOND = 1_000
const MINUTE = 60_000

let world: World
let room: AlertsRoom

beforeAll(async () => {
  world = await createWorld()
  room = world.openRoom()
})
afterAll(() => world.close())
beforeEach(async () => {
  await world.database.pool.query('delete from alert')
  world.posted.length = 0
  world.answers.length = 0
  world.clock.now += 24 * 60 * MINUTE
  await world.logs.makeTables([7], new Date(world.clock.now))
})

const ago = (ms: number) => world.clock.now - ms
const told = () => world.posted.map(({ culvert: { kind, alert } }) => `${kind} ${alert.name}`)

/** Lets time pass as it does, half a minute at a time. */
async function pass(minutes: number): Promise<void> {
  for (let half = 0; half < minutes * 2; half++) {
    world.clock.now += 30 * SECOND
    await world.turn(room)
  }
}

/** An alert's clock starts at the database's now(); these tests live in another time. */
async function watchedFor(id: string, ms: number): Promise<void> {
  await world.database.pool.query('update alert set watched_since = $2, due_at = $3 where id = $1', [
    id,
    new Date(ago(ms)),
    new Date(ago(0)),
  ])
}

async function watched(fields: Parameters<World['alert']>[0], ms = 60 * MINUTE) {
  const resource = await world.resource()
  const alert = await room.store.create(resource, world.alert(fields))
  await watchedFor(alert.id, ms)
  return { resource, alert, find: () => room.store.find(resource.number, alert.id) }
}

describe('an alert', () => {
  it('fires when there are more lines than it allows, shows some, and tells when it is over', async () => {
    const { resource, find } = await watched({
      name: 'errors',
      q: 'level:error',
      condition: { kind: 'more_than', lines: 2, minutes: 5 },
    })
    await world.lines(resource.number, 'Error: boom', [ago(20 * SECOND), ago(30 * SECOND)])
    await world.lines(resource.number, 'all is well', [ago(20 * SECOND), ago(25 * SECOND)])
    await world.turn(room)
    expect(await find()).toMatchObject({ state: 'ok', lastError: null })
    expect(told()).toEqual([])

    await world.lines(resource.number, 'Error: boom', [ago(20 * SECOND)])
    await pass(2)
    expect(await find()).toMatchObject({ state: 'firing' })
    expect(told()).toEqual(['fired errors'])
    expect(world.posted[0]?.culvert).toMatchObject({
      lines: 3,
      examples: [{ message: 'Error: boom' }, { message: 'Error: boom' }, { message: 'Error: boom' }],
      url: expect.stringContaining('https://addons-sso.heroku.com/apps/tidy-river-1234/'),
    })

    await pass(6)
    expect(await find()).toMatchObject({ state: 'ok' })
    expect(told()).toEqual(['fired errors', 'recovered errors'])
  })

  it('counts what its resource has, and nothing of another', async () => {
    const other = await world.resource()
    await world.lines(other.number, 'x', [ago(20 * SECOND), ago(21 * SECOND), ago(22 * SECOND)])
    const { find } = await watched({})
    await world.turn(room)
    expect(await find()).toMatchObject({ state: 'ok' })
  })

  it('counts a line that is stored minutes late, while its time is still looked at', async () => {
    const { resource, find } = await watched({ condition: { kind: 'more_than', lines: 0, minutes: 5 } })
    await world.turn(room)
    await pass(1)
    await world.lines(resource.number, 'from the spool', [ago(3 * MINUTE)])
    await pass(1)
    expect(await find()).toMatchObject({ state: 'firing' })
  })

  it('fires on silence, once it has listened for long enough', async () => {
    const { resource, alert, find } = await watched(
      { name: 'quiet', q: 'process:worker.1', condition: { kind: 'silence', minutes: 5 } },
      MINUTE,
    )
    await world.turn(room)
    expect(await find()).toMatchObject({ state: 'unknown', lastError: null })
    await watchedFor(alert.id, 10 * MINUTE)
    await world.turn(room)
    expect(told()).toEqual(['fired quiet'])
    await world.lines(resource.number, 'back', [ago(20 * SECOND)], 'worker.1')
    await pass(1)
    expect(told()).toEqual(['fired quiet', 'recovered quiet'])
  })

  it('fires when too large a part of the lines are such', async () => {
    const { resource } = await watched({
      name: 'ratio',
      q: 'status:>=500',
      condition: { kind: 'ratio', ofQ: 'status:*', percent: 10, minutes: 5, atLeastLines: 10 },
    })
    const at = (count: number) => Array.from({ length: count }, (_, i) => ago(20 * SECOND + i))
    await world.lines(resource.number, 'status=503', at(1))
    await world.lines(resource.number, 'status=200', at(9))
    await world.turn(room)
    expect(told()).toEqual([])
    await world.lines(resource.number, 'status=502', at(1))
    await pass(1)
    expect(told()).toEqual(['fired ratio'])
    expect(world.posted[0]?.culvert).toMatchObject({ lines: 2, of_lines: 11 })
  })

  it('says nothing while muted', async () => {
    const { resource, alert, find } = await watched({
      condition: { kind: 'more_than', lines: 0, minutes: 5 },
    })
    await room.store.mute(resource.number, alert.id, new Date(ago(-60 * MINUTE)))
    await world.lines(resource.number, 'x', [ago(20 * SECOND)])
    await pass(3)
    expect(await find()).toMatchObject({ state: 'firing' })
    await pass(10)
    expect(told()).toEqual([])
  })

  it('waits after the service was away, so that late lines are not taken for silence', async () => {
    const { resource, find } = await watched({ q: 'x', condition: { kind: 'silence', minutes: 5 } })
    await world.lines(resource.number, 'x', [ago(20 * SECOND)])
    await world.turn(room)
    expect(await find()).toMatchObject({ state: 'ok' })
    world.clock.now += 30 * MINUTE
    await world.turn(room)
    expect(await find()).toMatchObject({ state: 'ok' })
    await world.lines(resource.number, 'x', [ago(30 * SECOND)])
    await pass(3)
    expect(told()).toEqual([])
  })

  it('is unknown again when it watches for something else, and stays as it is when only its name changes', async () => {
    const { resource, alert, find } = await watched({
      condition: { kind: 'more_than', lines: 0, minutes: 5 },
    })
    await world.lines(resource.number, 'x', [ago(20 * SECOND)])
    await world.turn(room)
    const same = world.alert({ name: 'renamed', condition: alert.condition, webhook: undefined })
    expect(await room.store.update(resource, alert.id, same)).toMatchObject({
      state: 'firing',
      name: 'renamed',
      webhook: { host: '127.0.0.1' },
    })
    await room.store.update(resource, alert.id, { ...same, q: 'y' })
    expect(await find()).toMatchObject({ state: 'unknown', announced: false, evaluatedAt: null })
  })

  it('ends with its resource, and is not evaluated from then on', async () => {
    const { resource } = await watched({ condition: { kind: 'more_than', lines: 0, minutes: 5 } })
    await world.lines(resource.number, 'x', [ago(20 * SECOND)])
    await testLifecycle(world.database.pool, { endsWithResource: [room.store] }).deprovision(resource.id)
    await world.turn(room)
    expect(await room.store.list(resource.number)).toEqual([])
    expect(told()).toEqual([])
  })
})

describe('several processes', () => {
  it('look at each alert once and send each message once', async () => {
    const rooms = [room, world.openRoom(), world.openRoom()]
    const resource = await world.resource()
    await world.lines(resource.number, 'x', [ago(20 * SECOND)])
    for (let at = 0; at < 12; at++) {
      const condition = { kind: 'more_than', lines: 0, minutes: 5 } as const
      const { id } = await room.store.create(resource, world.alert({ name: `alert ${at}`, condition }))
      await watchedFor(id, 60 * MINUTE)
    }
    const before = rooms.map(({ counters }) => counters.evaluated)
    await Promise.all(rooms.map((one) => world.turn(one)))
    await Promise.all(rooms.map((one) => world.turn(one)))
    const evaluated = rooms.reduce((sum, { counters }, at) => sum + counters.evaluated - (before[at] ?? 0), 0)
    expect(evaluated).toBe(12)
    expect(told().sort()).toEqual(Array.from({ length: 12 }, (_, at) => `fired alert ${at}`).sort())
  })

  it('take over an alert from one that died while it looked', async () => {
    const { resource, find } = await watched({ condition: { kind: 'more_than', lines: 0, minutes: 5 } })
    await world.lines(resource.number, 'x', [ago(0)])
    const [claimed] = await room.store.claimDue(new Date(ago(0)), MINUTE, 10)
    await world.turn(room)
    expect(await find()).toMatchObject({ state: 'unknown' })
    world.clock.now += MINUTE
    await world.turn(room)
    expect(await find()).toMatchObject({ state: 'firing' })
    // The one that was believed dead comes back, too late.
    const recorded = await room.store.record(claimed as NonNullable<typeof claimed>, {
      now: new Date(ago(0)),
      dueAt: new Date(ago(0)),
      step: (standing) => ({ standing: { ...standing, state: 'ok' }, tell: null }),
      error: null,
      contentOf: () => {
        throw new Error('nothing is told')
      },
    })
    expect(recorded).toBeUndefined()
    expect(await find()).toMatchObject({ state: 'firing' })
  })

  it('deliver a message whose process died on the way', async () => {
    const { resource } = await watched({
      name: 'orphan',
      condition: { kind: 'more_than', lines: 0, minutes: 5 },
    })
    await world.lines(resource.number, 'x', [ago(20 * SECOND)])
    await runJob(room.jobs, 'evaluate-alerts')
    const store = createMessageStore(world.database.pool, { open: () => '' })
    expect(await store.claimDue(new Date(ago(0)), MINUTE, 10)).toHaveLength(1)
    await world.turn(room)
    expect(told()).toEqual([])
    world.clock.now += MINUTE
    await world.turn(room)
    expect(told()).toEqual(['fired orphan'])
  })
})

describe('a message', () => {
  it('is tried again while its receiver is away, and what comes after it waits', async () => {
    const { resource, find } = await watched({
      name: 'away',
      condition: { kind: 'more_than', lines: 0, minutes: 1 },
    })
    world.answers.push(503, 429, 500)
    await world.lines(resource.number, 'x', [ago(20 * SECOND)])
    await world.turn(room)
    expect(await find()).toMatchObject({ lastError: 'the webhook answered 503' })
    await pass(5)
    expect(told()).toEqual(['fired away', 'recovered away'])
    expect(await find()).toMatchObject({ lastError: null })
  })

  it('is given up at once where its receiver will never take it', async () => {
    const { resource, find } = await watched({ condition: { kind: 'more_than', lines: 0, minutes: 5 } })
    const before = room.counters.givenUp
    world.answers.push(404)
    await world.lines(resource.number, 'x', [ago(20 * SECOND)])
    await pass(2)
    expect(world.posted).toEqual([])
    expect(await find()).toMatchObject({ lastError: 'the webhook answered 404' })
    expect(room.counters.givenUp).toBe(before + 1)
    const { rowCount } = await world.database.pool.query('select from alert_message')
    expect(rowCount).toBe(0)
  })

  it('is given up after an hour and some', async () => {
    const { resource } = await watched({ condition: { kind: 'more_than', lines: 0, minutes: 5 } })
    world.answers.push(...Array.from({ length: 100 }, () => 503))
    await world.lines(resource.number, 'x', [ago(20 * SECOND)])
    await world.turn(room)
    await world.database.pool.query('update alert set muted_until = $1', [new Date(ago(-24 * 60 * MINUTE))])
    const before = room.counters.givenUp
    await pass(60)
    expect(room.counters.givenUp).toBe(before)
    await pass(30)
    expect(room.counters.givenUp).toBe(before + 1)
  })

  it('goes to nobody inside our network in production', async () => {
    const production = world.openRoom({
      NODE_ENV: 'production',
      ADDON_ID: 'acme-logs',
      ADDON_PASSWORD: 'a password of our own',
      ADDON_SSO_SALT: 'a salt of our own',
      SECRET_KEYS: `k1:${Buffer.alloc(32, 'k').toString('base64')}`,
    })
    const resource = await world.resource()
    const webhook = { url: world.webhookUrl, host: '127.0.0.1', hint: '' }
    const condition = { kind: 'more_than', lines: 0, minutes: 5 } as const
    const alert = await production.store.create(resource, world.alert({ webhook, condition }))
    await watchedFor(alert.id, MINUTE)
    await world.lines(resource.number, 'x', [ago(20 * SECOND)])
    await world.turn(production)
    expect(world.posted).toEqual([])
    expect(await production.store.find(resource.number, alert.id)).toMatchObject({
      state: 'firing',
      lastError: 'this is not an https address',
    })
  })

  it('to test an alert is sent once a minute at most', async () => {
    const { resource, alert } = await watched({ name: 'tested' })
    const content = {
      kind: 'test',
      alert: { id: alert.id, name: alert.name, q: '', condition: alert.condition },
      resource: { id: resource.id, name: 'r' },
      window: null,
      lines: 0,
      isAll: true,
      ofLines: null,
      examples: [],
    } as const
    const test = () => room.store.test(resource.number, alert.id, new Date(ago(0)), content)
    await test()
    await expect(test()).rejects.toMatchObject({ code: 'tested_too_often' })
    await world.turn(room)
    expect(told()).toEqual(['test tested'])
    world.clock.now += MINUTE
    await test()
  })
})

describe('the address of a webhook', () => {
  it('is sealed, and bound to its resource', async () => {
    const { resource, alert } = await watched({})
    const { rows } = await world.database.pool.query('select row_to_json(alert)::text as row from alert')
    expect(rows[0].row).not.toContain('secret')
    expect(rows[0].row).not.toContain(Buffer.from('secret').toString('hex'))
    expect(await room.store.find(resource.number, alert.id)).toMatchObject({
      webhook: { host: '127.0.0.1', hint: expect.stringMatching(/^[0-9a-f]{6}$/) },
    })
  })

  it('is resealed under a new key, and works on', async () => {
    const { resource } = await watched({
      name: 'resealed',
      condition: { kind: 'more_than', lines: 0, minutes: 5 },
    })
    const old = `k1:${Buffer.alloc(32, 'a').toString('base64')}`
    const anew = `k2:${Buffer.alloc(32, 'b').toString('base64')}`
    const condition = { kind: 'more_than', lines: 0, minutes: 5 } as const
    const before = world.openRoom({ SECRET_KEYS: old })
    const { id } = await before.store.create(resource, world.alert({ name: 'under the old key', condition }))
    await world.database.pool.query('delete from alert where id <> $1', [id])
    await watchedFor(id, MINUTE)
    const { secretKeys } = loadConfig({ SECRET_KEYS: `${anew},${old}` })
    const box = createSecretBox(secretKeys, randomBytes)
    expect(await resealOld(world.database.pool, box, [ALERT_SEALED_COLUMN], 10)).toBe(1)
    await world.lines(resource.number, 'x', [ago(20 * SECOND)])
    await world.turn(world.openRoom({ SECRET_KEYS: anew }))
    expect(told()).toEqual(['fired under the old key'])
  })
})

it('keeps fifty alerts of a resource and no more, each of another name', async () => {
  const resource = await world.resource()
  const create = (name: string) => room.store.create(resource, world.alert({ name }))
  await create('one')
  await expect(create('one')).rejects.toMatchObject({ code: 'name_taken' })
  const answers = await Promise.allSettled(Array.from({ length: 55 }, (_, at) => create(`n ${at}`)))
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(49)
  await expect(create('another')).rejects.toMatchObject({ code: 'too_many' })
})
