// The life of a resource from its creation to its end, with Heroku's calls coming once, twice, or again because an answer
// was lost; and what is stored after each step of it.

import { HerokuRefusal } from 'heroku-simulator'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runJob } from '../support/jobs.ts'
import { type AttachedService, startAttachedService } from './service.ts'

const PATIENTLY = { timeout: 20_000 }

interface Stored {
  state: string
  name: string | null
  plan: string | null
  /** Each with the name of its app; in brackets where that is detached. */
  drains: string[]
  tokens: string | null
  provision: string | null
  webhook: boolean
  logInput: boolean
  sessions: number
}

async function stored(service: AttachedService, id: string): Promise<Stored> {
  const { rows } = await service.database.pool.query<Stored>(
    `select state, name, plan, sealed_log_input_url is not null as "logInput",
            (select coalesce(json_agg(case when detached_at is null then app_name else '(' || app_name || ')' end
                                      order by drain.id), '[]')
               from drain where resource_number = number) as drains,
            (select state from heroku_authorization where resource_id = resource.id) as tokens,
            (select step from provisioning where resource_id = resource.id) as provision,
            exists (select from webhook where resource_id = resource.id and webhook_id is not null) as webhook,
            (select count(*)::integer from session where resource_id = resource.id) as sessions
       from resource where id = $1`,
    [id],
  )
  return rows[0] as Stored
}

describe.each(['synchronous', 'asynchronous'])('a resource provisioned %s', (provisioning) => {
  it.each(['once', 'twice', 'lost', 'late'] as const)(
    'lives with calls that come %s',
    { timeout: 60_000 },
    async (manner) => {
      const service = await startAttachedService({ PROVISIONING: provisioning, DRAIN_HOLD_MS: '2000' })
      onTestFinished(() => service.close())
      const { heroku } = service
      heroku.callManner = manner
      heroku.webhooks.manner = manner === 'twice' ? 'twice' : 'prompt'
      /** What the clock does every few seconds. */
      const work = () =>
        Promise.all(
          service.service.heroku.jobs
            .filter(({ intervalMs }) => intervalMs < 10_000)
            .map(({ name }) => runJob(service.service.heroku.jobs, name)),
        )
      const becomes = (want: Partial<Stored>) =>
        expect.poll(() => work().then(() => stored(service, uuid)), PATIENTLY).toMatchObject(want)

      // Created.
      const resource = await heroku.provision({ plan: 'test', app: 'tidy-river' })
      const { uuid } = resource
      expect(resource.answer.config === null).toBe(provisioning === 'asynchronous')
      // A 202 to a repeated POST may overtake the completion: then Heroku is asked, a while later, and told again.
      const settled = async () => {
        service.pass(10_000)
        await work()
        return [resource.state, (await stored(service, uuid)).provision]
      }
      await expect.poll(settled, PATIENTLY).toEqual(['provisioned', 'done'])
      await becomes({
        state: 'provisioned',
        name: resource.name,
        plan: 'test',
        drains: ['tidy-river'],
        tokens: 'exchanged',
        provision: 'done',
        webhook: true,
        logInput: true,
      })
      expect(resource).toMatchObject({
        config: { CULVERT_URL: `${service.config.publicUrl}/resources/${uuid}` },
        configWrites: provisioning === 'asynchronous' ? 1 : 0,
      })
      if (manner !== 'lost') expect(resource.completions).toBe(provisioning === 'asynchronous' ? 1 : 0)
      expect(heroku.webhooks.of(uuid)).toHaveLength(1)
      expect(heroku.idServer.counts.exchanged).toBe(1)

      // Attached to a second app, and drained from both at once.
      const [own] = resource.drains
      const attached = heroku.attach(uuid, 'calm-lake')
      if (own === undefined) throw new Error('a resource has a drain')
      await Promise.all([service.send(own, 'own 1', 'own 2'), service.send(attached, 'attached 1')])
      await becomes({ drains: ['tidy-river', 'calm-lake'] })
      await expect
        .poll(() => service.linesByApp(uuid), PATIENTLY)
        .toEqual({ 'tidy-river': ['own 1', 'own 2'], 'calm-lake': ['attached 1'] })
      for (const drain of [own, attached]) expect(drain.nodes[0]?.counts).toMatchObject({ dropped: 0 })

      // The second app is renamed, and so is the resource.
      heroku.renameApp('calm-lake', 'wild-lake')
      heroku.rename(uuid, 'culvert-of-the-shop')
      await becomes({ drains: ['tidy-river', 'wild-lake'], name: 'culvert-of-the-shop' })
      await service.send(attached, 'attached 2')
      expect((await service.linesByApp(uuid))['wild-lake']).toEqual(['attached 1', 'attached 2'])

      // Detached: what is under way is taken for a while.
      await service.database.pool.query(`update drain set created_at = now() - interval '1 day'`)
      heroku.detach(uuid, 'wild-lake')
      await becomes({ drains: ['tidy-river', '(wild-lake)'] })
      await service.send(attached, 'late')
      expect((await service.linesByApp(uuid))['wild-lake']).toEqual(['attached 1', 'attached 2', 'late'])
      await service.database.pool.query(`update drain set detached_at = now() - interval '11 minutes'
                                        where detached_at is not null`)
      service.pass(120_000)
      await service.send(attached, 'too late')
      expect(attached.nodes[0]?.counts).toMatchObject({ dropped: 1 })
      attached.stop()

      // Another plan.
      const other = service.config.plans.find(({ slug }) => slug !== 'test')?.slug as string
      const changed = await heroku.changePlan(uuid, other)
      expect(changed).toMatchObject({ config: null, message: expect.stringContaining(other) })
      await becomes({ plan: other })
      await service.send(own, 'own 3')
      expect((await service.linesByApp(uuid))['tidy-river']).toEqual(['own 1', 'own 2', 'own 3'])
      await heroku.webhooks.whenIdle()
      await becomes({ plan: other, name: 'culvert-of-the-shop' })

      // Destroyed: nobody gets in any more, nothing of Heroku's is kept.
      expect((await stored(service, uuid)).sessions).toBeGreaterThan(0)
      await heroku.deprovision(uuid)
      expect(await stored(service, uuid)).toMatchObject({
        state: 'deprovisioned',
        tokens: null,
        provision: null,
        webhook: false,
        logInput: false,
        sessions: 0,
      })
      service.pass(10_000)
      const delivery = await fetch(`${service.origin}/drains/${uuid}`, {
        method: 'POST',
        headers: { 'content-type': 'application/logplex-1', 'logplex-drain-token': own.token },
        body: '5 hello',
      })
      expect(delivery.status).toBe(410)
      const again = await heroku.provision({ plan: 'test', uuid }).catch((error: unknown) => error)
      expect(again).toBeInstanceOf(HerokuRefusal)
      expect(again).toMatchObject({ status: 410 })
      // The lines stay for the days in which an accident can be undone.
      const { rows } = await service.database.pool.query('select count(*)::integer as lines from log_line')
      expect(rows[0].lines).toBeGreaterThanOrEqual(6)
      expect(service.logged.filter((line) => /"level":(50|60)/.test(line))).toEqual([])
    },
  )
})
