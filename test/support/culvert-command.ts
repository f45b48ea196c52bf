// The command `culvert` as a process of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const LAUNCHER = fileURLToPath(new URL('../../src/cli/culvert.js', import.meta.url))

export interface CulvertCommand {
  /** Both streams, so far. */
  output(): string
  kill(): void
  /** Exit code, or null where it was killed. */
  ended: Promise<number | null>
}

export function startCulvert(args: readonly string[], environment: Record<string, string>): CulvertCommand {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  }
  return {
    output: () => output,
    kill: () => child.kill('SIGKILL'),
    // 'close' and not 'exit': all that it said is read by then.
    ended: once(child, 'close').then(([code]) => code as number | null),
  }
}
