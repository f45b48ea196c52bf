import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { changePlan, deprovision, herokuHeaders, provisioned, type Service, startService } from './service.ts'

let service: Service
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.close())

const planOf = async (id: string) => (await service.resources.findResource(id))?.plan

describe('a plan change', () => {
  it('is carried out and says what the new plan brings', async () => {
    const { id } = await provisioned(service)
    const answer = await changePlan(service, id, { plan: 'premium' })
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({ message: 'Now on premium: lines are kept 30 days.' })
    expect(await planOf(id)).toBe('premium')
  })

  it('returns no config, because a changed one would restart the app', async () => {
    const { id } = await provisioned(service)
    expect((await changePlan(service, id, { plan: 'standard' })).json()).not.toHaveProperty('config')
  })

  it('to the plan it has is answered 200, changes nothing and is logged', async () => {
    const { id } = await provisioned(service)
    const updatedAt = async () =>
      (await service.database.pool.query('select updated_at from resource where id = $1', [id])).rows[0]
        .updated_at
    const before = await updatedAt()
    service.logged.length = 0
    expect((await changePlan(service, id, { plan: 'test' })).statusCode).toBe(200)
    expect(await updatedAt()).toEqual(before)
    expect(service.logged.join('')).toContain('asked to change to the plan it has')
  })

  it('goes by the path and not by a uuid in the body', async () => {
    const [here, there] = [await provisioned(service), await provisioned(service)]
    await changePlan(service, here.id, {
      plan: 'premium',
      uuid: there.id,
      heroku_id: 'app1@kensa.heroku.com',
    })
    expect([await planOf(here.id), await planOf(there.id)]).toEqual(['premium', 'test'])
  })

  it('to an unknown plan is answered 422 with the plans there are, and the plan stays', async () => {
    const { id } = await provisioned(service)
    const answer = await changePlan(service, id, { plan: 'gigantic' })
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toEqual({
      id: 'plan_unknown',
      message: 'There is no plan "gigantic". The plans are: test, standard, premium.',
    })
    expect(await planOf(id)).toBe('test')
  })

  it('of a resource nobody knows is answered 404', async () => {
    const answer = await changePlan(service, randomUUID(), { plan: 'test' })
    expect(answer.statusCode).toBe(404)
    expect(answer.json()).toEqual({ id: 'resource_unknown', message: expect.any(String) })
  })

  it.each(['nonsense', '1', '%00', `${randomUUID()}0`, "'; drop table resource"])(
    'of %j, which is no uuid, is answered 404',
    async (id) => {
      expect((await changePlan(service, encodeURI(id), { plan: 'test' })).statusCode).toBe(404)
    },
  )

  it('of a deprovisioned resource is answered 410, also when the DELETE came first', async () => {
    const { id } = await provisioned(service)
    await deprovision(service, id)
    expect((await changePlan(service, id, { plan: 'test' })).statusCode).toBe(410)
    const tombstone = randomUUID()
    await deprovision(service, tombstone)
    const answer = await changePlan(service, tombstone, { plan: 'test' })
    expect(answer.statusCode).toBe(410)
    expect(answer.json()).toEqual({ id: 'resource_gone', message: expect.any(String) })
  })

  it('without a plan is answered 422, and 400 if it is not JSON', async () => {
    const { id } = await provisioned(service)
    expect((await changePlan(service, id, {})).statusCode).toBe(422)
    const answer = await service.app.inject({
      method: 'PUT',
      url: `/heroku/resources/${id}`,
      headers: herokuHeaders(service),
      payload: 'plan=test',
    })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().id).toBe('malformed_request')
  })
})
