import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../../../src/cli/run.ts'
import { loadConfig } from '../../../src/config.ts'
import type { HerokuRoom } from '../../../src/heroku/heroku.ts'
import { type AttachedService, startAttachedService } from '../service.ts'
import { CLIENT_SECRET, createWorld, expectNone, type World } from '../world.ts'

const HOUR_MS = 3_600_000
const LIST = /GET \/api\/v3\/apps/

describe('the nightly comparison', () => {
  let world: World
  beforeEach(async () => {
    world = await createWorld()
    await world.database.pool.query('update reconciliation set due_at = $1', [new Date(world.clock.now)])
  })
  afterEach(() => world.close())

  /** What is younger may be missing from a list. */
  const grow = () => world.database.pool.query(`update resource set created_at = '2026-11-20'`)
  const asked = () => world.platform.count('GET', /^\/api\/v3\/apps$/)
  const told = () => world.logged.filter((line) => line.includes('difference to the list of installs'))

  it('is made by one of the processes, and all of them show what came of it', async () => {
    const here = await world.install('tidy-river')
    world.heroku.drop(await world.install('quiet-hill'))
    await grow()
    const rooms: HerokuRoom[] = [world.room(), world.room(), world.room(), world.room()]
    await Promise.all(rooms.map((room) => room.reconciler.runDue()))
    expect(asked()).toBe(1)
    await Promise.all(rooms.map((room) => room.reconciler.runDue()))
    expect(asked()).toBe(1)
    for (const room of rooms) {
      expect(room.levels().reconcileFindings).toEqual(
        new Map(
          Object.entries({ gone: 1, lost: 0, ended: 0, other_plan: 0, drain_elsewhere: 0, not_listed: 1 }),
        ),
      )
    }
    expect(told()).toHaveLength(2)
    expect(told().join()).toContain(here)
  })

  it('comes again the next night, and only tells', async () => {
    const id = await world.install('tidy-river')
    world.heroku.drop(id)
    await grow()
    for (let hour = 0; hour < 36; hour++) {
      await world.room().reconciler.runDue()
      world.clock.now += HOUR_MS
    }
    expect(asked()).toBe(2)
    const { rows } = await world.database.pool.query('select state from resource')
    expect(rows).toEqual([{ state: 'provisioned' }])
  })

  it('is tried again in half an hour where Heroku cannot be asked', async () => {
    const room = world.room()
    const mend = world.platform.fail({ kind: 'html', on: LIST })
    await room.reconciler.runDue()
    await room.reconciler.runDue()
    expect(asked()).toBe(1)
    world.clock.now += HOUR_MS / 2 + 1
    mend()
    await room.reconciler.runDue()
    expect(asked()).toBe(2)
    expect(room.levels().reconcileFindings).not.toEqual(new Map())
  })

  it('is made by another process where the one that began died', async () => {
    const store = world.database.pool
    await store.query('update reconciliation set leased_until = $1', [new Date(world.clock.now + HOUR_MS)])
    await world.room().reconciler.runDue()
    expect(asked()).toBe(0)
    world.clock.now += HOUR_MS
    await world.room().reconciler.runDue()
    expect(asked()).toBe(1)
  })

  it('reads the list page by page, and takes no part of it for the whole', async () => {
    for (let n = 0; n < 7; n++) await world.install(`app-${n}`)
    await grow()
    world.platform.pageSize = 3
    const findings = await world.room().reconciler.run()
    expect(findings.filter(({ kind }) => kind === 'gone')).toEqual([])
    expect(asked()).toBe(3)
    world.platform.fail({ kind: 'wrong_json', on: LIST })
    await expect(world.room().reconciler.run()).rejects.toMatchObject({ failure: 'unexpected' })
  })

  it('tries both passwords while they are rotated, and shows them to nobody else', async () => {
    const [old = ''] = loadConfig({}).addon.passwords
    const rotating = world.room({ ADDON_PASSWORD: 'not-pushed-yet', ADDON_PASSWORD_PREVIOUS: old })
    expect(await rotating.reconciler.run()).toEqual([])
    const wrong = world.room({ ADDON_PASSWORD: 'neither-nor-password' })
    await expect(wrong.reconciler.run()).rejects.toMatchObject({ failure: 'refused', status: 401 })
    expectNone([old, 'not-pushed-yet', 'neither-nor-password'], world.logged.join('\n'))
  })
})

describe('culvert reconcile', () => {
  let service: AttachedService
  beforeEach(async () => {
    service = await startAttachedService()
  })
  afterEach(() => service.close())

  async function culvert(...args: string[]) {
    let output = ''
    const write = (text: string) => {
      output += text
    }
    const environment = {
      DATABASE_URL: service.database.url,
      HEROKU_API_URL: service.platform.origin,
      HEROKU_ID_URL: service.platform.origin,
      HEROKU_CLIENT_SECRET: CLIENT_SECRET,
      PUBLIC_URL: service.origin,
      DRAIN_URL: service.config.drainUrl,
    }
    const code = await runCli(['reconcile', ...args], { environment, write, writeError: write })
    return { code, output }
  }
  /** So long ago that the list must have them, and asked about in the meantime. */
  const grow = async () => {
    await service.database.pool.query(
      `update resource set created_at = now() - interval '1 day', updated_at = now() - interval '1 day'`,
    )
    for (const { uuid } of service.heroku.resources())
      await service.service.heroku.listDrains(uuid, 'background')
  }

  it('says that nothing differs, and remembers that', async () => {
    await service.provisioned('tidy-river')
    await grow()
    expect(await culvert('--last')).toEqual({
      code: 2,
      output: 'There was no comparison yet: culvert reconcile\n',
    })
    const { code, output } = await culvert()
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringMatching(/nothing differs/) })
    expect((await culvert('--last')).output).toBe(output)
  })

  it('has the service follow a plan change that was lost', async () => {
    const { id } = await service.provisioned('tidy-river')
    const plan = async () =>
      (await service.database.pool.query('select plan from resource where id = $1', [id])).rows[0].plan
    // Where webhooks are subscribed to, a resource is read anew by its webhook's row.
    await expect
      .poll(async () => (await service.database.pool.query('select from webhook')).rowCount, {
        timeout: 10_000,
      })
      .toBe(1)
    await grow()
    const there = service.heroku.find(id)
    if (there) there.plan = 'premium'
    expect((await culvert()).output).toMatch(/^other_plan: 1\n.* premium at Heroku and test here$/m)
    await expect.poll(plan, { timeout: 15_000 }).toBe('premium')
    expect((await culvert()).code).toBe(0)
  })

  it('ends what Heroku has no more, where Heroku says so of each, and nothing else', async () => {
    const [gone, here] = [await service.provisioned('tidy-river'), await service.provisioned('quiet-hill')]
    await grow()
    service.heroku.drop(gone.id)
    const found = await culvert()
    expect(found.code).toBe(1)
    expect(found.output).toMatch(new RegExp(`gone: 1\\n  ${gone.id}  .*\\n  -> Their DELETE was lost`))

    // The tokens have died with the resource; that ours would be taken is shown by another one's.
    const { code, output } = await culvert('--end-gone', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(output)).toMatchObject({
      ended: [gone.id],
      findings: [{ kind: 'gone', resource: gone.id }],
    })
    const { rows } = await service.database.pool.query('select id, state from resource order by state')
    expect(rows).toEqual([
      { id: gone.id, state: 'deprovisioned' },
      { id: here.id, state: 'provisioned' },
    ])
    expect((await culvert()).code).toBe(0)
  })

  it('ends nothing while Heroku takes no token of ours at all', async () => {
    const gone = await service.provisioned('tidy-river')
    await service.provisioned('quiet-hill')
    await grow()
    service.heroku.drop(gone.id)
    service.heroku.idServer.resetClientSecrets(['another-one'])
    const { code, output } = await culvert('--end-gone')
    expect(code).toBe(1)
    expect(output).toMatch(new RegExp(`^${gone.id} is left alone: the id server answered 401`, 'm'))
    expect(
      await service.database.pool.query(`select from resource where state = 'deprovisioned'`),
    ).toMatchObject({
      rowCount: 0,
    })
  })

  it('says in a sentence that Heroku cannot be asked', async () => {
    service.platform.fail({ kind: 'html', on: LIST })
    expect(await culvert()).toEqual({
      code: 2,
      output: 'Heroku could not be asked: the list of installs answered 503 (text/html)\n',
    })
  })
})
