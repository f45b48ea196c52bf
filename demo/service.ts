// The service as a child process of the demo: started in its own process group, polled until it is healthy, ended by
// SIGTERM, then SIGKILL.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const KEPT_LINES = 15
const POLL_MS = 100

export interface ServiceChild {
  pid: number | undefined
  /** Resolves with how the process ended: `ended with exit code 1`. Never rejects. */
  ended: Promise<string>
  /** The last lines that it printed. */
  lastOutput(): string
  /** Sends SIGTERM, then SIGKILL after `graceMs`. False: it had to be killed. */
  stop(graceMs: number): Promise<boolean>
}

/** Calls `onLine` for each line that the service prints. */
export function startService(environment: NodeJS.ProcessEnv, onLine: (line: string) => void): ServiceChild {
  const endWithParent = fileURLToPath(new URL('./end-with-parent.ts', import.meta.url))
  const child: ChildProcess = spawn(
    process.execPath,
    ['--max-semi-space-size=16', '--import', 'tsx', '--import', endWithParent, 'src/main.ts'],
    // Detached: Ctrl-C must reach only the demo, which deprovisions the resource while the service still runs.
    { cwd: ROOT, env: environment, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true },
  )
  const kept: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', (line) => {
      const text = readable(line)
      kept.push(text)
      if (kept.length > KEPT_LINES) kept.shift()
      onLine(text)
    })
  }
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`))
    // 'close' and not 'exit': all output is read by then.
    child.once('close', (code, signal) =>
      resolve(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`),
    )
  })
  return {
    pid: child.pid,
    ended,
    lastOutput: () => kept.join('\n'),
    async stop(graceMs) {
      child.kill('SIGTERM')
      const ending = new AbortController()
      const isInTime = await Promise.race([
        ended.then(() => true),
        sleep(graceMs, false, { signal: ending.signal }).catch(() => true),
      ])
      ending.abort()
      if (!isInTime) child.kill('SIGKILL')
      await ended
      return isInTime
    },
  }
}

/** Resolves with null once `GET /healthz` answers 200, else with a sentence that says why it does not. */
export async function waitUntilHealthy(
  origin: string,
  service: Pick<ServiceChild, 'ended'>,
  timeoutMs: number,
): Promise<string | null> {
  const deadline = Date.now() + timeoutMs
  let ending: string | undefined
  void service.ended.then((how) => {
    ending = how
  })
  while (Date.now() < deadline) {
    if (ending !== undefined) return `The service ${ending} while it was starting.`
    const status = await fetch(`${origin}/healthz`, { signal: AbortSignal.timeout(1_000) }).then(
      (answer) => answer.status,
      () => null,
    )
    if (status === 200 && ending === undefined) return null
    await sleep(POLL_MS)
  }
  return `The service did not answer 200 on ${origin}/healthz within ${Math.round(timeoutMs / 1_000)} s.`
}

/** The wanted port if nothing listens on it, else a free one. */
export async function choosePort(wanted: number): Promise<number> {
  // Both, because `localhost` may resolve to either in a browser.
  for (const host of wanted === 0 ? [] : ['127.0.0.1', '::']) {
    if ((await canListen(wanted, host)) === null) return choosePort(0)
  }
  return wanted === 0 ? ((await canListen(0, '127.0.0.1')) ?? 0) : wanted
}

/** The port that it listened on, or null if that is in use. A machine without the address has the port free. */
async function canListen(port: number, host: string): Promise<number | null> {
  const server = createServer()
  try {
    server.listen({ port, host, exclusive: true })
    await once(server, 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : null
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? null : port
  } finally {
    server.close()
  }
}

/** The message of a JSON log line, for the terminal. */
function readable(line: string): string {
  if (!line.startsWith('{')) return line
  try {
    const entry = JSON.parse(line) as { msg?: string; err?: { message?: string } }
    return [entry.msg, entry.err?.message].filter((part) => part !== undefined).join(': ') || line
  } catch {
    return line
  }
}
