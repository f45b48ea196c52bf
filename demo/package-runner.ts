// Detects that the `npm run` that started the demo has ended. npm sends SIGTERM to its shell only, which does not
// forward it: without this, `kill` on npm, or `timeout 60 npm run demo`, would leave the demo running.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const MAX_GENERATIONS = 5
const POLL_MS = 300

/** Calls `onGone` once when any process between this one and its package runner has ended. */
export function watchPackageRunner(onGone: () => void): void {
  const pids = ancestorsToRunner()
  const timer = setInterval(() => {
    if (pids.every(isAlive)) return
    clearInterval(timer)
    onGone()
  }, POLL_MS)
  timer.unref()
}

/** The pids from the parent up to the package runner; empty if there is none. */
function ancestorsToRunner(): number[] {
  const pids: number[] = []
  let pid = process.ppid
  for (let generation = 0; generation < MAX_GENERATIONS && pid > 1; generation++) {
    pids.push(pid)
    const found = look(pid)
    if (found === null) return []
    if (/\b(npm|npx|pnpm|yarn|bun)\b/.test(found.command)) return pids
    pid = found.parent
  }
  return []
}

function look(pid: number): { parent: number; command: string } | null {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return { parent: Number(parent), command }
  } catch {
    // Not Linux: ask ps, which every Unix has.
  }
  try {
    const line = execFileSync('ps', ['-o', 'ppid=,command=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    return { parent: Number.parseInt(line, 10), command: line }
  } catch {
    return null
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, as another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
