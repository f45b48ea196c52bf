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
const directory = mkdtempSync(join(tmpdir(), 'culvert-run-'))
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

async function culvertRun(...args: string[]) {
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

/** A command that writes its environment down. */
const tells = (path: string) => [
  process.execPath,
  '-e',
  `fs.writeFileSync(${JSON.stringify(path)}, JSON.stringify(process.env))`,
]
const exits = (status: number) => [process.execPath, '-e', `process.exitCode = ${status}`]
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'))

describe('culvert run', () => {
  it('waits for an add-on that answers 202, and gives what that sent to the Platform API', async () => {
    const [idPort, apiPort] = [await freePort(), await freePort()]
    const minimal = await startMinimalAddon({ isAsync: true })
    minimal.heroku.idUrl = `http://127.0.0.1:${idPort}`
    minimal.heroku.apiUrl = `http://127.0.0.1:${apiPort}`
    try {
      const seen = newPath()
      const ports = ['--id-port', String(idPort), '--api-port', String(apiPort)]
      const run = await culvertRun('-f', write(minimal.manifest), ...ports, '--', ...tells(seen))
      expect(run).toMatchObject({ status: 0, error: expect.stringMatching(/MINIMAL_LOGS_URL.*\nRemoved it/) })
      const [resource] = minimal.resources.values()
      expect(resource).toMatchObject({ state: 'gone' })
      expect(read(seen)).toMatchObject(resource?.config as object)
    } finally {
      await minimal.close()
    }
  })

  it('provisions in kensa’s way as well, also where the add-on calls back', async () => {
    for (const isAsync of [false, true]) {
      const manifest = await oldAddon({ isAsync })
      const seen = newPath()
      const options = ['--legacy', ...(isAsync ? ['--async'] : [])]
      const { status } = await culvertRun('-f', manifest, ...options, '--', ...tells(seen))
      expect(status).toBe(0)
      expect(read(seen)).toMatchObject({ OLD_URL: 'https://old.example.com/r/1', OLD_TOKEN: 'abc' })
      expect(addon?.live.size).toBe(0)
      await addon?.close()
    }
    addon = undefined
  })

  it('ends with the command’s status, and removes the resource whatever that is', async () => {
    const manifest = await oldAddon()
    const f = async (command: string[], expected: number) => {
      const { status } = await culvertRun('-f', manifest, '--legacy', '--', ...command)
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

  it('does not run the command where nothing can be provisioned', async () => {
    const manifest = await oldAddon({ defect: 'provision-fails' })
    const seen = newPath()
    const { status, error } = await culvertRun('-f', manifest, '--legacy', '--', ...tells(seen))
    expect(status).toBe(2)
    expect(error).toContain('answered 500')
    expect(existsSync(seen)).toBe(false)
    const nowhere = write(oldManifest('http://127.0.0.1:1'))
    expect(await culvertRun('-f', nowhere, '--', ...tells(seen))).toMatchObject({
      status: 2,
      error: expect.stringContaining('does not answer at http://127.0.0.1:1'),
    })
  })

  it('says so, and fails, when the resource cannot be removed', async () => {
    const manifest = await oldAddon({ defect: 'deprovision-fails' })
    const { status, error } = await culvertRun('-f', manifest, '--legacy', '--', ...exits(0))
    expect(status).toBe(1)
    expect(error).toContain('could not be removed: answered 500')
  })

  it('hands signals on to the command, and removes the resource afterwards', async () => {
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
    expect(output).toContain('told to end')
    expect(code).toBe(143)
    expect(addon?.live.size).toBe(0)
  })

  it('takes what stands behind the dashes for the command’s, and says when there is none', async () => {
    const manifest = await oldAddon()
    expect(await culvertRun('-f', manifest)).toMatchObject({
      status: 2,
      error: expect.stringContaining('behind two dashes'),
    })
    const command = [...exits(0), '--', '--help']
    const { status, error } = await culvertRun('-f', manifest, '--legacy', '--', ...command)
    expect(status).toBe(0)
    expect(error).toContain('Removed it.')
  })
})

/** Ends as a process does that lets SIGTERM end it, after it said so. */
const WAITS = `
  process.once('SIGTERM', () => { console.log('told to end'); process.kill(process.pid, 'SIGTERM') })
  setInterval(() => {}, 1000)
  console.log('waiting')`
