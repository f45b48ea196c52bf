// Exclusion rules on the whole service: from the drain into the store, by every way that leads there.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { withTransaction } from '../../../src/database/pool.ts'
import { createExclusionStore, type ExclusionStore } from '../../../src/logs/exclusion/exclusion-store.ts'
import { Exclusions } from '../../../src/logs/exclusion/exclusions.ts'
import { counted, delivery, frame } from '../../support/deliveries.ts'
import { createPostgresLogStore } from '../../support/logs.ts'
import {
  deprovision,
  provision,
  startTestService,
  storedMessages,
  type TestService,
} from '../../support/service.ts'

const TODAY = new Date().toISOString().slice(0, 10)
const WITHIN = { timeout: 15_000, interval: 50 }

let service: TestService
let store: ExclusionStore
beforeAll(async () => {
  service = await startTestService()
  store = createExclusionStore(service.database.pool)
})
afterAll(() => service.close())

async function numberOf({ database }: TestService, id: string): Promise<number> {
  const { rows } = await database.pool.query('select number from resource where id = $1', [id])
  return rows[0].number
}

async function deliver(
  { drainUrl, drainToken }: { drainUrl: string; drainToken: string },
  frames: readonly string[],
  headers: Record<string, string> = {},
): Promise<number> {
  const answer = await fetch(drainUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/logplex-1',
      'logplex-drain-token': drainToken,
      'logplex-frame-id': randomBytes(16).toString('hex'),
      ...headers,
    },
    body: new Uint8Array(Buffer.concat(frames.map(counted))),
  })
  return answer.status
}

describe('a rule', () => {
  it('comes into force within seconds, and what it drops is answered 204, counted, and not in the usage', async () => {
    const resource = await provision(service)
    const number = await numberOf(service, resource.id)
    const { id } = await store.create(number, { name: 'health', q: 'healthz', isOn: true })
    let sent = 0
    await vi.waitFor(async () => {
      sent++
      expect(await deliver(resource, [frame('GET /healthz'), frame(`kept ${sent}`)])).toBe(204)
      expect((await storedMessages(service, resource.id)).at(-1)).toBe(`kept ${sent}`)
      expect(await createPostgresLogStore(service.database.pool).savedSince(number, TODAY)).toHaveLength(1)
    }, WITHIN)

    const logs = createPostgresLogStore(service.database.pool)
    const [saved] = await logs.savedSince(number, TODAY)
    const usage = await logs.usage(number, TODAY)
    const healthBytes = counted(frame('GET /healthz')).length
    expect(saved).toMatchObject({ exclusionId: id, lines: (saved?.bytes ?? 0) / healthBytes })
    // Those before the rule came into force are kept; together they are what was sent.
    expect(usage.lines + (saved?.lines ?? 0)).toBe(sent * 2)
    const body = (at: number) => healthBytes + counted(frame(`kept ${at}`)).length
    const bodies = Array.from({ length: sent }, (_, at) => body(at + 1)).reduce((sum, bytes) => sum + bytes)
    expect(usage.bytes + (saved?.bytes ?? 0)).toBe(bodies)
    expect(await (await fetch(`${service.origin}/metrics`)).text()).toMatch(
      /culvert_exclusions_dropped_lines_total [1-9]/,
    )

    await store.remove(number, id)
    await vi.waitFor(async () => {
      await deliver(resource, [frame('GET /healthz')])
      expect((await storedMessages(service, resource.id)).at(-1)).toBe('GET /healthz')
    }, WITHIN)
  })

  it('ends with its resource', async () => {
    const resource = await provision(service)
    const number = await numberOf(service, resource.id)
    await store.create(number, { name: 'x', q: 'x', isOn: true })
    await deprovision(service, resource.id)
    expect(await store.list(number)).toEqual([])
    await expect(store.create(number, { name: 'y', q: 'y', isOn: true })).rejects.toMatchObject({
      code: 'resource_gone',
    })
  })
})

it('rules drop lines of deliveries that were spooled and stored later', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'culvert-exclusions-'))
  const spooling = await startTestService({ SPOOL: 'on', SPOOL_DIRECTORY: directory, SPOOL_AFTER_MS: '50' })
  try {
    const resource = await provision(spooling)
    const number = await numberOf(spooling, resource.id)
    const rules = createExclusionStore(spooling.database.pool)
    await rules.create(number, { name: 'noise', q: 'noise', isOn: true })
    await vi.waitFor(async () => {
      await deliver(resource, [frame('noise before'), frame('first')])
      expect(await createPostgresLogStore(spooling.database.pool).savedSince(number, TODAY)).toHaveLength(1)
    }, WITHIN)
    const before = spooling.service.drain.counters.spooled
    // Whoever commits waits for this lock, as for a database that stands still.
    await withTransaction(spooling.database.pool, async (client) => {
      await client.query('lock table usage in access exclusive mode')
      expect(await deliver(resource, [frame('noise'), frame('spooled'), frame('more noise')])).toBe(204)
    })
    expect(spooling.service.drain.counters.spooled).toBeGreaterThan(before)
    await vi.waitFor(async () => {
      expect((await storedMessages(spooling, resource.id)).at(-1)).toBe('spooled')
    }, WITHIN)
    expect(
      (await storedMessages(spooling, resource.id)).filter((message) => message.includes('more')),
    ).toEqual([])
  } finally {
    await spooling.close()
    await rm(directory, { recursive: true })
  }
})

it('a line that tells of a loss may go, and the gap it told of stays', async () => {
  const resource = await provision(service)
  const number = await numberOf(service, resource.id)
  await store.create(number, { name: 'platform', q: 'source:heroku', isOn: true })
  const l10 = frame('Error L10 (output buffer overflow): drain dropped 12 messages since 2026-11-21', {
    source: 'heroku',
    process: 'logplex',
  })
  const logs = createPostgresLogStore(service.database.pool)
  let sent = 0
  await vi.waitFor(async () => {
    sent++
    await deliver(resource, [l10])
    expect(await logs.savedSince(number, TODAY)).toHaveLength(1)
  }, WITHIN)
  const gaps = await logs.gaps(number, new Date(Date.now() - 86_400_000))
  expect(gaps.reduce((sum, { lines }) => sum + lines, 0)).toBe(12 * sent)
})

describe('the rules in memory', () => {
  const parts = (appNames: () => Promise<Map<number, string>> = async () => new Map()) => ({
    store,
    appNames,
    clock: () => performance.now(),
  })
  const own = async () => {
    const { id } = await provision(service)
    return numberOf(service, id)
  }
  const through = async (exclusions: Exclusions, one: ReturnType<typeof delivery>) => {
    let passed: readonly (typeof one)[] = []
    await exclusions.before(async (deliveries: readonly (typeof one)[]) => {
      passed = deliveries
      return deliveries.map(() => 'stored' as const)
    })([one])
    return passed[0] as typeof one
  }

  it('follow every change, in whichever process it is made', async () => {
    const resourceNumber = await own()
    const others = [new Exclusions(parts()), new Exclusions(parts())]
    const dropped = async () => {
      const found: boolean[] = []
      for (const exclusions of others) {
        await exclusions.refresh()
        const rest = await through(exclusions, delivery([frame('a')], { resourceNumber }))
        found.push(rest.lines.length === 0)
      }
      return found
    }
    expect(await dropped()).toEqual([false, false])
    const { id } = await store.create(resourceNumber, { name: 'a', q: 'a', isOn: true })
    expect(await dropped()).toEqual([true, true])
    await store.update(resourceNumber, id, { name: 'a', q: 'a', isOn: false })
    expect(await dropped()).toEqual([false, false])
    await store.update(resourceNumber, id, { name: 'a', q: 'a', isOn: true })
    expect(await dropped()).toEqual([true, true])
    await store.remove(resourceNumber, id)
    expect(await dropped()).toEqual([false, false])
  })

  it('lose no change among many that are made at once', async () => {
    const numbers = await Promise.all(Array.from({ length: 8 }, own))
    const exclusions = new Exclusions(parts())
    let done = false
    const reading = (async () => {
      while (!done) await exclusions.refresh()
    })()
    await Promise.all(
      numbers.map((resourceNumber) => store.create(resourceNumber, { name: 'a', q: 'a', isOn: true })),
    )
    done = true
    await reading
    await exclusions.refresh()
    for (const resourceNumber of numbers) {
      const rest = await through(exclusions, delivery([frame('a')], { resourceNumber }))
      expect(rest.lines).toHaveLength(0)
    }
  })

  it('wait for the names of apps before a rule that asks for one drops anything', async () => {
    const resourceNumber = await own()
    await store.create(resourceNumber, { name: 'others', q: '-app:shop', isOn: true })
    let names: Map<number, string> | null = null
    const exclusions = new Exclusions(
      parts(async () => {
        if (names === null) throw new Error('away')
        return names
      }),
    )
    await expect(exclusions.refresh()).rejects.toThrow('away')
    const one = () => delivery([frame('a')], { resourceNumber, drainId: 1 })
    expect((await through(exclusions, one())).lines).toHaveLength(1)
    names = new Map([[1, 'shop']])
    await exclusions.refresh()
    expect((await through(exclusions, one())).lines).toHaveLength(1)
    expect((await through(exclusions, { ...one(), drainId: 2 })).lines).toHaveLength(0)
  })

  it('keep what they have no time for, and count it', async () => {
    const resourceNumber = await own()
    await store.create(resourceNumber, { name: 'dear', q: '/(a+)+$/', isOn: true })
    // A clock on which each look takes a fifth of a second.
    let now = 0
    const exclusions = new Exclusions({ ...parts(), clock: () => (now += 200) })
    await exclusions.refresh()
    const rest = await through(
      exclusions,
      delivery(
        Array.from({ length: 50 }, () => frame('aaaa')),
        { resourceNumber },
      ),
    )
    expect(exclusions.counters.unreadLines).toBeGreaterThan(10)
    expect(rest.lines.length).toBe(exclusions.counters.unreadLines)
    expect(rest.lines.length + exclusions.counters.droppedLines).toBe(50)
  })
})

it('keeps twenty rules of a resource and no more', async () => {
  const { id } = await provision(service)
  const number = await numberOf(service, id)
  const create = (name: string) => store.create(number, { name, q: name, isOn: false })
  const answers = await Promise.allSettled(Array.from({ length: 25 }, (_, at) => create(`rule ${at}`)))
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(20)
})
