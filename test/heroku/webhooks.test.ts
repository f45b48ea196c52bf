import { randomUUID } from 'node:crypto'
import { signatureOf } from 'heroku-simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isSigned } from '../../src/partner/webhook.ts'
import { runJob } from '../support/jobs.ts'
import { herokuAuthorization } from '../support/service.ts'
import { type AttachedService, startAttachedService } from './service.ts'
import { dump, expectNone } from './world.ts'

const FAILURES_A_MINUTE = 30
/** The service's own clock may just be doing the same. */
const PATIENTLY = { timeout: 10_000 }

let service: AttachedService
beforeEach(async () => {
  service = await startAttachedService({ FAILED_LOGINS_PER_MINUTE: String(FAILURES_A_MINUTE) })
  service.heroku.webhooks.manner = 'prompt'
})
afterEach(() => service.close())

const job = (name: string) => runJob(service.service.heroku.jobs, name)
const counters = () => service.service.heroku.counters

/** Provisioned, subscribed, and everything known that is to be known. */
async function subscribed() {
  const { id, drain } = await service.provisioned('tidy-river')
  await expect.poll(() => service.heroku.webhooks.of(id).length, PATIENTLY).toBe(1)
  await expect
    .poll(() => service.service.heroku.webhooks.find(id), PATIENTLY)
    .toMatchObject({
      webhookId: service.heroku.webhooks.of(id)[0]?.id,
    })
  await listed()
  await service.database.pool.query(`update drain set created_at = now() - interval '1 day'`)
  return { id, drain, webhook: service.heroku.webhooks.of(id)[0] as Webhook }
}
type Webhook = ReturnType<AttachedService['heroku']['webhooks']['of']>[number]

/** What was made due by webhooks is done. */
async function listed(): Promise<void> {
  await service.heroku.webhooks.whenIdle()
  await job('list-drains')
}
async function read(): Promise<void> {
  await service.heroku.webhooks.whenIdle()
  await job('read-resources')
}

/** Names of the apps whose drains the resource has, detached ones too. */
async function apps(id: string): Promise<(string | null)[]> {
  const { rows } = await service.database.pool.query<{ app_name: string | null }>(
    `select app_name from drain join resource on number = resource_number where resource.id = $1 order by app_name`,
    [id],
  )
  return rows.map(({ app_name: name }) => name)
}
async function resource(id: string): Promise<{ name: string; plan: string; state: string }> {
  const { rows } = await service.database.pool.query('select name, plan, state from resource where id = $1', [
    id,
  ])
  return rows[0]
}
/** Long after the last plan change. */
const settle = (id: string) =>
  service.database.pool.query(`update resource set updated_at = now() - interval '1 hour' where id = $1`, [
    id,
  ])

function event(fields: Record<string, unknown> = {}) {
  return Buffer.from(
    JSON.stringify({
      id: randomUUID(),
      action: 'create',
      webhook_metadata: { event: { id: 'x', include: 'api:addon-attachment' } },
      ...fields,
    }),
  )
}
function post(id: string, body: Buffer, headers: Record<string, string>): Promise<Response> {
  return fetch(`${service.origin}/heroku/webhooks/${id}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: new Uint8Array(body),
  })
}
const signed = ({ secret, authorization }: Webhook, body: Buffer) => ({
  'heroku-webhook-hmac-sha256': signatureOf(body, secret ?? ''),
  authorization: authorization ?? '',
})

describe('a webhook tells', () => {
  it('of an app that is attached, before it sends a line', async () => {
    const { id } = await subscribed()
    service.heroku.attach(id, 'calm-lake')
    await listed()
    await expect.poll(() => apps(id), PATIENTLY).toEqual(['calm-lake', 'tidy-river'])
  })

  it('of an app that is renamed, and of one that is detached', async () => {
    const { id } = await subscribed()
    const attached = service.heroku.attach(id, 'calm-lake')
    await listed()
    await service.database.pool.query(`update drain set created_at = now() - interval '1 day'`)
    service.heroku.renameApp('calm-lake', 'wild-lake')
    await listed()
    await expect.poll(() => apps(id), PATIENTLY).toEqual(['tidy-river', 'wild-lake'])
    service.heroku.detach(id, 'wild-lake')
    await listed()
    const detached = async () =>
      (await service.database.pool.query('select app_name from drain where detached_at is not null')).rows
    await expect.poll(detached, PATIENTLY).toEqual([{ app_name: 'wild-lake' }])
    attached.stop()
  })

  it('of another name of the resource', async () => {
    const { id } = await subscribed()
    service.heroku.rename(id, 'culvert-of-the-shop')
    await read()
    await expect.poll(() => resource(id), PATIENTLY).toMatchObject({ name: 'culvert-of-the-shop' })
    expect(counters().addonsFollowed).toBeGreaterThan(0)
  })

  it('of a plan change whose PUT we never saw, unless ours is so young that Heroku may be about to follow', async () => {
    const { id } = await subscribed()
    const other = service.config.plans.find(({ slug }) => slug !== 'test')?.slug as string
    const known = service.heroku.find(id)
    if (known) known.plan = other
    service.heroku.rename(id, 'another')
    await read()
    await expect.poll(() => resource(id), PATIENTLY).toMatchObject({ plan: 'test', name: 'another' })
    await settle(id)
    service.pass(16 * 60_000)
    await read()
    await expect.poll(() => resource(id), PATIENTLY).toMatchObject({ plan: other })
  })

  it('nothing of plans that we do not sell', async () => {
    const { id } = await subscribed()
    await settle(id)
    const known = service.heroku.find(id)
    if (known) known.plan = 'retired'
    service.heroku.rename(id, 'another')
    await read()
    await expect.poll(() => resource(id), PATIENTLY).toMatchObject({ plan: 'test' })
  })

  it('of the end of a resource whose DELETE was lost, which is believed when Heroku has it no more', async () => {
    const { id } = await subscribed()
    service.heroku.webhooks.publish(id, 'api:addon', 'destroy', {})
    await read()
    await expect.poll(() => resource(id), PATIENTLY).toMatchObject({ state: 'provisioned' })
    service.heroku.webhooks.publish(id, 'api:addon', 'update', {})
    await service.heroku.webhooks.whenIdle()
    service.heroku.drop(id)
    await read()
    await expect.poll(() => resource(id), PATIENTLY).toMatchObject({ state: 'deprovisioned' })
  })

  it('what is found out without it, should it get lost', async () => {
    const { id } = await subscribed()
    service.heroku.webhooks.manner = 'lost'
    service.heroku.attach(id, 'calm-lake')
    service.heroku.renameApp('tidy-river', 'wild-river')
    await listed()
    await expect.poll(() => apps(id), PATIENTLY).toEqual(['tidy-river'])
    service.pass(70 * 60_000)
    await listed()
    await expect.poll(() => apps(id), PATIENTLY).toEqual(['calm-lake', 'wild-river'])
  })
})

describe('events', () => {
  it('may come twice, late and in the wrong order: what holds in the end is what Heroku has', async () => {
    const { id } = await subscribed()
    service.heroku.webhooks.manner = 'held'
    service.heroku.attach(id, 'calm-lake')
    service.heroku.renameApp('calm-lake', 'wild-lake')
    service.heroku.detach(id, 'wild-lake').stop()
    service.heroku.attach(id, 'green-hill')
    service.heroku.rename(id, 'first')
    service.heroku.rename(id, 'second')
    const { events } = service.heroku.webhooks
    expect(events.length).toBeGreaterThanOrEqual(6)
    service.heroku.webhooks.release()
    await service.heroku.webhooks.whenIdle()
    await Promise.all(events.toReversed().map(({ event }) => service.heroku.webhooks.replay(id, event)))
    await listed()
    await read()
    await expect.poll(() => apps(id), PATIENTLY).toEqual(['green-hill', 'tidy-river'])
    await expect.poll(() => resource(id), PATIENTLY).toMatchObject({ name: 'second' })
  })

  it('that were taken before are answered and make nothing due', async () => {
    const { id } = await subscribed()
    service.heroku.attach(id, 'calm-lake')
    await listed()
    const last = service.heroku.webhooks.events.at(-1)?.event
    const before = { ...counters() }
    const lists = service.platform.count('GET', /log-drains/)
    if (last) for (let n = 0; n < 3; n++) expect(await service.heroku.webhooks.replay(id, last)).toBe(204)
    await listed()
    expect(counters().webhooksRepeated - before.webhooksRepeated).toBe(3)
    expect(counters().webhooksTaken).toBe(before.webhooksTaken)
    expect(service.platform.count('GET', /log-drains/)).toBe(lists)
  })

  it('are remembered for four days', async () => {
    const { id, webhook } = await subscribed()
    const body = event()
    expect((await post(id, body, signed(webhook, body))).status).toBe(204)
    await job('delete-webhook-events')
    const remembered = async () =>
      Number((await service.database.pool.query('select count(*) as n from webhook_event')).rows[0].n)
    expect(await remembered()).toBeGreaterThan(0)
    service.pass(97 * 3_600_000)
    await job('delete-webhook-events')
    expect(await remembered()).toBe(0)
  })

  it('that are signed and cannot be read are taken as a hint at anything', async () => {
    const { id, webhook } = await subscribed()
    service.heroku.webhooks.manner = 'lost'
    service.heroku.attach(id, 'calm-lake')
    service.heroku.rename(id, 'another')
    const body = Buffer.from('{"what":')
    expect((await post(id, body, signed(webhook, body))).status).toBe(204)
    await listed()
    await read()
    await expect.poll(() => apps(id), PATIENTLY).toEqual(['calm-lake', 'tidy-river'])
    await expect.poll(() => resource(id), PATIENTLY).toMatchObject({ name: 'another' })
    expect(counters().webhooksUnreadable).toBe(1)
  })
})

describe('a signature', () => {
  it('is the one of Heroku’s documentation', () => {
    const secrets = { secret: 'whsec-test', authorization: 'Bearer x' }
    const signature = 'BhrmBxJHx4rCdPGINKRc7a81Juxdr6DX/helBg0T/9g='
    const f = (
      body: string,
      given: { signature: string; authorization: string | undefined },
      want: boolean,
    ) => expect(isSigned(Buffer.from(body), given, secrets)).toBe(want)
    f('{"id":"e1"}', { signature, authorization: 'Bearer x' }, true)
    f('{"id":"e1"} ', { signature, authorization: 'Bearer x' }, false)
    f('{"id":"e1"}', { signature: signature.toLowerCase(), authorization: 'Bearer x' }, false)
    f('{"id":"e1"}', { signature, authorization: 'Bearer y' }, false)
    f('{"id":"e1"}', { signature, authorization: undefined }, false)
    f('{"id":"e1"}', { signature: '', authorization: 'Bearer x' }, false)
  })

  it('covers the bytes as they came, however the JSON is written', async () => {
    const { id, webhook } = await subscribed()
    const body = Buffer.from(
      `{ "webhook_metadata":{"event":{"include":"api:app"}},\n\t"action" : "\\u0075pdate","id":"${randomUUID()}"}\r\n`,
    )
    expect((await post(id, body, signed(webhook, body))).status).toBe(204)
    expect(counters().webhooksUnreadable).toBe(0)
  })

  it('that is forged is refused, and makes nothing due', async () => {
    const { id, webhook } = await subscribed()
    const other = await subscribed()
    const body = event()
    const good = signed(webhook, body)
    const before = { ...counters() }
    const lists = service.platform.count('GET', /log-drains/)
    const refused: [string, Buffer, Record<string, string>][] = [
      [id, body, {}],
      [id, body, { authorization: good.authorization }],
      [id, body, { 'heroku-webhook-hmac-sha256': good['heroku-webhook-hmac-sha256'] }],
      [id, body, { ...good, authorization: 'Bearer guessed' }],
      [id, body, { ...good, 'heroku-webhook-hmac-sha256': signatureOf(body, 'guessed') }],
      [id, body, { ...good, 'heroku-webhook-hmac-sha256': '' }],
      [id, Buffer.from(`${body} `), good],
      [id, Buffer.alloc(0), good],
      [id, body, signed(other.webhook, body)],
      [other.id, body, good],
      [randomUUID(), body, good],
      ['x', body, good],
    ]
    for (const [at, bytes, headers] of refused) {
      const answer = await post(at, bytes, headers)
      expect([answer.status, await answer.json()]).toMatchObject([401, { id: 'webhook_refused' }])
    }
    await job('list-drains')
    expect(service.platform.count('GET', /log-drains/)).toBe(lists)
    expect(counters()).toMatchObject({
      webhooksTaken: before.webhooksTaken,
      webhooksRefused: before.webhooksRefused + refused.length,
    })
    expect((await post(id, body, good)).status).toBe(204)
  })

  it('may be wrong some times a minute, and that does not keep Heroku from provisioning', async () => {
    const { id } = await subscribed()
    const body = event()
    for (let n = 0; n < FAILURES_A_MINUTE; n++) expect((await post(id, body, {})).status).toBe(401)
    expect((await post(id, body, {})).status).toBe(429)
    expect((await service.heroku.provision({ plan: 'test' })).state).toBe('provisioned')
  })

  it('of a resource that has ended is good no more', async () => {
    const { id, webhook } = await subscribed()
    const answer = await fetch(`${service.origin}/heroku/resources/${id}`, {
      method: 'DELETE',
      headers: { authorization: herokuAuthorization(service.config) },
    })
    expect(answer.status).toBe(204)
    const body = event()
    expect((await post(id, body, signed(webhook, body))).status).toBe(401)
    // While the token was still good.
    await expect.poll(() => service.heroku.webhooks.of(id), PATIENTLY).toEqual([])
    for (const table of ['webhook', 'webhook_event', 'provisioning']) {
      const { rowCount } = await service.database.pool.query(`select from ${table} where resource_id = $1`, [
        id,
      ])
      expect([table, rowCount]).toEqual([table, 0])
    }
  })
})

describe('the subscription', () => {
  it('is there once although the answer to it is lost', async () => {
    service.platform.fail({ kind: 'lost', on: /POST \/addons\/[\w-]+\/webhooks/, times: 1 })
    const { uuid } = await service.heroku.provision({ plan: 'test' })
    await expect.poll(() => service.heroku.webhooks.of(uuid).length, PATIENTLY).toBe(1)
    await expect
      .poll(async () => {
        service.pass(60_000)
        await job('complete-provisions')
        return (await service.service.heroku.webhooks.find(uuid))?.webhookId
      }, PATIENTLY)
      .toBe(service.heroku.webhooks.of(uuid)[0]?.id)
    expect(service.heroku.webhooks.of(uuid)).toHaveLength(1)
    service.heroku.attach(uuid, 'calm-lake')
    await service.heroku.webhooks.whenIdle()
    expect(service.heroku.webhooks.attempts.at(-1)?.status).toBe(204)
  })

  it('is there once although Heroku repeats the POST, at once and later', async () => {
    service.heroku.callManner = 'twice'
    const { uuid } = await service.heroku.provision({ plan: 'test' })
    service.heroku.callManner = 'lost'
    await service.heroku.provision({ plan: 'test', uuid })
    await expect.poll(() => service.heroku.webhooks.of(uuid).length, PATIENTLY).toBe(1)
    service.pass(3_600_000)
    await job('complete-provisions')
    expect(service.heroku.webhooks.of(uuid)).toHaveLength(1)
    expect(service.platform.count('POST', /\/webhooks$/)).toBe(1)
  })

  it('takes the place of others at the same address, whose secrets nobody knows any more', async () => {
    const { id } = await subscribed()
    const { url } = service.heroku.webhooks.of(id)[0] as Webhook
    const foreign = { include: ['api:addon'], level: 'sync', url, secret: 'x', authorization: 'y' }
    service.heroku.webhooks.subscribe(id, foreign)
    service.heroku.webhooks.subscribe(id, foreign)
    // As from a backup that is older than the subscription.
    await service.database.pool.query('delete from webhook where resource_id = $1', [id])
    await service.database.pool.query(
      `update provisioning set step = 'subscribe', due_at = now() where resource_id = $1`,
      [id],
    )
    await expect.poll(() => service.heroku.webhooks.of(id).length, PATIENTLY).toBe(1)
    await expect
      .poll(() => service.service.heroku.webhooks.find(id), PATIENTLY)
      .toMatchObject({ webhookId: service.heroku.webhooks.of(id)[0]?.id })
    service.heroku.attach(id, 'calm-lake')
    await service.heroku.webhooks.whenIdle()
    expect(service.heroku.webhooks.attempts.at(-1)?.status).toBe(204)
  })
})

it('keeps no secret of a webhook in clear, in the database or in the log', async () => {
  const { id, webhook } = await subscribed()
  service.heroku.attach(id, 'calm-lake')
  await listed()
  await post(id, event(), { ...signed(webhook, event()), authorization: webhook.authorization ?? '' })
  const { secrets } = service.heroku.webhooks
  // `Bearer …`, and without.
  const all = [...secrets, ...secrets.map((secret) => secret.replace('Bearer ', ''))]
  expectNone(all, (await dump(service.database)) + service.logged.join('\n'))
})
