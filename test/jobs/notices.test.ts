import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createNoticeStore } from '../../src/jobs/notice-store.ts'
import { announcePlans, type NoticesParts, warnOfQuotas } from '../../src/jobs/notices.ts'
import { createResourceStore } from '../../src/resources/resource-store.ts'
import { startAttachedService } from '../heroku/service.ts'
import { createWorld, type World } from '../heroku/world.ts'
import { delivery, frame } from '../support/deliveries.ts'
import { createPostgresLogStore } from '../support/logs.ts'

const PLANS = [
  { slug: 'test', dailyBytes: 10_000, retentionDays: 7 },
  { slug: 'large', dailyBytes: 20_000_000, retentionDays: 30 },
]
const DAY_MS = 86_400_000

let world: World
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.close())

/** What one process needs, and its way to say it. */
function someProcess(): NoticesParts & { settled(): Promise<void> } {
  const room = world.room()
  const { pool } = world.database
  return {
    store: createNoticeStore(pool),
    logs: createPostgresLogStore(pool),
    write: (resourceId, message) => room.writer.write(resourceId, message),
    addonId: 'culvert',
    plans: PLANS,
    limitsOf: (slug) => PLANS.find((plan) => plan.slug === slug) ?? { dailyBytes: 1, retentionDays: 1 },
    now: () => world.clock.now,
    settled: () => room.settled(),
  }
}

/** In four processes at once. */
async function everywhere(job: (parts: NoticesParts) => Promise<void>): Promise<void> {
  const all = Array.from({ length: 4 }, someProcess)
  await Promise.all(all.map(job))
  await Promise.all(all.map((one) => one.settled()))
}

/** What was said since the last time this was asked. */
function said(): string[] {
  return world.heroku.logInput.lines.splice(0).map(({ message }) => message.trimEnd())
}

async function use(id: string, bytes: number): Promise<void> {
  const { rows } = await world.database.pool.query('select number from resource where id = $1', [id])
  const logs = createPostgresLogStore(world.database.pool)
  await logs.makeTables([7], new Date(world.clock.now))
  await logs.append([
    delivery([frame('x'.repeat(bytes))], {
      resourceNumber: rows[0].number,
      receivedAtMicros: world.clock.now * 1_000,
    }),
  ])
}

describe('a customer is told', () => {
  it('once that the log is kept, once of each change of plan, by whatever process', async () => {
    const id = await world.install('tidy-river')
    await everywhere(announcePlans)
    expect(said()).toEqual([
      'at=info event=provisioned plan=test daily=10kB retention=7d msg="This log is being kept. Read it with: heroku addons:open culvert"',
    ])
    await everywhere(announcePlans)
    expect(said()).toEqual([])

    const resources = createResourceStore(world.database.pool)
    await resources.changePlan(id, 'large')
    await everywhere(announcePlans)
    await resources.changePlan(id, 'large')
    await everywhere(announcePlans)
    expect(said()).toEqual(['at=info event=plan_changed plan=large previous=test daily=20MB retention=30d'])
  })

  it('nothing of a provision that Heroku still waits for, until it is completed', async () => {
    const id = await world.install('tidy-river')
    const { pool } = world.database
    await pool.query('update provisioning set completed_at = null where resource_id = $1', [id])
    await everywhere(announcePlans)
    expect(said()).toEqual([])
    await pool.query('update provisioning set completed_at = now() where resource_id = $1', [id])
    await everywhere(announcePlans)
    expect(said()).toEqual([expect.stringMatching(/event=provisioned/)])
  })

  it('nothing of a resource that has ended', async () => {
    await world.deprovision(await world.install('tidy-river'))
    await everywhere(announcePlans)
    expect(said()).toEqual([])
  })

  it('at 80 and at 100 per cent of a day, once each, by whatever process, and anew the next day', async () => {
    const id = await world.install('tidy-river')
    await world.install('quiet-hill')
    await use(id, 7_000)
    await everywhere(warnOfQuotas)
    expect(said()).toEqual([])

    await use(id, 1_000)
    await everywhere(warnOfQuotas)
    await everywhere(warnOfQuotas)
    expect(said()).toEqual([expect.stringMatching(/^at=info event=quota used=80% daily=10kB plan=test msg=/)])

    await use(id, 2_000)
    await everywhere(warnOfQuotas)
    await everywhere(warnOfQuotas)
    expect(said()).toEqual([expect.stringMatching(/^at=warning event=quota used=100% /)])

    world.clock.now += DAY_MS
    await use(id, 11_000)
    await everywhere(warnOfQuotas)
    // Both at once: the higher one alone.
    expect(said()).toEqual([expect.stringMatching(/used=100%/)])
    world.clock.now += 3 * DAY_MS
    await use(id, 9_000)
    await everywhere(warnOfQuotas)
    const { rows } = await world.database.pool.query('select percent from quota_notice')
    expect(rows).toEqual([{ percent: 80 }])
  })

  it('of the new plan’s day after an upgrade', async () => {
    const id = await world.install('tidy-river')
    await use(id, 11_000)
    await everywhere(warnOfQuotas)
    await createResourceStore(world.database.pool).changePlan(id, 'large')
    await everywhere(warnOfQuotas)
    expect(said()).toHaveLength(1)
    await use(id, 17_000_000)
    await everywhere(warnOfQuotas)
    expect(said()).toEqual([expect.stringMatching(/used=80% daily=20MB plan=large/)])
  })
})

it('its own lines come back through the drain, are kept, and cause no others', async () => {
  const service = await startAttachedService()
  const { id } = await service.provisioned('tidy-river')
  const notices = async () => {
    const [drain] = service.heroku.find(id)?.drains ?? []
    await drain?.whenIdle()
    const lines = (await service.linesByApp(id, 'process:culvert'))['tidy-river'] ?? []
    return lines.map((line) => /event=(\w+)/.exec(line)?.[1])
  }
  // By the service's own clock.
  await expect.poll(notices, { timeout: 15_000, interval: 200 }).toEqual(['provisioned'])
  await service.heroku.changePlan(id, 'standard')
  await expect.poll(notices, { timeout: 15_000, interval: 200 }).toEqual(['provisioned', 'plan_changed'])
  await service.close()
}, 60_000)
