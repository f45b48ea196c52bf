// Searches have connections of their own: more than there are wait a while and are then told so, and nobody else waits
// for them.
import { expect, it } from 'vitest'
import { makeTokenAt, openEvents } from '../support/reading.ts'
import { provision, startTestService } from '../support/service.ts'

it('more searches than there are connections for are answered 503, and keep nobody else waiting', async () => {
  const service = await startTestService({ DATABASE_CONNECTIONS: '6' })
  const resource = await provision(service)
  const authorization = `Bearer ${await makeTokenAt(service.origin, service.config, resource.id)}`
  const url = `${service.origin}/resources/${resource.id}`
  const tail = await openEvents(`${url}/tail`, { authorization })
  const holder = await service.database.pool.connect()
  await holder.query('begin; lock table log_line, line_writer in access exclusive mode')
  const searches = Array.from({ length: 8 }, () => fetch(`${url}/lines`, { headers: { authorization } }))
  const refused = await Promise.race(searches)
  expect(refused.status).toBe(503)
  expect(await refused.json()).toMatchObject({ id: 'unavailable' })
  for (const free of [`${service.origin}/readyz`, `${url}/gaps`, `${url}/searches`])
    expect((await fetch(free, { headers: { authorization } })).status).toBe(200)
  await holder.query('rollback')
  holder.release()
  const statuses = (await Promise.all(searches)).map((answer) => answer.status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(2)
  expect((await fetch(`${url}/lines`, { headers: { authorization } })).status).toBe(200)
  tail.leave()
  await service.close()
}, 40_000)
