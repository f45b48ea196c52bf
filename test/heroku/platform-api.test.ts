import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CallLimiter } from '../../src/heroku/call-limiter.ts'
import type { ApiCall } from '../../src/heroku/platform-api.ts'
import { runJob } from '../support/jobs.ts'
import { type AttachedService, startAttachedService } from './service.ts'

const URGENT: ApiCall = { urgency: 'urgent' }
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: { failure?: string; message: string }) => `${error.failure}: ${error.message}`,
  )

describe('the Platform API', () => {
  let service: AttachedService
  let id: string
  beforeEach(async () => {
    service = await startAttachedService()
    ;({ id } = await service.provisioned('tidy-river'))
  })
  afterEach(() => service.close())

  const api = () => service.service.heroku.api

  it('tells what a resource is, and its drains and attachments, page by page', async () => {
    for (const app of ['a', 'b', 'c', 'd']) service.heroku.attach(id, app)
    service.platform.pageSize = 2
    expect(await api().findAddon(id, URGENT)).toMatchObject({
      id,
      state: 'provisioned',
      plan: { name: 'culvert:test' },
      app: { name: 'tidy-river' },
    })
    const names = (items: { app?: { name: string } | null | undefined }[]) =>
      items.map(({ app }) => app?.name).sort()
    const apps = ['a', 'b', 'c', 'd', 'tidy-river']
    expect(names(await api().listDrains(id, URGENT))).toEqual(apps)
    expect(names(await api().listAttachments(id, URGENT))).toEqual(apps)
  })

  it('is asked again with a fresh token when it refuses one, once', async () => {
    service.heroku.idServer.resetClientSecrets(service.heroku.idServer.clientSecrets)
    expect(await api().findAddon(id, URGENT)).toMatchObject({ id })
    expect(service.heroku.idServer.counts.refreshed).toBe(1)
    expect(await failure(api().findAddon('00000000-0000-4000-8000-000000000000', URGENT))).toMatch(/^unauth/)
  })

  it('is given the time it asks for by a 429', async () => {
    service.platform.fail({ kind: 'limited', retryAfterSeconds: 1, times: 1, on: /addons/ })
    const started = performance.now()
    expect(await api().findAddon(id, URGENT)).toMatchObject({ id })
    expect(performance.now() - started).toBeGreaterThan(900)
  })

  it.each([
    ['html', 'unavailable: the Platform API answered 503 (text/html)'],
    ['plain', 'refused: the Platform API answered 403 (application/json; charset=utf-8)'],
    ['wrong_json', 'unexpected: the Platform API: its answer is not as documented in id, name, state, plan'],
  ] as const)('is understood when it answers %s', async (kind, said) => {
    service.platform.fail({ kind, on: /addons/ })
    expect(await failure(api().findAddon(id, URGENT))).toBe(said)
  })

  it('may be given up', async () => {
    service.platform.fail({ kind: 'slow', ms: 3_000, on: /addons/ })
    const signal = AbortSignal.timeout(100)
    const started = performance.now()
    await failure(api().findAddon(id, { urgency: 'urgent', signal }))
    expect(performance.now() - started).toBeLessThan(1_500)
  })

  it('alone is shown a token: not whoever it redirects to, nor the callback_url of a provision', async () => {
    const seen: unknown[] = []
    const elsewhere = createServer((request, response) => {
      seen.push(request.headers)
      response.end('{}')
    })
    elsewhere.listen(0, '127.0.0.1')
    await once(elsewhere, 'listening')
    const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`
    service.platform.fail({ kind: 'redirect', location, on: /./ })
    expect(await failure(api().findAddon(id, URGENT))).toMatch(/^unexpected: the Platform API answered 307/)
    const { addon } = service.config
    await fetch(`${service.origin}/heroku/resources`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${addon.id}:${addon.passwords[0]}`).toString('base64')}`,
      },
      body: JSON.stringify({
        uuid: '8f3b2c1a-5d6e-4f70-8a9b-0c1d2e3f4a5b',
        plan: 'test',
        callback_url: location,
        oauth_grant: { code: 'a-grant' },
      }),
    })
    await service.service.heroku.settled()
    expect(service.logged.join('')).toMatch(/the id server answered 307/)
    expect(seen).toEqual([])
    elsewhere.close()
  })

  it('is left alone by the clock while Heroku has little left for us', async () => {
    service.platform.rateLimitRemaining = 100
    await api().findAddon(id, URGENT)
    const signal = AbortSignal.timeout(200)
    expect(await failure(api().findAddon(id, { urgency: 'background', signal }))).toMatch(
      /TimeoutError|aborted/,
    )
    expect(await failure(api().findAddon(id, URGENT))).toBe('none')
  })
})

it('does not keep a service from ending, however long it makes calls wait', async () => {
  const service = await startAttachedService()
  await service.provisioned()
  // Only what lists drains: whatever else met it first would keep that from being asked at all.
  service.platform.fail({ kind: 'limited', retryAfterSeconds: 300, on: /log-drains/ })
  const listing = runJob(service.service.heroku.jobs, 'list-drains')
  await expect.poll(() => service.platform.count('GET', /log-drains/)).toBeGreaterThan(0)
  const started = performance.now()
  service.service.heroku.close()
  await listing
  await service.close()
  expect(performance.now() - started).toBeLessThan(5_000)
})

describe('the limiter', () => {
  it('lets so many run at once, and so many wait', async () => {
    const limiter = new CallLimiter({ now: Date.now, callsAtOnce: 2, maxWaiting: 3 })
    let running = 0
    let most = 0
    const call = () =>
      limiter.run('urgent', async () => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setTimeout(resolve, 10))
        running--
      })
    const calls = Array.from({ length: 8 }, () => failure(call()))
    const said = await Promise.all(calls)
    expect(most).toBe(2)
    expect(said.filter((one) => one.startsWith('busy'))).toHaveLength(3)
    expect(limiter.waiting).toBe(0)
  })

  it('starts what is urgent first', async () => {
    const limiter = new CallLimiter({ now: Date.now, callsAtOnce: 1 })
    const order: string[] = []
    const call = (name: string, urgency: ApiCall['urgency']) =>
      limiter.run(urgency, async () => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        order.push(name)
      })
    await Promise.all([
      call('first', 'background'),
      call('background', 'background'),
      call('urgent', 'urgent'),
    ])
    expect(order).toEqual(['first', 'urgent', 'background'])
  })

  it('understands both forms of Retry-After, and waits half a minute without one', async () => {
    const waits = async (header: string | null) => {
      let now = 1_000_000_000_000
      const limiter = new CallLimiter({ now: () => now })
      limiter.pause(header)
      for (const seconds of [5, 31, 601]) {
        now = 1_000_000_000_000 + seconds * 1_000
        const ran = await Promise.race([
          limiter.run('urgent', async () => true, AbortSignal.timeout(20)).catch(() => false),
        ])
        if (ran) return seconds
      }
      return null
    }
    expect(await waits('3')).toBe(5)
    expect(await waits(new Date(1_000_000_030_000).toUTCString())).toBe(31)
    expect(await waits(null)).toBe(31)
    expect(await waits('soon')).toBe(31)
    expect(await waits('9999999')).toBe(601)
  })
})
