// The service as production has it: built, without the packages of this repository.
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PACKAGES = ['heroku-simulator', 'heroku-addon-contract']
const TIMEOUT_MS = 120_000

const directory = mkdtempSync(join(tmpdir(), 'absent-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

beforeAll(async () => {
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  const out = join(directory, 'dist')
  await promisify(execFile)(tsc, ['-p', 'tsconfig.build.json', '--noCheck', '--outDir', out], { cwd: ROOT })
  for (const name of ['package.json', 'addon-manifest.json'])
    copyFileSync(join(ROOT, name), join(directory, name))
  symlinkSync(join(ROOT, 'migrations'), join(directory, 'migrations'))
  mkdirSync(join(directory, 'node_modules'))
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (!PACKAGES.includes(name))
      symlinkSync(join(ROOT, 'node_modules', name), join(directory, 'node_modules', name))
  }
}, TIMEOUT_MS)

function culvert(...args: string[]) {
  const environment = { PATH: process.env.PATH, DATABASE_URL: 'postgres://user@127.0.0.1:1/none' }
  return promisify(execFile)(process.execPath, ['dist/cli/main.js', ...args], {
    cwd: directory,
    env: environment,
  }).then(
    ({ stdout, stderr }) => ({ status: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ status: code, stdout, stderr }),
  )
}

it.each(['test', 'run', 'manifest'])(
  'culvert %s says which package to install',
  async (name) => {
    expect(await culvert(name, '--help')).toEqual({
      status: 2,
      stdout: '',
      stderr: `culvert ${name} needs heroku-addon-contract, which is not installed here: npm install heroku-addon-contract\n`,
    })
  },
  TIMEOUT_MS,
)

it(
  'culvert doctor compares the manifest with the settings, and skips its rules',
  async () => {
    const { stdout } = await culvert('doctor')
    expect(stdout).toContain(
      'skip  Manifest       its rules need heroku-addon-contract, which is not installed here',
    )
    expect(stdout).toContain('ok    Manifest       addon-manifest.json fits the settings')
  },
  TIMEOUT_MS,
)
