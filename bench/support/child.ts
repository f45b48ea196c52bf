// A Node process that runs a compiled file and ends with the benchmark.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Scope } from './scope.ts'

export interface ChildOptions {
  file: string
  cwd: string
  environment?: Record<string, string>
  /** Where it leaves a CPU profile when it ends. */
  profileDirectory?: string | undefined
}

/** As the service is started in production. */
const NODE_FLAGS = ['--max-semi-space-size=16']
const END_TIMEOUT_MS = 30_000
/** Ends a child when the benchmark is gone, however that ended. Waiting for it must not keep the child alive. */
const END_WITH_PARENT = `data:text/javascript,${encodeURIComponent(`
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel.unref()
`)}`

export function startChild(scope: Scope, options: ChildOptions): ChildProcess {
  const { file, cwd, environment, profileDirectory } = options
  const profiling = profileDirectory ? ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`] : []
  const child = spawn(process.execPath, [...NODE_FLAGS, ...profiling, '--import', END_WITH_PARENT, file], {
    cwd,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
    // Ctrl-C reaches the benchmark alone, which then closes what it opened in the right order.
    detached: true,
  })
  return scope.add(child, end)
}

/** Resolves with what the pattern finds in its output; rejects with the output when the child ends first. */
export function waitForOutput(child: ChildProcess, pattern: RegExp, timeoutMs = 60_000): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    const timer = setTimeout(() => reject(new Error(`a child did not start:\n${output}`)), timeoutMs)
    const read = (chunk: Buffer) => {
      if (pattern.test(output)) return
      output += chunk
      const found = pattern.exec(output)?.[1]
      if (found === undefined) return
      clearTimeout(timer)
      resolve(found)
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      reject(new Error(`a child ended (${code ?? signal}) before it had started:\n${output}`))
    })
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS)
  await exited
  clearTimeout(timer)
}
