// The part of the simulated platform that the real heroku command drives (test/manual/heroku-cli.sh), by the calls that
// the command makes.

import { CUSTOMER_KEY } from 'heroku-simulator'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type AttachedService, startAttachedService } from '../heroku/service.ts'

let service: AttachedService
beforeEach(async () => {
  service = await startAttachedService()
})
afterEach(() => service.close())

async function call(method: string, path: string, body?: object, key = CUSTOMER_KEY) {
  const answer = await fetch(`${service.platform.origin}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

const create = (plan: string) =>
  call('POST', '/apps/my-app/addons', { plan: { name: plan }, config: { retention: '7' } })
const idOfApp = async (app: string) => (await call('GET', `/apps/${app}`)).body.id
const kept = async () => (await service.database.pool.query('select plan, state, options from resource')).rows

it('a resource is made, changed, shared and destroyed as the heroku command does it', async () => {
  const created = await create('culvert:test')
  expect(created).toMatchObject({
    status: 201,
    body: { state: 'provisioned', config_vars: ['CULVERT_URL'], provision_message: expect.any(String) },
  })
  const name = String(created.body.name)
  expect(await kept()).toEqual([{ plan: 'test', state: 'provisioned', options: { retention: '7' } }])

  const changed = await call('PATCH', `/apps/my-app/addons/${name}`, { plan: { name: 'culvert:premium' } })
  expect(changed.body).toMatchObject({
    plan: { name: 'culvert:premium' },
    provision_message: expect.stringContaining('premium'),
  })

  const attached = await call('POST', '/addon-attachments', {
    addon: { name },
    app: { name: 'other-app' },
    name: 'LOGS',
  })
  expect(attached).toMatchObject({
    status: 201,
    body: { name: 'LOGS', app: { id: await idOfApp('other-app') } },
  })
  expect((await call('GET', '/apps/other-app/log-drains')).body).toMatchObject([{ addon: { name } }])
  for (const [addon, app] of [
    [name, null],
    ['culvert', 'my-app'],
    ['LOGS', 'other-app'],
  ])
    expect((await call('POST', '/actions/addons/resolve', { addon, app })).body).toMatchObject([{ name }])
  const { body: attachment } = await call('GET', '/apps/other-app/addon-attachments/LOGS')
  await call('DELETE', `/addon-attachments/${attachment.id}`)
  expect((await call('GET', '/apps/other-app/log-drains')).body).toEqual([])

  expect(
    (await call('DELETE', `/apps/${await idOfApp('my-app')}/addons/${created.body.id}`)).body,
  ).toMatchObject({
    state: 'deprovisioned',
  })
  expect(await kept()).toMatchObject([{ state: 'deprovisioned' }])
  expect(await call('GET', `/apps/my-app/addons/${name}`)).toMatchObject({
    status: 404,
    body: { resource: 'add_on' },
  })
})

it('the customer is told why the add-on refuses, and what is not sold here', async () => {
  expect(await create('culvert:nonsense')).toMatchObject({
    status: 422,
    body: { message: expect.stringMatching(/^There is no plan "nonsense"/) },
  })
  expect(await create('other:test')).toMatchObject({ status: 404, body: { resource: 'add_on_service' } })
  expect(await kept()).toEqual([])
})

it('opens the add-on where the demo’s page is, or Heroku’s', async () => {
  const { body } = await create('culvert:test')
  expect(body.web_url).toMatch(/^https:\/\/addons-sso\.heroku\.com\//)
  service.platform.dashboard = 'http://localhost:1'
  expect((await call('GET', `/addons/${body.name}`)).body.web_url).toBe(`http://localhost:1/sso/${body.id}`)
  expect((await call('GET', '/apps/my-app/addons/culvert/sso')).body).toMatchObject({
    method: 'post',
    action: `${service.origin}/sso/login`,
    params: { resource_id: body.id },
  })
})

it('another key than the customer’s opens nothing', async () => {
  const { body } = await create('culvert:test')
  expect(await call('GET', '/apps/my-app/addons', undefined, 'x')).toMatchObject({ status: 404 })
  expect(await call('GET', `/addons/${body.id}`, undefined, 'x')).toMatchObject({ status: 401 })
})
