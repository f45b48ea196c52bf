// The service as a process of its own, for what only a process can show: how it ends and what is left then.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { storeEnvironment } from './logs.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** As in production. */
export const NODE_FLAGS = (
  /^web: node (.+) dist\/main\.js$/m.exec(readFileSync(join(ROOT, 'Procfile'), 'utf8'))?.[1] ?? ''
).split(' ')
const START_TIMEOUT_MS = 30_000

export interface ServiceProcess {
  child: ChildProcess
  /** http://127.0.0.1:<port> */
  origin: string
  /** Everything it has logged so far. */
  output(): string
  /** Sends the signal and waits for the end. Resolves with exit code and signal. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** Resolves when it listens. `environment` needs DATABASE_URL; without PORT it takes a free one, without SPOOL none. */
export async function startServiceProcess(environment: Record<string, string>): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [...NODE_FLAGS, '--import', 'tsx', 'src/main.ts'], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: '0',
      SPOOL: 'off',
      PUBLIC_URL: 'http://localhost:5000',
      ...storeEnvironment(environment.DATABASE_URL ?? ''),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  let output = ''
  const origin = await new Promise<string>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`the service ${why}:\n${output}`))
    const timer = setTimeout(() => fail('did not start'), START_TIMEOUT_MS)
    const read = (chunk: Buffer) => {
      output += chunk
      const address = /Server listening at (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1]
      if (address === undefined) return
      clearTimeout(timer)
      resolve(address)
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('close', (code) => {
      clearTimeout(timer)
      fail(`ended with ${code}`)
    })
  })
  return {
    child,
    origin,
    output: () => output,
    async end(signal) {
      child.kill(signal)
      const [code, by] = await exited
      return { code, signal: by }
    },
  }
}
