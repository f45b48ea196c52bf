// The demo as a person runs it: a process of its own, with the real service and its embedded Postgres.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const READY = 'Ctrl-C stops it all.'
const TIMEOUT_MS = 60_000

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function startDemo(command: string[], environment: Record<string, string> = {}) {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'culvert-demo-'))
  // Root's Postgres runs under another account; without access it would keep its data in a place that stays.
  chmodSync(dataDirectory, 0o755)
  closers.push(() => rmSync(dataDirectory, { recursive: true, force: true, maxRetries: 5 }))
  const [file = '', ...rest] = command
  const child: ChildProcess = spawn(file, rest, {
    cwd: ROOT,
    env: { ...process.env, PORT: '0', DATA_DIRECTORY: dataDirectory, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  closers.push(async () => {
    child.kill('SIGTERM')
    await exited
  })
  let output = ''
  await new Promise<void>((resolve) => {
    const read = (chunk: Buffer) => {
      output += chunk
      if (output.includes(READY)) resolve()
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('close', () => resolve())
  })
  return { child, exited, output: () => output }
}

const DEMO = [process.execPath, '--import', 'tsx', 'demo/demo.ts']
const linkIn = (output: string) => /http:\/\/localhost:\d+\/sso\/([\w-]+)/.exec(output) as RegExpExecArray
const serviceIn = (output: string) =>
  /service is at (http:\/\/localhost:\d+)/.exec(output)?.[1] ?? 'no service'
const isUp = (origin: string) =>
  fetch(`${origin}/healthz`).then(
    () => true,
    () => false,
  )

describe('npm run demo', () => {
  it(
    'prints a link that signs in to a resource with lines, and stops everything on Ctrl-C',
    async () => {
      const demo = await startDemo(DEMO)
      const [link, resourceId] = linkIn(demo.output())
      const service = serviceIn(demo.output())
      // The link is the first address in the text: it is the one to click.
      expect(/http\S+/.exec(demo.output())?.[0]).toBe(link)

      const form = await (await fetch(`${link}/form`)).text()
      const signedIn = await fetch(`${service}/sso/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: form,
        redirect: 'manual',
      })
      expect(signedIn.status).toBe(303)
      const headers = {
        cookie: signedIn.headers.get('set-cookie')?.split(';')[0] ?? '',
        accept: 'application/json',
      }
      const answer = await fetch(`${service}/resources/${resourceId}/lines`, { headers })
      const { lines } = (await answer.json()) as { lines: { process: string }[] }
      expect(lines.length).toBeGreaterThan(50)
      expect(lines.some(({ process }) => process === 'router')).toBe(true)
      // The second app was attached without a call to the service.
      const apps = async () => {
        const newest = await fetch(`${service}/resources/${resourceId}/lines?limit=1000`, { headers })
        const found = (await newest.json()) as { lines: { app: string | null }[] }
        return [...new Set(found.lines.map(({ app }) => app))].sort()
      }
      const names = /to the app\n(\S+) and is attached to (\S+) too/.exec(demo.output())?.slice(1) ?? []
      expect(names).toHaveLength(2)
      await expect.poll(apps, { timeout: 15_000, interval: 200 }).toEqual([...names].sort())

      demo.child.kill('SIGINT')
      expect(await demo.exited).toEqual([0, null])
      expect(await isUp(service)).toBe(false)
      expect(demo.output()).toContain('Stopping')
      expect(demo.output()).not.toContain('service |')
    },
    TIMEOUT_MS,
  )

  it(
    'stops everything when only npm receives SIGTERM',
    async () => {
      const demo = await startDemo(['npm', 'run', 'demo'])
      const service = serviceIn(demo.output())
      expect(await isUp(service)).toBe(true)
      demo.child.kill('SIGTERM')
      await demo.exited
      await expect.poll(() => isUp(service), { timeout: 15_000, interval: 100 }).toBe(false)
    },
    TIMEOUT_MS,
  )

  it(
    'ends with the output of the service if that does not start',
    async () => {
      const demo = await startDemo(DEMO, { PLANS_FILE: '/nowhere/plans.json' })
      expect(await demo.exited).toEqual([1, null])
      expect(demo.output()).toContain('The service ended with exit code 1 while it was starting.')
      expect(demo.output()).toContain('PLANS_FILE could not be read')
    },
    TIMEOUT_MS,
  )
})
