// Fastly's own command line (npm @fastly/cli), against us. It is not among our packages: npm's lock file leaves out its
// binaries for other machines, and then refuses to install on them (npm/cli#4828). So it is fetched once, into the
// place where tools keep such things; where that cannot be done, this says so and is skipped.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { commandsFor } from '../../../src/page/client/fastly-commands.ts'
import { startWorld, type World } from '../world.ts'

const run = promisify(execFile)

const CLI = '@fastly/cli@16.1.0'
const KEPT = fileURLToPath(new URL('../../../node_modules/.cache/fastly-cli-16.1.0', import.meta.url))
const FETCH_TIMEOUT_MS = 120_000

let world: World
let home: string
let command: string | null = null
beforeAll(async () => {
  command = await fetchCli()
  world = await startWorld()
  home = await mkdtemp(join(tmpdir(), 'culvert-fastly-'))
}, FETCH_TIMEOUT_MS + 60_000)
afterAll(async () => {
  await world.close()
  await rm(home, { recursive: true, force: true })
})

async function fetchCli(): Promise<string | null> {
  const path = join(KEPT, 'node_modules/.bin/fastly')
  if (existsSync(path)) return path
  const directory = `${KEPT}.${process.pid}`
  await mkdir(directory, { recursive: true })
  try {
    await run('npm', ['install', '--prefix', directory, '--no-save', '--no-audit', '--no-fund', CLI], {
      timeout: FETCH_TIMEOUT_MS,
    })
    await rename(directory, KEPT).catch(() => {})
    return existsSync(path) ? path : null
  } catch {
    return null
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function fastly(...words: string[]): Promise<string> {
  const { stdout } = await run(command as string, [...words, '--non-interactive'], {
    timeout: 30_000,
    env: {
      PATH: process.env.PATH,
      HOME: home,
      FASTLY_API_ENDPOINT: world.service.origin,
      // Asked before each command whether it is there; it need not know anything.
      FASTLY_ACCOUNT_ENDPOINT: world.service.origin,
      FASTLY_API_TOKEN: world.key,
    },
  })
  return stdout
}

it('creates, lists, describes, renames and deletes', { timeout: 120_000 }, async ({ skip }) => {
  skip(command === null, `${CLI} could not be fetched`)
  const services = JSON.parse(await fastly('service', 'list', '--json'))
  const id = services[0].ServiceID
  const heroku = (operation: string, ...words: string[]) =>
    fastly('service', 'logging', 'heroku', operation, '--service-id', id, ...words)

  await heroku(
    'create',
    '--version',
    '1',
    '--name',
    'one',
    '--auth-token',
    't.abc',
    '--url',
    'https://1.us.logplex.io/logs',
    '--format',
    '%h "%r" %>s',
  )
  const listed = JSON.parse(await heroku('list', '--version', '1', '--json'))
  expect(listed).toMatchObject([{ Name: 'one', Token: 't.abc', FormatVersion: 2, Format: '%h "%r" %>s' }])
  await heroku(
    'update',
    '--version',
    'latest',
    '--name',
    'one',
    '--new-name',
    'sp ace/slash',
    '--placement',
    '',
    '--format-version',
    '1',
    '--format',
    '%h %r',
  )
  const described = await heroku('describe', '--version', '1', '--name', 'sp ace/slash')
  expect(described).toMatch(/Name: sp ace\/slash/)
  expect(described).toMatch(/Format version: 1/)
  await expect(heroku('describe', '--version', '1', '--name', 'one')).rejects.toThrow(
    /Record not found \(Couldn't find syslog/,
  )

  await fastly('service', 'version', 'activate', '--service-id', id, '--version', '1')
  await expect(heroku('delete', '--version', '1', '--name', 'sp ace/slash')).rejects.toThrow(/locked|active/)
  await heroku('delete', '--version', 'active', '--autoclone', '--name', 'sp ace/slash')
  expect(JSON.parse(await heroku('list', '--version', '2', '--json'))).toEqual([])
})

it('does what the page tells people to type', { timeout: 120_000 }, async ({ skip }) => {
  skip(command === null, `${CLI} could not be fetched`)
  const { call, key } = await world.stranger()
  const type = async (choice: Omit<Parameters<typeof commandsFor>[1], 'serviceId'>) => {
    const commands = commandsFor(world.service.origin, { serviceId: id, ...choice })
    const path = [dirname(command as string), process.env.PATH].join(delimiter)
    await run('sh', ['-ec', commands.replace('culvert_…', key).replace('t.…', 't.abc')], {
      timeout: 60_000,
      env: { PATH: path, HOME: home, FASTLY_NON_INTERACTIVE: 'true' },
    })
  }
  const [{ id }] = (await call('GET', '/service')).json
  const endpoints = async (version: number) =>
    (await call('GET', `/service/${id}/version/${version}/logging/heroku`)).json

  await type({ name: null, format: '%h "%r" it\'s $(date) `x` \\ !!', formatVersion: 1 })
  expect(await endpoints(1)).toMatchObject([
    { name: 'my-app', format: '%h "%r" it\'s $(date) `x` \\ !!', format_version: '1' },
  ])
  await type({ name: 'my-app', format: '%{line.message}V', formatVersion: 2 })
  expect(await endpoints(2)).toMatchObject([{ name: 'my-app', format: '%{line.message}V' }])
  expect((await call('GET', `/service/${id}/version/2`)).json).toMatchObject({ active: true })
})
