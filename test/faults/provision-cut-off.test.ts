// SIGKILL in the middle of asynchronous provisions: the next process goes on with them. And after all of that, what the
// processes wrote, into the database and into their log, holds no secret.
import { randomUUID } from 'node:crypto'
import {
  createHeroku,
  createRandom,
  type Heroku,
  openPlatform,
  type Platform,
  type SimResource,
} from 'heroku-simulator'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { manifestOf } from '../heroku/service.ts'
import { CLIENT_SECRET, dump, expectNone } from '../heroku/world.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts'

const PATIENTLY = { timeout: 30_000 }
const SALT = 'a-salt-that-only-this-test-knows'
const PASSWORD = 'a-password-that-only-this-test-knows'
const KEY = Buffer.alloc(32, 'a key that only this test knows').toString('base64')

let database: TestDatabase
let platform: Platform
let heroku: Heroku
let service: ServiceProcess
let environment: Record<string, string>
let output = ''

/** A process that takes the place of another one listens at its address. */
async function start(port = '0'): Promise<void> {
  service = await startServiceProcess({ ...environment, PORT: port })
}
async function end(signal: NodeJS.Signals): Promise<void> {
  await service.end(signal)
  output += service.output()
}

beforeAll(async () => {
  database = await createTestDatabase()
  platform = await openPlatform(() => heroku)
  environment = {
    DATABASE_URL: database.url,
    HEROKU_API_URL: platform.origin,
    HEROKU_ID_URL: platform.origin,
    HEROKU_CLIENT_SECRET: CLIENT_SECRET,
    PROVISIONING: 'asynchronous',
    ADDON_PASSWORD: PASSWORD,
    ADDON_SSO_SALT: SALT,
    SECRET_KEYS: `k1:${KEY}`,
    LOG_LEVEL: 'trace',
  }
  await start()
  heroku = createHeroku({
    addon: manifestOf(loadConfig(environment), service.origin),
    random: createRandom('provisions that are cut off'),
    clientSecrets: [CLIENT_SECRET],
    drains: { deliverTo: service.origin },
    webhooksTo: service.origin,
    logInputOrigin: platform.origin,
  })
})
afterAll(async () => {
  heroku?.stop()
  await service?.end('SIGTERM')
  await platform?.close()
  await database?.close()
})

it('goes on with a provision whatever a process was just doing when it was killed, and leaks nothing', {
  timeout: 120_000,
}, async () => {
  const { port } = new URL(service.origin)
  const resources: SimResource[] = []
  for (const call of [
    'POST /oauth/token',
    'POST .*/webhooks',
    'PATCH .*/config',
    'POST .*/actions/provision',
  ]) {
    let killed: Promise<void> | undefined
    const mend = platform.fail({
      // What the id server is asked is answered once: a lost answer would need another POST.
      kind: call.includes('oauth') ? 'cut' : 'lost',
      on: new RegExp(`^${call}$`),
      times: 1,
      async meanwhile() {
        killed = end('SIGKILL')
        await killed
      },
    })
    const uuid = randomUUID()
    const posted = heroku.provision({ plan: 'test', uuid }).catch(() => null)
    await expect.poll(() => killed !== undefined, PATIENTLY).toBe(true)
    await killed
    mend()
    // In place of the time that a lease takes to run out.
    for (const table of ['provisioning', 'heroku_authorization']) {
      await database.pool.query(`update ${table} set leased_until = now()`)
    }
    await start(port)
    // Should even its answer have been cut off, Heroku repeats the POST.
    const resource = (await posted) ?? (await heroku.provision({ plan: 'test', uuid }))
    resources.push(resource)
    await expect.poll(() => resource.state, PATIENTLY).toBe('provisioned')
  }
  for (const resource of resources) {
    expect(resource).toMatchObject({ completions: 1, configWrites: 1 })
    expect(heroku.webhooks.of(resource.uuid)).toHaveLength(1)
  }

  // Some more life, for the search that follows.
  const [first, second] = resources as [SimResource, SimResource]
  const attached = heroku.attach(first.uuid)
  attached.push({
    priority: 190,
    time: new Date().toISOString(),
    source: 'app',
    process: 'web.1',
    message: 'hello\n',
  })
  await attached.whenIdle()
  heroku.renameApp(attached.app, 'wild-lake')
  await heroku.changePlan(first.uuid, loadConfig({}).plans[1]?.slug ?? 'test')
  const form = heroku.signIn(first.uuid)
  if (form) {
    await fetch(form.url, { method: 'POST', body: new URLSearchParams(form.fields), redirect: 'manual' })
  }
  platform.fail({ kind: 'html', times: 3 })
  await heroku.deprovision(second.uuid)
  await heroku.webhooks.whenIdle()
  expect(heroku.webhooks.attempts.filter(({ status }) => status === 204).length).toBeGreaterThan(3)
  const text = await dump(database)
  await end('SIGTERM')
  await start(port)

  const secrets = [
    ...heroku.idServer.secrets,
    ...heroku.webhooks.secrets.map((secret) => secret.replace('Bearer ', '')),
    ...heroku.logInput.secrets,
    ...resources.flatMap(({ drains }) => drains.map(({ token }) => token)),
    ...[CLIENT_SECRET, PASSWORD, SALT, KEY],
  ]
  expect(secrets.length).toBeGreaterThan(25)
  expect(output).toContain('provision completed')
  expectNone(secrets, text + output)
})
