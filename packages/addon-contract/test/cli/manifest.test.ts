import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/run.ts'

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'addon-contract-manifest-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

let files = 0
const newPath = () => join(directory, `${files++}.json`)

async function runManifest(...args: string[]) {
  const said = { output: '', error: '' }
  const code = await runCli(['manifest', ...args], {
    environment: {},
    write: (text) => {
      said.output += text
    },
    writeError: (text) => {
      said.error += text
    },
  })
  return { code, ...said }
}

async function generated(...args: string[]) {
  const path = newPath()
  const run = await runManifest('generate', '-f', path, '--id', 'acme-logs', ...args)
  expect(run).toMatchObject({ code: 0, error: '' })
  return { path, output: run.output, manifest: read(path) }
}

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'))

function write(manifest: unknown): string {
  const path = newPath()
  writeFileSync(path, typeof manifest === 'string' ? manifest : JSON.stringify(manifest))
  return path
}

describe('manifest generate', () => {
  it('writes a manifest that passes every rule, readable by its owner only', async () => {
    const { path, manifest } = await generated('--url', 'https://logs.acme.com/', '--name', 'Acme Logs')
    const { code, output } = await runManifest('validate', '-f', path)
    expect(output).toMatch(/\b0 failed, 0 warnings/)
    expect(code).toBe(0)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(manifest).toMatchObject({
      id: 'acme-logs',
      name: 'Acme Logs',
      api: {
        version: '3',
        config_vars: ['ACME_LOGS_URL'],
        requires: ['syslog_drain', 'log_input', 'attachable', 'many_per_app'],
        production: {
          base_url: 'https://logs.acme.com/heroku/resources',
          sso_url: 'https://logs.acme.com/sso/login',
        },
      },
    })
  })

  it('makes new secrets each time, and prints none of them', async () => {
    const [one, two] = [await generated(), await generated()]
    const secrets = [one, two].flatMap(({ manifest: { api } }) => [api.password, api.sso_salt])
    expect(new Set(secrets).size).toBe(4)
    for (const secret of secrets) {
      expect(secret).toMatch(/^[0-9a-f]{48}$/)
      expect(one.output + two.output).not.toContain(secret)
    }
  })

  it('prints the next steps as commands that work', async () => {
    const { path, manifest, output } = await generated()
    expect(output).toContain('npx heroku-addon-contract test all')
    expect(output).toContain('heroku addons:admin:manifest:push')
    const [, command] = /ADDON_PASSWORD="\$\((.+?)\)"/.exec(output) ?? []
    const { stdout } = await promisify(execFile)('sh', ['-c', command as string])
    expect(stdout.trim()).toBe(manifest.api.password)
    expect(path).toMatch(/json$/)
  })

  it('overwrites a manifest only with --force', async () => {
    const { path, manifest } = await generated()
    const refused = await runManifest('generate', '-f', path, '--id', 'acme-logs')
    expect(refused).toMatchObject({ code: 2, output: '', error: expect.stringContaining('--force') })
    expect(read(path)).toEqual(manifest)
    expect(await runManifest('generate', '-f', path, '--id', 'acme-logs', '--force')).toMatchObject({
      code: 0,
    })
    expect(read(path).api.password).not.toBe(manifest.api.password)
  })

  it('writes nothing if Heroku would refuse the manifest, and says why', async () => {
    const f = async (args: string[], says: RegExp) => {
      const path = newPath()
      const { code, error } = await runManifest('generate', '-f', path, ...args)
      expect(code).toBe(2)
      expect(error).toMatch(says)
      expect(() => read(path)).toThrow('ENOENT')
    }
    await f(['--id', 'my-addon'], /M04 id is "my-addon"/)
    await f(['--id', 'Acme Logs'], /M03 id is "Acme Logs"/)
    await f(['--id', 'acme', '--url', 'http://logs.acme.com'], /M24 .*begins with http:/)
    await f(['--id', 'acme', '--wrong'], /--wrong/)
  })
})

describe('manifest validate', () => {
  it('prints each broken rule with problem, consequence and fix, and exits with 1', async () => {
    const { manifest } = await generated()
    const { code, output } = await runManifest(
      'validate',
      '-f',
      write({ ...manifest, api: { ...manifest.api, version: '1', regions: ['eu'] } }),
    )
    expect(code).toBe(1)
    expect(output).toMatch(/FAIL M07 version-3: .*\n +api\.version is "1"\n/)
    expect(output).toMatch(/FAIL M14 regions-have-us: /)
    expect(output).toMatch(/fix: +Write "version": "3", in quotes\./)
    expect(output).toMatch(/documented: .*https:\/\/devcenter\.heroku\.com/)
    expect(output).toMatch(/warn M26 production-is-public: .*\n.*names acme-logs\.example\.com/)
    expect(output).not.toContain(manifest.api.password)
  })

  it('exits with 0 if there are only warnings', async () => {
    const { path } = await generated()
    expect(await runManifest('validate', '-f', path)).toMatchObject({
      code: 0,
      output: expect.stringMatching(/0 failed, 1 warning/),
    })
  })

  it('prints JSON and TAP, and the same report as test manifest', async () => {
    const path = write({ id: 'acme' })
    const { code, output } = await runManifest('validate', '-f', path, '--json')
    let tested = ''
    await runCli(['test', 'manifest', '-f', path, '--json'], {
      environment: {},
      write: (text) => {
        tested += text
      },
      writeError: () => {},
    })
    expect(code).toBe(1)
    expect(JSON.parse(tested)).toEqual(JSON.parse(output))
    expect((await runManifest('validate', '-f', path, '--tap')).output).toMatch(/^not ok 6 - M06 /m)
  })

  it('exits with 2 if there is no manifest, and quotes none of it', async () => {
    expect(await runManifest('validate', '-f', newPath())).toMatchObject({
      code: 2,
      error: expect.stringMatching(/there is no .*\n {2}-> .*manifest generate/),
    })
    const { code, error } = await runManifest('validate', '-f', write('"password": "hunter2"'))
    expect(code).toBe(2)
    expect(error).toContain('is not JSON')
    expect(error).not.toContain('hunter2')
    writeFileSync(join(directory, 'addon_manifest.json'), '{}')
    const misspelt = await runManifest('validate', '-f', join(directory, 'addon-manifest.json'))
    expect(misspelt.error).toContain('the old misspelling')
  })
})

describe('manifest diff', () => {
  it('exits with 0 if a push would change nothing', async () => {
    const { path, manifest } = await generated()
    const pushed = write({ contents: { ...manifest, $base: 5 } })
    expect(await runManifest('diff', '--pushed', pushed, '-f', path)).toMatchObject({
      code: 0,
      output: 'A push would change nothing.\n',
    })
  })

  it('exits with 1 and prints changes and whom they affect, without a secret', async () => {
    const { path, manifest } = await generated()
    const pushed = write({ ...manifest, api: { ...manifest.api, password: 'the-old-one', regions: ['us'] } })
    const { code, output } = await runManifest('diff', '--pushed', pushed, '-f', path)
    expect(code).toBe(1)
    expect(output).toMatch(/^ {2}api\.regions: \["us"\] -> \["us","eu"\]$/m)
    expect(output).toMatch(/^ {2}api\.password: differs \(not shown.*\n {4}After the push/m)
    expect(output).not.toMatch(new RegExp(`the-old-one|${manifest.api.password}`))
    const { output: json } = await runManifest('diff', '--pushed', pushed, '-f', path, '--json')
    expect(JSON.parse(json).differences).toHaveLength(2)
    expect(json).not.toMatch(new RegExp(`the-old-one|${manifest.api.password}`))
  })

  it('reads the pushed manifest from standard input', async () => {
    const { path, manifest } = await generated()
    const pushed = write({ ...manifest, name: 'Another' })
    const command = `"${process.execPath}" --import tsx src/cli/main.ts manifest diff --pushed - -f "${path}" < "${pushed}"`
    const failed = await promisify(execFile)('sh', ['-c', command], { cwd: PACKAGE }).catch((error) => error)
    expect(failed.stdout).toContain('name: "Another" -> "Acme Logs"')
    expect(failed.code).toBe(1)
  })

  it('exits with 2 if a manifest is missing', async () => {
    const { path } = await generated()
    expect(await runManifest('diff', '-f', path)).toMatchObject({
      code: 2,
      error: expect.stringMatching(/--pushed/),
    })
    expect(await runManifest('diff', '--pushed', newPath(), '-f', path)).toMatchObject({ code: 2 })
    expect(await runManifest('diff', '--pushed', write([]), '-f', path)).toMatchObject({ code: 2 })
  })
})

it('manifest --help lists its commands, and an unknown one exits with 2', async () => {
  const { output } = await runManifest('--help')
  for (const name of ['generate', 'validate', 'diff'])
    expect(output).toContain(`heroku-addon-contract manifest ${name}`)
  expect(await runManifest('genrate')).toMatchObject({
    code: 2,
    error: expect.stringContaining('generate, validate, diff'),
  })
})
