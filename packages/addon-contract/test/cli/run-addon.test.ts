import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/run.ts'
import { type OldAddon, type OldAddonOptions, oldManifest, startOldAddon } from '../legacy/old-addon.ts'
import { startMinimalAddon } from '../minimal-addon.ts'
import { freePort } from '../support.ts'

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'addon-contract-run-'))
let addon: OldAddon | undefined
let files = 0

afterEach(async () => {
  await addon?.close()
  addon = undefined
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const newPath = () => join(directory, `${files++}.json`)

function write(manifest: object): string {
  const path = newPath()
  writeFileSync(path, JSON.stringify(manifest))
  return path
}

async function oldAddon(options?: OldAddonOptions): Promise<string> {
  addon = await startOldAddon(options)
  return write(oldManifest(addon.origin))
}

async function runAddon(...args: string[]) {
  let error = ''
  const status = await runCli(['run', ...args], {
    environment: { PATH: process.env.PATH, GIVEN: 'by the caller' },
    write: () => {},
    writeError: (text) => {
      error += text
    },
  })
  return { status, error }
}

/** A command that writes its environment to a file. */
const tells = (path: string) => [
  process.execPath,
  '-e',
  `fs.writeFileSync(${JSON.stringify(path)}, JSON.stringify(process.env))`,
]
const exits = (status: number) => [process.execPath, '-e', `process.exitCode = ${status}`]
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'))

describe('run', () => {
  it('waits for an add-on that answers 202, and passes on the config that it sent to the Platform API', async () => {
    const [idPort, apiPort] = [await freePort(), await freePort()]
    const minimal = await startMinimalAddon({ isAsync: true })
    minimal.heroku.idUrl = `http://127.0.0.1:${idPort}`
    minimal.heroku.apiUrl = `http://127.0.0.1:${apiPort}`
    try {
      const seen = newPath()
      const ports = ['--id-port', String(idPort), '--api-port', String(apiPort)]
      const run = await runAddon('-f', write(minimal.manifest), ...ports, '--', ...tells(seen))
      expect(run).toMatchObject({ status: 0, error: expect.stringMatching(/MINIMAL_LOGS_URL.*\nRemoved it/) })
      const [resource] = minimal.resources.values()
      expect(resource).toMatchObject({ state: 'gone' })
      expect(read(seen)).toMatchObject(resource?.config as object)
    } finally {
      await minimal.close()
    }
  })

  it('provisions as kensa did, synchronously and by callback', async () => {
    for (const isAsync of [false, true]) {
      const manifest = await oldAddon({ isAsync })
      const seen = newPath()
      const options = ['--legacy', ...(isAsync ? ['--async'] : [])]
      const { status } = await runAddon('-f', manifest, ...options, '--', ...tells(seen))
      expect(status).toBe(0)
      expect(read(seen)).toMatchObject({ OLD_URL: 'https://old.example.com/r/1', OLD_TOKEN: 'abc' })
      expect(addon?.live.size).toBe(0)
      await addon?.close()
    }
    addon = undefined
  })

  it('exits with the status of the command, and removes the resource in every case', async () => {
    const manifest = await oldAddon()
    const f = async (command: string[], expected: number) => {
      const { status } = await runAddon('-f', manifest, '--legacy', '--', ...command)
      expect(status).toBe(expected)
      expect(addon?.live.size).toBe(0)
    }
    await f(exits(0), 0)
    await f(exits(7), 7)
    // By its path: looked for along PATH, a directory that may not be read makes it another error.
    await f([join(directory, 'no-such-command')], 127)
    await f([directory], 126)
    await f([process.execPath, '-e', 'process.kill(process.pid, "SIGKILL")'], 137)
  })

  it('does not start the command if nothing can be provisioned', async () => {
    const manifest = await oldAddon({ defect: 'provision-fails' })
    const seen = newPath()
    const { status, error } = await runAddon('-f', manifest, '--legacy', '--', ...tells(seen))
    expect(status).toBe(2)
    expect(error).toContain('answered 500')
    expect(existsSync(seen)).toBe(false)
    const nowhere = write(oldManifest('http://127.0.0.1:1'))
    expect(await runAddon('-f', nowhere, '--', ...tells(seen))).toMatchObject({
      status: 2,
      error: expect.stringContaining('does not answer at http://127.0.0.1:1'),
    })
  })

  it('fails if the resource cannot be removed', async () => {
    const manifest = await oldAddon({ defect: 'deprovision-fails' })
    const { status, error } = await runAddon('-f', manifest, '--legacy', '--', ...exits(0))
    expect(status).toBe(1)
    expect(error).toContain('could not be removed: answered 500')
  })

  it('forwards signals to the command, and removes the resource afterwards', async () => {
    const manifest = await oldAddon()
    const child = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        'src/cli/main.ts',
        'run',
        '-f',
        manifest,
        '--legacy',
        '--',
        process.execPath,
        '-e',
        WAITS,
      ],
      { cwd: PACKAGE, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    await expect.poll(() => output, { timeout: 20_000 }).toContain('waiting')
    expect(addon?.live.size).toBe(1)
    child.kill('SIGTERM')
    const [code] = await once(child, 'exit')
    expect(output).toContain('received SIGTERM')
    expect(code).toBe(143)
    expect(addon?.live.size).toBe(0)
  })

  it('passes all arguments after the dashes to the command, and demands a command', async () => {
    const manifest = await oldAddon()
    expect(await runAddon('-f', manifest)).toMatchObject({
      status: 2,
      error: expect.stringContaining('after two dashes'),
    })
    const command = [...exits(0), '--', '--help']
    const { status, error } = await runAddon('-f', manifest, '--legacy', '--', ...command)
    expect(status).toBe(0)
    expect(error).toContain('Removed it.')
  })
})

/** Prints a line on SIGTERM, then ends by it. */
const WAITS = `
  process.once('SIGTERM', () => { console.log('received SIGTERM'); process.kill(process.pid, 'SIGTERM') })
  setInterval(() => {}, 1000)
  console.log('waiting')`
