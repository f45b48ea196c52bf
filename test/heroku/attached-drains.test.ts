import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createService } from '../../src/service.ts'
import { faultsOf } from '../support/database-faults.ts'
import { counted, frame } from '../support/deliveries.ts'
import { runJob } from '../support/jobs.ts'
import { deliver } from '../support/service.ts'
import { type AttachedService, startAttachedService } from './service.ts'
import { dump, expectNone } from './world.ts'

let service: AttachedService
beforeEach(async () => {
  service = await startAttachedService({ DRAIN_HOLD_MS: '1000' })
})
afterEach(() => service.close())

const LISTS = /\/log-drains$/
const lists = () => service.platform.count('GET', LISTS)
const job = (name: string) => runJob(service.service.heroku.jobs, name)

async function knock(id: string, token: string, message = 'x'): Promise<number> {
  const answer = await fetch(`${service.origin}/drains/${id}`, {
    method: 'POST',
    headers: { 'content-type': 'application/logplex-1', 'logplex-drain-token': token },
    body: new Uint8Array(counted(frame(message))),
  })
  return answer.status
}

const held = async () =>
  Number((await service.database.pool.query('select count(*) as n from held_delivery')).rows[0].n)

/** Again and again: the service does the same by the clock, and shares a question that was asked before its answer. */
const settle = () =>
  expect
    .poll(
      async () => {
        service.pass(30_000)
        await service.service.settleHeld()
        return held()
      },
      { timeout: 10_000 },
    )
    .toBe(0)

/** All drains were made so long ago that nobody expects them to be missing from a list. */
const grow = () => service.database.pool.query(`update drain set created_at = now() - interval '1 day'`)

describe('the drain of an app that the resource was attached to', () => {
  it('is learned of by its first delivery, of which no line is lost', async () => {
    const { id, drain } = await service.provisioned('tidy-river')
    const attached = service.heroku.attach(id, 'calm-lake')
    await service.send(drain, 'own 1')
    await service.send(attached, 'attached 1', 'attached 2')
    await service.send(drain, 'own 2')
    expect(attached.nodes[0]?.counts).toMatchObject({ acknowledged: 2, retried: 0, dropped: 0 })
    expect(await service.linesByApp(id)).toEqual({
      'tidy-river': ['own 1', 'own 2'],
      'calm-lake': ['attached 1', 'attached 2'],
    })
    expect(await service.linesByApp(id, 'app:calm-lake 2')).toEqual({
      'calm-lake': ['attached 2'],
    })
  })

  it('loses no line from before it is attached until long after, whatever Heroku answers and whether it tells us', async () => {
    service.heroku.webhooks.manner = 'prompt'
    const { id, drain } = await service.provisioned('tidy-river')
    const faults = [{ kind: 'html' }, { kind: 'slow', ms: 1_500 }, { kind: 'lost' }, null] as const
    const sent: string[] = []
    for (const [at, fault] of faults.entries()) {
      const mend = fault === null ? () => {} : service.platform.fail({ ...fault, on: LISTS })
      const attached = service.heroku.attach(id, `app-${at}`)
      for (let n = 0; n < 12; n++) {
        const line = `app-${at} line ${n}`
        sent.push(line)
        await Promise.all([service.send(attached, line), service.send(drain, `own ${at} ${n}`)])
        if (n === 7) mend()
      }
      expect(attached.nodes[0]?.counts).toMatchObject({ acknowledged: 12, dropped: 0 })
    }
    await settle()
    const byApp = await service.linesByApp(id)
    const lines = Object.entries(byApp).filter(([app]) => app.startsWith('app-'))
    expect(lines.flatMap(([, messages]) => messages).sort()).toEqual(sent.sort())
    for (const [app, messages] of lines) {
      expect(messages).toEqual(Array.from({ length: 12 }, (_, n) => `${app} line ${n}`))
    }
    expect(byApp['tidy-river']).toHaveLength(48)
  })

  it('is looked up once for all deliveries that wait, of all apps', async () => {
    const { id } = await service.provisioned()
    await job('list-drains')
    const before = lists()
    service.platform.fail({ kind: 'slow', ms: 100, on: LISTS })
    const attached = Array.from({ length: 5 }, (_, n) => service.heroku.attach(id, `app-${n}`))
    await Promise.all(attached.flatMap(({ token }) => [knock(id, token), knock(id, token), knock(id, token)]))
    expect(lists() - before).toBeLessThanOrEqual(2)
    expect(Object.values(await service.linesByApp(id)).flat()).toHaveLength(15)
  })

  it('costs nothing more once it is known', async () => {
    const { id } = await service.provisioned()
    const attached = service.heroku.attach(id)
    await service.send(attached, 'first')
    const before = lists()
    await service.send(attached, ...Array.from({ length: 20 }, (_, n) => `line ${n}`))
    expect(lists()).toBe(before)
  })

  it.each([
    ['is down', { kind: 'html', on: LISTS }],
    ['is too slow', { kind: 'slow', ms: 1_500, on: LISTS }],
    ['talks nonsense', { kind: 'wrong_json', on: LISTS }],
    ['refuses us', { kind: 'plain', on: LISTS }],
    ['does not answer', { kind: 'lost', on: LISTS }],
  ] as const)('loses no line while the Platform API %s', async (_how, fault) => {
    const { id, drain } = await service.provisioned('tidy-river')
    const mend = service.platform.fail(fault)
    const attached = service.heroku.attach(id, 'calm-lake')
    await service.send(attached, 'one', 'two', 'three')
    await service.send(drain, 'own')
    expect(attached.nodes[0]?.counts).toMatchObject({ acknowledged: 3, retried: 0 })
    expect(await held()).toBeGreaterThan(0)
    expect(Object.values(await service.linesByApp(id)).flat()).not.toContain('one')
    mend()
    await settle()
    await service.send(attached, 'four')
    expect(await service.linesByApp(id)).toMatchObject({
      'calm-lake': ['one', 'two', 'three', 'four'],
    })
  })

  it('keeps a delivery that the store refuses, releases those around it, and tries it again', async () => {
    const { id } = await service.provisioned('tidy-river')
    const faults = await faultsOf(service.database)
    const mend = service.platform.fail({ kind: 'html', on: LISTS })
    const attached = service.heroku.attach(id, 'calm-lake')
    const knocked = async (message: string, frameId: string) =>
      (
        await deliver(
          { drainUrl: `${service.origin}/drains/${id}`, drainToken: attached.token },
          message,
          frameId,
        )
      ).status
    const poison = 'b'.repeat(32)
    expect(await knocked('before', 'a'.repeat(32))).toBe(204)
    expect(await knocked('poison', poison)).toBe(204)
    expect(await knocked('after', 'c'.repeat(32))).toBe(204)
    expect(await held()).toBe(3)
    await faults.begin('22021', poison)
    mend()
    const settleUntil = (left: number) =>
      expect
        .poll(async () => {
          service.pass(30_000)
          await service.service.settleHeld()
          return held()
        })
        .toBe(left)
    await settleUntil(1)
    expect(await service.linesByApp(id)).toEqual({ 'calm-lake': ['before', 'after'] })
    expect(service.service.drain.counters).toMatchObject({ heldReleased: 2, heldDropped: 0 })
    await faults.end()
    await settleUntil(0)
    expect(await service.linesByApp(id)).toEqual({ 'calm-lake': ['before', 'poison', 'after'] })
  })

  it('holds its first delivery while the database does not take it', async () => {
    const { id } = await service.provisioned()
    service.platform.fail({ kind: 'html', on: LISTS })
    const attached = service.heroku.attach(id)
    await service.database.pool.query('alter table held_delivery rename to held_delivery_away')
    const answer = knock(id, attached.token)
    await new Promise((resolve) => setTimeout(resolve, 700))
    await service.database.pool.query('alter table held_delivery_away rename to held_delivery')
    expect(await answer).toBe(204)
    expect(await held()).toBe(1)
  })

  it('loses no line while the grant is not exchanged yet', async () => {
    const mend = service.platform.fail({ kind: 'html' })
    const { uuid } = await service.heroku.provision({ plan: 'test' })
    const attached = service.heroku.attach(uuid, 'calm-lake')
    await service.send(attached, 'early')
    expect(attached.nodes[0]?.counts.acknowledged).toBe(1)
    mend()
    service.pass(60_000)
    await expect
      .poll(
        async () => {
          await job('exchange-grants')
          await service.service.settleHeld()
          return held()
        },
        { timeout: 10_000 },
      )
      .toBe(0)
    expect(await service.linesByApp(uuid)).toEqual({ 'calm-lake': ['early'] })
  })

  it('is stored once when another process releases the same deliveries at the same time', async () => {
    const { id } = await service.provisioned()
    const mend = service.platform.fail({ kind: 'html', on: LISTS })
    const attached = service.heroku.attach(id, 'calm-lake')
    await service.send(attached, 'one', 'two')
    mend()
    service.pass(10_000)
    await Promise.all([service.service.settleHeld(), service.service.settleHeld()])
    await settle()
    expect((await service.linesByApp(id))['calm-lake']).toEqual(['one', 'two'])
  })

  it('is stored once when the process that releases its deliveries dies before it lets go of them', async () => {
    const { id } = await service.provisioned()
    const mend = service.platform.fail({ kind: 'html', on: LISTS })
    const attached = service.heroku.attach(id, 'calm-lake')
    await service.send(attached, 'one', 'two')
    const { pool } = service.database
    await pool.query('create table kept_by_the_test as select * from held_delivery')
    mend()
    await settle()
    await pool.query('insert into held_delivery overriding system value select * from kept_by_the_test')
    await settle()
    expect((await service.linesByApp(id))['calm-lake']).toEqual(['one', 'two'])
  })

  it('is known to every process once one has learned of it', async () => {
    const { id } = await service.provisioned()
    const attached = service.heroku.attach(id, 'calm-lake')
    const other = await createService({
      config: service.config,
      databaseUrl: service.database.url,
      log: pino({ level: 'silent' }),
    })
    await service.send(attached, 'here')
    const before = lists()
    const answer = await other.app.inject({
      method: 'POST',
      url: `/drains/${id}`,
      headers: { 'content-type': 'application/logplex-1', 'logplex-drain-token': attached.token },
      payload: counted(frame('there')),
    })
    expect(answer.statusCode).toBe(204)
    expect(lists()).toBe(before)
    await other.close()
    expect((await service.linesByApp(id))['calm-lake']).toEqual(['here', 'there'])
  })

  it('is told its app by the attachments where the list of drains does not name it', async () => {
    service.platform.drainsNameTheirApp = false
    const { id } = await service.provisioned('tidy-river')
    await job('list-drains')
    await expect.poll(() => service.service.heroku.appNames([1])).toEqual([new Map([[1, 'tidy-river']])])
    service.platform.drainsNameTheirApp = true
    const attached = service.heroku.attach(id, 'calm-lake')
    await service.send(attached, 'x')
    expect(await service.linesByApp(id)).toEqual({ 'calm-lake': ['x'] })
  })

  it('is found on whatever page of the list it is', async () => {
    service.platform.pageSize = 2
    const { id } = await service.provisioned()
    const attached = Array.from({ length: 6 }, (_, n) => service.heroku.attach(id, `app-${n}`))
    for (const drain of attached) await service.send(drain, drain.app)
    expect(await service.linesByApp(id)).toEqual(Object.fromEntries(attached.map(({ app }) => [app, [app]])))
  })
})

describe('an app', () => {
  it('that is renamed goes by its new name, in older lines too', async () => {
    const { id, drain } = await service.provisioned('tidy-river')
    await job('list-drains')
    await service.send(drain, 'before')
    service.heroku.renameApp('tidy-river', 'wild-river')
    await service.send(drain, 'after')
    expect(Object.keys(await service.linesByApp(id))).toEqual(['tidy-river'])
    service.pass(70 * 60_000)
    await job('list-drains')
    expect(await service.linesByApp(id)).toEqual({ 'wild-river': ['before', 'after'] })
    expect(service.service.heroku.counters.appsRenamed).toBe(1)
  })

  it('that is detached is heard for ten minutes more, and then no more until it is attached again', async () => {
    const { id } = await service.provisioned('tidy-river')
    const attached = service.heroku.attach(id, 'calm-lake')
    await service.send(attached, 'attached')
    await grow()
    const resource = service.heroku.find(id)
    service.heroku.detach(id, 'calm-lake')
    service.pass(70 * 60_000)
    await job('list-drains')
    expect(service.service.heroku.counters.drainsDetached).toBe(1)
    expect(await knock(id, attached.token, 'late')).toBe(204)

    await service.database.pool.query(`update drain set detached_at = now() - interval '11 minutes'
                                        where detached_at is not null`)
    service.pass(5_001)
    expect(await knock(id, attached.token, 'too late')).toBe(404)
    resource?.drains.push(attached)
    service.pass(61_000)
    expect(await knock(id, attached.token, 'again')).toBe(204)
    expect((await service.linesByApp(id))['calm-lake']).toEqual(['attached', 'late', 'again'])
  })

  it('that was attached a moment ago is not taken for detached by a list without it', async () => {
    const { id, drain } = await service.provisioned('tidy-river')
    service.heroku.detach(id, 'tidy-river')
    service.pass(70 * 60_000)
    await service.database.pool.query(`update drain set created_at = now() + interval '69 minutes'`)
    await job('list-drains')
    expect(service.service.heroku.counters.drainsDetached).toBe(0)
    expect(await knock(id, drain.token)).toBe(204)
  })
})

describe('a token that is nobody’s', () => {
  it('is refused, and asked about once in a minute', async () => {
    const { id } = await service.provisioned()
    await job('list-drains')
    const token = `d.${randomUUID()}`
    const before = lists()
    for (let n = 0; n < 10; n++) {
      expect(await knock(id, token)).toBe(404)
      service.pass(1_001)
    }
    expect(lists() - before).toBe(1)
    service.pass(60_000)
    expect(await knock(id, token)).toBe(404)
    expect(lists() - before).toBe(2)
  })

  it('cannot make us hammer the Platform API by being another one each time', async () => {
    const { id } = await service.provisioned()
    const before = lists()
    for (let n = 0; n < 60; n++) await knock(id, `d.${randomUUID()}`)
    expect(lists() - before).toBeLessThanOrEqual(7)
    // What could not be asked about is held, and goes once it can.
    await settle()
    expect(await service.linesByApp(id)).toEqual({})
  })

  it('is refused without a question where it or its resource cannot be', async () => {
    const { id } = await service.provisioned()
    const gone = await service.provisioned()
    await service.heroku.deprovision(gone.id)
    await job('list-drains')
    const before = lists()
    expect(await knock(randomUUID(), `d.${randomUUID()}`)).toBe(404)
    expect(await knock('x', `d.${randomUUID()}`)).toBe(404)
    expect(await knock(gone.id, `d.${randomUUID()}`)).toBe(404)
    expect(await knock(id, 'no-token-of-heroku')).toBe(404)
    expect(await knock(id, `d.${'x'.repeat(500)}`)).toBe(404)
    expect(lists()).toBe(before)
  })

  it('has its deliveries dropped when Heroku can be asked again, and never shows them', async () => {
    const { id } = await service.provisioned()
    const mend = service.platform.fail({ kind: 'html', on: LISTS })
    expect(await knock(id, `d.${randomUUID()}`, 'forged')).toBe(204)
    expect(await service.linesByApp(id)).toEqual({})
    mend()
    await settle()
    expect(await service.linesByApp(id)).toEqual({})
    expect(service.service.drain.counters).toMatchObject({ held: 1, heldDropped: 1 })
  })

  it('can fill four megabytes of a resource and no more', async () => {
    const { id } = await service.provisioned()
    service.platform.fail({ kind: 'html', on: LISTS })
    const megabyte = 'x'.repeat(990_000)
    const statuses: number[] = []
    for (let n = 0; n < 6; n++) statuses.push(await knock(id, `d.${randomUUID()}`, megabyte))
    expect(statuses).toEqual([204, 204, 204, 204, 503, 503])
  })

  it('has its deliveries dropped after a day, and with its resource', async () => {
    const { id } = await service.provisioned()
    const ended = await service.provisioned()
    service.platform.fail({ kind: 'html', on: LISTS })
    await knock(id, `d.${randomUUID()}`)
    await knock(ended.id, `d.${randomUUID()}`)
    expect(await held()).toBe(2)
    await service.heroku.deprovision(ended.id)
    await service.service.settleHeld()
    expect(await held()).toBe(1)
    service.pass(24 * 3_600_000 + 1)
    await service.service.settleHeld()
    expect(await held()).toBe(0)
  })
})

it('keeps no token, secret or grant in clear, in the database or in the log', async () => {
  const { id, drain } = await service.provisioned()
  service.platform.fail({ kind: 'plain', on: LISTS, times: 1 })
  const attached = service.heroku.attach(id)
  await service.send(attached, 'held')
  await settle()
  service.pass(9 * 3_600_000)
  await job('list-drains')
  await service.heroku.deprovision((await service.provisioned()).id)
  const secrets = [...service.heroku.idServer.secrets, drain.token, attached.token]
  secrets.push(...service.config.addon.passwords, ...service.config.addon.ssoSalts)
  expectNone(secrets, (await dump(service.database)) + service.logged.join('\n'))
})

it('asks nobody anything without a client secret', async () => {
  const off = await startAttachedService({ HEROKU_CLIENT_SECRET: '' })
  const { uuid, drains } = await off.heroku.provision({ plan: 'test' })
  const attached = off.heroku.attach(uuid)
  const [own] = drains
  if (own) await off.send(own, 'own')
  await off.send(attached, 'lost')
  expect(attached.nodes[0]?.counts).toMatchObject({ dropped: 1 })
  expect(await off.linesByApp(uuid)).toEqual({ '?': ['own'] })
  expect(off.platform.requests).toEqual([])
  await off.close()
})
