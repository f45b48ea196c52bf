// Fastly's own client for JavaScript (npm fastly), against us.
import fastly from 'fastly'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startWorld, type World } from '../world.ts'

const TARGET = { token: 't.secret', url: 'https://1.us.logplex.io/logs' }
// Every character that a path has a use for.
const NAME = 'ünï/c ode?&#'

let world: World
beforeAll(async () => {
  world = await startWorld()
  const client = fastly.ApiClient.instance
  client.authenticate(world.key)
  // Where each operation leads is fixed in the client.
  client.plugins = [
    (request) => {
      request.url = request.url.replace('https://api.fastly.com', world.service.origin)
    },
  ]
})
afterAll(() => world.close())

it('creates, lists, reads, renames and deletes, and works with versions and conditions', async () => {
  const [service] = await new fastly.ServiceApi().listServices({})
  expect(service?.name).toBe('culvert-test-1')
  const service_id = service?.id ?? ''
  const logging = new fastly.LoggingHerokuApi()
  const versions = new fastly.VersionApi()
  const { number } = await versions.createServiceVersion({ service_id })
  const version = { service_id, version_id: number }

  const condition = { name: 'c 1', statement: 'resp.status >= 500', type: 'RESPONSE', priority: '10' }
  expect(await new fastly.ConditionApi().createCondition({ ...version, ...condition })).toMatchObject({
    priority: '10',
  })

  const created = await logging.createLogHeroku({
    ...version,
    name: NAME,
    ...TARGET,
    response_condition: 'c 1',
    format: '%h "%r" %>s ü',
    format_version: 2,
  })
  expect(created).toMatchObject({
    name: NAME,
    ...TARGET,
    format_version: '2',
    version: String(number),
    placement: null,
  })
  expect((await logging.listLogHeroku(version)).map(({ name }) => name)).toEqual([NAME])
  const one = { ...version, logging_heroku_name: NAME }
  expect(await logging.getLogHeroku(one)).toMatchObject(TARGET)
  expect(
    await logging.updateLogHeroku({ ...one, name: 'renamed', log_processing_region: 'eu' }),
  ).toMatchObject({ name: 'renamed' })
  await expect(logging.getLogHeroku(one)).rejects.toMatchObject({ status: 404 })

  expect(await versions.validateServiceVersion(version)).toMatchObject({ status: 'ok' })
  expect(await versions.activateServiceVersion(version)).toMatchObject({ active: true, locked: true })
  await expect(logging.createLogHeroku({ ...version, name: 'late', ...TARGET })).rejects.toMatchObject({
    status: 422,
  })
  const details = await new fastly.ServiceApi().getServiceDetail({ service_id })
  expect(details.active_version?.number).toBe(number)

  const copy = { service_id, version_id: (await versions.cloneServiceVersion(version)).number }
  expect(await logging.deleteLogHeroku({ ...copy, logging_heroku_name: 'renamed' })).toMatchObject({
    status: 'ok',
  })
  expect(await logging.listLogHeroku(copy)).toEqual([])
  expect(await versions.deactivateServiceVersion(version)).toMatchObject({ active: false })
})
