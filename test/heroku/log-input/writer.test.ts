import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HerokuRoom } from '../../../src/heroku/heroku.ts'
import { createLogInputAddresses } from '../../../src/heroku/log-input/addresses.ts'
import { LogInputWriter } from '../../../src/heroku/log-input/writer.ts'
import { createWorld, dump, expectNone, type World } from '../world.ts'

let world: World
let room: HerokuRoom
/** A resource whose OAuth grant is exchanged. */
let id: string
const written = () => world.heroku.logInput.lines.map(({ message }) => message.trimEnd())
const posts = () => world.platform.requests.filter(({ path }) => path === '/logs')

beforeEach(async () => {
  world = await createWorld()
  room = world.room()
  id = await world.install('tidy-river')
  await room.tokens.exchangeDue()
})
afterEach(async () => {
  room.close()
  await world.close()
})

async function write(...messages: string[]): Promise<void> {
  for (const message of messages) room.writer.write(id, message)
  await room.writer.settled()
}

describe('writing into an app’s log', () => {
  it('shows our slug as the process, and comes in order, in few requests', async () => {
    await write('one', 'two', 'three')
    expect(written()).toEqual(['one', 'two', 'three'])
    expect(world.heroku.logInput.lines[0]).toMatchObject({
      host: 'culvert',
      source: 'app',
      process: 'culvert',
      priority: 190,
    })
    expect(posts().length).toBeLessThanOrEqual(2)
    expect(room.counters.logInputLines).toBe(3)
  })

  it('follows an address that Heroku has changed, and keeps the new one', async () => {
    const [drain] = world.heroku.find(id)?.drains ?? []
    world.heroku.logInput.rotate(id, drain?.appId ?? '')
    await write('after the change')
    expect(written()).toEqual(['after the change'])
    const before = world.platform.requests.length
    await write('again')
    expect(written()).toHaveLength(2)
    // By the address it has learned: nobody was asked a second time.
    expect(world.platform.requests.length - before).toBe(1)
  })

  it('asks once where it is refused for good, then drops and counts', async () => {
    world.platform.fail({ kind: 'plain', on: /POST \/logs/ })
    await write('refused')
    expect(posts()).toHaveLength(2)
    expect(room.counters.logInputDropped).toEqual(new Map([['refused', 1]]))
  })

  it.each(['html', 'limited', 'lost'] as const)('tries again after %s', async (kind) => {
    world.platform.fail({ kind, on: /POST \/logs/, times: 1 })
    await write('at last')
    // A lost answer leaves it open whether the line was taken: it may be there twice.
    expect(new Set(written())).toEqual(new Set(['at last']))
    expect(posts()).toHaveLength(2)
    expect(room.counters.logInputDropped.size).toBe(0)
  })

  it('says nothing where there is no address, or none of a Logplex', async () => {
    await world.database.pool.query('update resource set sealed_log_input_url = null')
    await write('nowhere')
    const real = world.room()
    await real.tokenStore.storeLogInputUrl(id, 'https://token:t.1@1.us.logplex.io/logs')
    await write('nor there')
    expect(posts()).toEqual([])
    expect(room.counters.logInputDropped).toEqual(new Map([['no_address', 2]]))
  })

  it('drops its oldest lines when its queue is full, and counts them', async () => {
    world.platform.fail({ kind: 'slow', ms: 10_000, on: /POST \/logs/ })
    const ending = new AbortController()
    const { signal } = ending
    const bounded = new LogInputWriter({
      addresses: createLogInputAddresses({
        apiUrl: world.platform.origin,
        api: room.api,
        store: room.tokenStore,
        signal,
      }),
      addonId: 'culvert',
      counters: room.counters,
      log: { warn() {} },
      signal,
      now: () => world.clock.now,
      random: Math.random,
      maxQueued: 3,
    })
    // The first is under way, and its resource's others wait.
    for (let n = 0; n < 6; n++) bounded.write(id, `line ${n}`)
    expect(bounded.queued).toBe(3)
    expect(room.counters.logInputDropped).toEqual(new Map([['queue_full', 2]]))
    ending.abort()
    await bounded.settled()
  })

  it('ends with the service, whatever is under way', async () => {
    world.platform.fail({ kind: 'slow', ms: 10_000, on: /POST \/logs/ })
    room.writer.write(id, 'too late')
    await expect.poll(() => posts().length).toBe(1)
    room.writer.write(id, 'later still')
    room.close()
    await room.writer.settled()
    room.writer.write(id, 'after the end')
    expect(room.counters.logInputDropped).toEqual(new Map([['unavailable', 3]]))
  })

  it('shows its token neither in the database nor in the log', async () => {
    world.platform.fail({ kind: 'html', on: /POST \/logs/, times: 1 })
    await write('x')
    world.heroku.logInput.rotate(id, world.heroku.find(id)?.drains[0]?.appId ?? '')
    await write('y')
    world.platform.fail({ kind: 'plain', on: /POST \/logs/ })
    await write('z')
    expectNone(world.heroku.logInput.secrets, (await dump(world.database)) + world.logged.join('\n'))
  })
})
