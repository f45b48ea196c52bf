// The packages as a stranger gets them: packed, installed in an empty directory, run against this service.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../packages/addon-contract/test/support.ts'
import { createTestDatabase } from '../support/database.ts'
import { startServiceProcess } from '../support/service-process.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TIMEOUT_MS = 180_000

interface Packed {
  name: string
  filename: string
  files: { path: string }[]
}

const directory = mkdtempSync(join(tmpdir(), 'published-'))
const installed = join(directory, 'installed')
let packed: Packed[]

afterAll(() => rmSync(directory, { recursive: true, force: true }))

beforeAll(async () => {
  const { stdout } = await promisify(execFile)(
    'npm',
    [
      'pack',
      '--json',
      '-w',
      'packages/heroku-simulator',
      '-w',
      'packages/addon-contract',
      '--pack-destination',
      directory,
    ],
    { cwd: ROOT },
  )
  packed = JSON.parse(stdout.slice(stdout.indexOf('[')))
  // The only other dependency, from this checkout: the test needs no network, and a further dependency fails it.
  const zod = await promisify(execFile)(
    'npm',
    ['pack', '--json', '--ignore-scripts', './node_modules/zod', '--pack-destination', directory],
    { cwd: ROOT },
  )
  mkdirSync(installed)
  const tarballs = [...packed, ...(JSON.parse(zod.stdout) as Packed[])].map(
    ({ filename }) => `../${filename}`,
  )
  await promisify(execFile)('npm', ['install', '--offline', ...tarballs], { cwd: installed })
}, TIMEOUT_MS)

describe('the tarballs', () => {
  it('hold built JavaScript, declarations and documentation, and no tests', () => {
    expect(packed.map(({ name }) => name)).toEqual(['heroku-simulator', 'heroku-addon-contract'])
    for (const { files } of packed) {
      const others = files
        .map(({ path }) => path)
        .filter(
          (path) => !/^(dist\/.+\.(js|d\.ts)|docs\/.+\.md|README\.md|LICENSE|package\.json)$/.test(path),
        )
      expect(others).toEqual([])
      expect(files.map(({ path }) => path)).toEqual(
        expect.arrayContaining(['README.md', 'LICENSE', 'dist/index.d.ts']),
      )
    }
  })

  it(
    'are typed for a strict TypeScript project',
    async () => {
      const tsc = join(ROOT, 'node_modules/.bin/tsc')
      writeFileSync(
        join(installed, 'use.ts'),
        `import { AREAS, exitStatus, runCli, runContract } from 'heroku-addon-contract'
import { createHeroku, createRandom, type HerokuOptions } from 'heroku-simulator'
export const heroku = (addon: HerokuOptions['addon']) => createHeroku({ addon, random: createRandom('seed') })
export const areas: string[] = AREAS.map(({ name }) => name)
export { exitStatus, runCli, runContract }
`,
      )
      const options = [
        '--noEmit',
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'es2023',
        '--types',
        'node',
      ]
      await promisify(execFile)(
        tsc,
        [...options, '--typeRoots', join(ROOT, 'node_modules/@types'), 'use.ts'],
        {
          cwd: installed,
        },
      )
    },
    TIMEOUT_MS,
  )
})

it(
  'the installed simulator has its command',
  async () => {
    const command = ['--no', '--', 'heroku-simulator', '--help']
    const { stdout } = await promisify(execFile)('npx', command, { cwd: installed })
    expect(stdout).toMatch(/^heroku-simulator \[-f <manifest>\]/)
  },
  TIMEOUT_MS,
)

it(
  'the installed tester finds nothing wrong with this service: test all',
  async () => {
    const database = await createTestDatabase()
    const [idPort, apiPort] = [await freePort(), await freePort()]
    const service = await startServiceProcess({
      DATABASE_URL: database.url,
      HEROKU_ID_URL: `http://127.0.0.1:${idPort}`,
      HEROKU_API_URL: `http://127.0.0.1:${apiPort}`,
      HEROKU_CLIENT_SECRET: 'the-client-secret-of-the-portal',
    })
    try {
      const manifest = JSON.parse(readFileSync(join(ROOT, 'addon-manifest.json'), 'utf8'))
      manifest.api.test = {
        base_url: `${service.origin}/heroku/resources`,
        sso_url: `${service.origin}/sso/login`,
      }
      writeFileSync(join(installed, 'addon-manifest.json'), JSON.stringify(manifest))
      const ports = ['--id-port', String(idPort), '--api-port', String(apiPort)]
      const command = [
        'heroku-addon-contract',
        'test',
        'all',
        '--plan',
        'test',
        '--plan',
        'premium',
        ...ports,
      ]
      const { stdout } = await promisify(execFile)('npx', ['--no', ...command], { cwd: installed }).catch(
        (error) => error,
      )
      expect(stdout).toMatch(/\n1\d\d ok, 0 failed, /)
    } finally {
      await service.end('SIGTERM')
      await database.close()
    }
  },
  TIMEOUT_MS,
)
