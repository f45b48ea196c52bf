import { randomBytes, randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { HEROKU_SEALED_COLUMNS } from '../../src/heroku/token-store.ts'
import { resealOld } from '../../src/secrets/reseal.ts'
import { createSecretBox } from '../../src/secrets/secret-box.ts'
import { CLIENT_SECRET, createWorld, dump, expectNone, type World } from './world.ts'

const EIGHT_HOURS_MS = 28_799_000

let world: World
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.close())

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: { failure?: string }) => error.failure ?? String(error),
  )
const tokenCalls = () => world.platform.count('POST', /^\/oauth\/token$/)

describe('the grant of a provision', () => {
  it('is exchanged at once and once, however many processes try', async () => {
    const rooms = [world.room(), world.room(), world.room()]
    const id = randomUUID()
    const grant = world.heroku.idServer.issueGrant(id)
    await Promise.all(rooms.map((room) => world.provisionAt(room, id, grant)))
    await Promise.all(rooms.map((room) => room.settled()))
    expect(tokenCalls()).toBe(1)
    const tokens = await Promise.all(rooms.map((room) => room.tokens.accessToken(id)))
    for (const token of tokens) expect(world.heroku.idServer.resourceOf(`Bearer ${token}`)).toBe(id)
  })

  it('goes in the body of the request and not in its address', async () => {
    await world.provision()
    await world.room().tokens.exchangeDue()
    expect(world.platform.requests).toMatchObject([{ method: 'POST', path: '/oauth/token', query: '' }])
  })

  it('is taken up by another process when the one that took it dies before it calls', async () => {
    const id = await world.provision()
    const [died] = await world.room().tokenStore.claimGrants(world.clock.now, 15_000, 10)
    expect(died?.resourceId).toBe(id)
    const other = world.room()
    await other.tokens.exchangeDue()
    expect(tokenCalls()).toBe(0)
    world.clock.now += 15_001
    await other.tokens.exchangeDue()
    expect(await other.tokens.accessToken(id)).toMatch(/^HRKU-/)
    expect(world.heroku.idServer.counts.exchanged).toBe(1)
  })

  it('is lost with the process that dies between answer and commit, and a newer one heals that', async () => {
    const id = await world.provision()
    const room = world.room()
    // What the dead process had been answered, nobody else is.
    world.platform.fail({ kind: 'lost', on: /oauth/, times: 1 })
    for (let second = 0; second < 310; second += 5) {
      await room.tokens.exchangeDue()
      world.clock.now += 5_000
    }
    expect(await failure(room.tokens.accessToken(id))).toBe('unauthorized')
    expect(room.counters.grantsLost).toBe(1)
    await world.provision(undefined, id)
    await room.tokens.exchangeDue()
    expect(await room.tokens.accessToken(id)).toMatch(/^HRKU-/)
  })

  it('is exchanged although the id server is down for four minutes', async () => {
    const id = await world.provision()
    const room = world.room()
    const mend = world.platform.fail({ kind: 'html' })
    const run = async (seconds: number) => {
      for (let second = 0; second < seconds; second++) {
        await room.tokens.exchangeDue()
        world.clock.now += 1_000
      }
    }
    await run(240)
    expect(await failure(room.tokens.accessToken(id))).toBe('pending')
    expect(tokenCalls()).toBeGreaterThan(15)
    expect(tokenCalls()).toBeLessThan(60)
    mend()
    await run(20)
    expect(await room.tokens.accessToken(id)).toMatch(/^HRKU-/)
  })

  it('is given up with one line in the log when it is dead', async () => {
    const id = await world.provision()
    const [room, other] = [world.room(), world.room()]
    world.platform.fail({ kind: 'html' })
    await room.tokens.exchangeDue()
    world.clock.now += 300_001
    await Promise.all([room.tokens.exchangeDue(), other.tokens.exchangeDue()])
    await room.tokens.exchangeDue()
    expect(room.counters.grantsLost + other.counters.grantsLost).toBe(1)
    expect(
      world.logged.filter((line) => line.includes('expired before its exchange') && line.includes(id)),
    ).toHaveLength(1)
    expect(tokenCalls()).toBe(1)
  })

  it('is replaced by a newer one before it is exchanged, and never after', async () => {
    const { idServer } = world.heroku
    const id = randomUUID()
    const dead = idServer.issueGrant(randomUUID())
    await world.provision(dead, id)
    await world.provision(undefined, id)
    const room = world.room()
    await room.tokens.exchangeDue()
    const token = await room.tokens.accessToken(id)
    await world.provision(undefined, id)
    await room.tokens.exchangeDue()
    expect(tokenCalls()).toBe(1)
    expect(await room.tokens.accessToken(id)).toBe(token)
  })

  it('that comes again unchanged keeps its age', async () => {
    const id = randomUUID()
    const grant = world.heroku.idServer.issueGrant(id)
    await world.provision(grant, id)
    world.clock.now += 299_000
    await world.provision(grant, id)
    world.clock.now += 2_000
    const room = world.room()
    await room.tokens.exchangeDue()
    expect(room.counters.grantsLost).toBe(1)
  })

  it('is not even kept without a client secret', async () => {
    const off = world.room({ HEROKU_CLIENT_SECRET: '' })
    expect(off.isOn).toBe(false)
    expect(off.jobs.map(({ name }) => name)).toEqual([])
    await world.provisionAt(off, randomUUID(), 'x')
    expect(await world.database.pool.query('select from heroku_authorization')).toMatchObject({ rowCount: 0 })
  })
})

describe('an access token', () => {
  async function exchanged() {
    const id = await world.provision()
    await world.room().tokens.exchangeDue()
    return id
  }

  it('is refreshed before it expires, not after', async () => {
    const id = await exchanged()
    const room = world.room()
    const first = await room.tokens.accessToken(id)
    world.clock.now += EIGHT_HOURS_MS - 180_000
    expect(await room.tokens.accessToken(id)).toBe(first)
    world.clock.now += 90_000
    const second = await room.tokens.accessToken(id)
    expect(second).not.toBe(first)
    expect(world.heroku.idServer.counts.refreshed).toBe(1)
  })

  it('is refreshed once, by one of the processes that need it', async () => {
    const id = await exchanged()
    world.clock.now += EIGHT_HOURS_MS + 1
    world.heroku.idServer.rotatesRefreshTokens = true
    world.platform.fail({ kind: 'slow', ms: 100 })
    const rooms = Array.from({ length: 4 }, () => world.room())
    const tokens = await Promise.all(
      rooms.flatMap(({ tokens }) => [tokens.accessToken(id), tokens.accessToken(id)]),
    )
    expect(new Set(tokens).size).toBe(1)
    expect(world.heroku.idServer.counts).toMatchObject({ refreshed: 1, refused: 0 })
  })

  it('is refreshed with the refresh token that the last refresh brought', async () => {
    const id = await exchanged()
    world.heroku.idServer.rotatesRefreshTokens = true
    for (let round = 1; round <= 3; round++) {
      world.clock.now += EIGHT_HOURS_MS + 1
      const token = await world.room().tokens.accessToken(id)
      expect(world.heroku.idServer.resourceOf(`Bearer ${token}`)).toBe(id)
    }
    expect(world.heroku.idServer.counts).toMatchObject({ refreshed: 3, refused: 0 })
  })

  it('is used while it lasts when it cannot be refreshed, and then the id server is not hammered', async () => {
    const id = await exchanged()
    const room = world.room()
    const token = await room.tokens.accessToken(id)
    world.platform.fail({ kind: 'html' })
    world.clock.now += EIGHT_HOURS_MS - 60_000
    expect(await room.tokens.accessToken(id)).toBe(token)
    world.clock.now += 60_000
    const before = tokenCalls()
    for (let n = 0; n < 5; n++) expect(await failure(room.tokens.accessToken(id))).toBe('unavailable')
    expect(tokenCalls() - before).toBe(1)
  })

  it('is got with either client secret while they are rotated', async () => {
    const id = await exchanged()
    const both = { HEROKU_CLIENT_SECRET: 'a-new-one', HEROKU_CLIENT_SECRET_PREVIOUS: CLIENT_SECRET }
    const early = world.room(both)
    const other = await world.provision()
    await early.tokens.exchangeDue()
    expect(await early.tokens.accessToken(other)).toMatch(/^HRKU-/)
    // Reset in the portal: every access token is dead, the refresh tokens live.
    const dead = await early.tokens.accessToken(id)
    world.heroku.idServer.resetClientSecrets(['a-new-one'])
    expect(world.heroku.idServer.resourceOf(`Bearer ${dead}`)).toBe(null)
    const token = await early.tokens.accessToken(id, dead)
    expect(world.heroku.idServer.resourceOf(`Bearer ${token}`)).toBe(id)
  })

  it('is forgotten with its resource', async () => {
    const id = await exchanged()
    await world.deprovision(id)
    expect(await failure(world.room().tokens.accessToken(id))).toBe('unauthorized')
    expect(await world.room().tokenStore.findLogInputUrl(id)).toBe(null)
  })
})

describe('what the id server says instead of tokens', () => {
  it.each([
    ['an HTML page', { kind: 'html' }, /the id server answered 503 \(text\/html\)/],
    ['text labelled JSON', { kind: 'plain' }, /the id server answered 403 \(application\/json/],
    ['too many requests', { kind: 'limited' }, /the id server answered 429 \(rate_limit\)/],
    ['JSON that is not tokens', { kind: 'wrong_json' }, /not as documented in access_token, expires_in/],
    ['nothing', { kind: 'lost' }, /could not be reached: \w+/],
  ] as const)('is understood: %s', async (_what, fault, message) => {
    await world.provision()
    world.platform.fail(fault)
    await world.room().tokens.exchangeDue()
    expect(world.logged.join('')).toMatch(message)
  })
})

describe('secrets', () => {
  it('are in clear neither in the database nor in the log, through a life with every kind of failure', async () => {
    const id = await world.provision()
    const lost = await world.provision()
    for (const kind of ['html', 'plain', 'limited', 'wrong_json'] as const) {
      world.platform.fail({ kind, times: 2 })
      await world.room().tokens.exchangeDue()
      world.clock.now += 20_000
    }
    const waiting = await dump(world.database)
    await world.room().tokens.exchangeDue()
    world.clock.now += EIGHT_HOURS_MS
    await world.room().tokens.accessToken(id)
    const secrets = [...world.heroku.idServer.secrets, `t.${id}`, `t.${lost}`]
    expect(world.heroku.idServer.counts).toMatchObject({ exchanged: 2, refreshed: 1 })
    expectNone(secrets, waiting + (await dump(world.database)) + world.logged.join('\n'))
  })

  it('are resealed under a new key, so that the old one can be dropped', async () => {
    const id = await world.provision()
    await world.room().tokens.exchangeDue()
    const unexchanged = await world.provision()
    const key = (letter: string) => Buffer.alloc(32, letter).toString('base64')
    const [old] = loadConfig({}).secretKeys
    const { secretKeys } = loadConfig({ SECRET_KEYS: `k2:${key('2')},${old?.id}:${old?.key}` })
    const box = createSecretBox(secretKeys, randomBytes)
    const reseal = () => resealOld(world.database.pool, box, HEROKU_SEALED_COLUMNS, 100)
    expect(await reseal()).toBe(5)
    expect(await reseal()).toBe(0)
    const rotated = world.room({ SECRET_KEYS: `k2:${key('2')}` })
    expect(await rotated.tokens.accessToken(id)).toMatch(/^HRKU-/)
    expect(await rotated.tokenStore.findLogInputUrl(unexchanged)).toContain(`t.${unexchanged}`)
    await rotated.tokens.exchangeDue()
    expect(await rotated.tokens.accessToken(unexchanged)).toMatch(/^HRKU-/)
  })
})
