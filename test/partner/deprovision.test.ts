import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  deprovision,
  drainToken,
  hash,
  herokuHeaders,
  provision,
  provisioned,
  type Service,
  signedIn,
  startService,
} from './service.ts'

let service: Service
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.close())

describe('a deprovision', () => {
  it('is answered 204 with no body, and never 202', async () => {
    const { id } = await provisioned(service)
    const answer = await deprovision(service, id)
    expect(answer.statusCode).toBe(204)
    expect(answer.body).toBe('')
    expect((await service.resources.findResource(id))?.state).toBe('deprovisioned')
  })

  it('that comes again is answered 410', async () => {
    const { id } = await provisioned(service)
    await deprovision(service, id)
    const answer = await deprovision(service, id)
    expect(answer.statusCode).toBe(410)
    expect(answer.json()).toEqual({ id: 'resource_gone', message: expect.any(String) })
  })

  it('is carried out once when it comes twenty times at once', async () => {
    const { id } = await provisioned(service)
    const answers = await Promise.all(Array.from({ length: 20 }, () => deprovision(service, id)))
    expect(answers.map((answer) => answer.statusCode).sort()).toEqual([204, ...Array(19).fill(410)])
  })

  it('of a resource nobody knows is answered 410 and leaves a tombstone', async () => {
    const id = randomUUID()
    expect((await deprovision(service, id)).statusCode).toBe(410)
    expect(await service.resources.findResource(id)).toMatchObject({
      state: 'deprovisioned',
      name: null,
      plan: null,
    })
    expect((await deprovision(service, id)).statusCode).toBe(410)
    expect((await provision(service, { uuid: id })).statusCode).toBe(410)
  })

  it('of what is no uuid is answered 404', async () => {
    const answer = await deprovision(service, 'nonsense')
    expect(answer.statusCode).toBe(404)
    expect(answer.json().id).toBe('resource_unknown')
  })

  it.each(['{"not":"json', '{}', ''])('ignores the body %j', async (payload) => {
    const { id } = await provisioned(service)
    const answer = await service.app.inject({
      method: 'DELETE',
      url: `/heroku/resources/${id}`,
      headers: herokuHeaders(service),
      payload,
    })
    expect(answer.statusCode).toBe(204)
  })

  it('closes its drains: their tokens are those of a deprovisioned resource', async () => {
    const token = drainToken()
    const { id } = await provisioned(service, { log_drain_token: token })
    await deprovision(service, id)
    const drain = await service.drains.find(Buffer.from(hash('sha256', token), 'hex'))
    expect(drain).toMatchObject({ resourceId: id, state: 'deprovisioned' })
  })

  it('signs everybody out of it at once, and nobody out of another', async () => {
    const [ended, other] = [await provisioned(service), await provisioned(service)]
    const cookie = await signedIn(service, ended.id)
    const otherCookie = await signedIn(service, other.id)
    const read = (id: string, cookie: string) =>
      service.app.inject({ url: `/resources/${id}/lines`, headers: { cookie } })
    expect((await read(ended.id, cookie)).statusCode).toBe(200)
    await deprovision(service, ended.id)
    expect((await read(ended.id, cookie)).statusCode).toBe(401)
    expect((await read(other.id, otherCookie)).statusCode).toBe(200)
    const { rows } = await service.database.pool.query('select resource_id from session')
    expect(rows).toEqual([{ resource_id: other.id }])
  })
})
