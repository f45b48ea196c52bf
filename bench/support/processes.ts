// Processes seen from outside: how much memory and processor time they take, and who their children are.
// On Linux by /proc; elsewhere by ps, without processor times.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

const IS_LINUX = process.platform === 'linux'
/** USER_HZ, which /proc counts in: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** Resident bytes; 0 where the process is gone. */
export function residentBytes(pid: number): number {
  if (IS_LINUX) {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1]
    return Number(kilobytes ?? 0) * 1_024
  }
  return Number(ps('-o', 'rss=', '-p', String(pid)).trim()) * 1_024
}

/** Seconds that the processes and their ended children have spent on a processor; NaN where that is not known. */
export function processorSeconds(pids: readonly number[]): number {
  if (!IS_LINUX) return Number.NaN
  let ticks = 0
  for (const pid of pids) {
    // The name of the program stands in parentheses and may hold anything.
    const fields = read(`/proc/${pid}/stat`).split(') ').pop()?.split(' ') ?? []
    // utime, stime, cutime, cstime: proc(5) fields 14 to 17, of which the first here is 3.
    for (const field of fields.slice(11, 15)) ticks += Number(field)
  }
  return ticks / TICKS_PER_SECOND
}

/** The process, its children, their children. */
export function processTree(pid: number): number[] {
  const parents = new Map(listProcesses())
  const tree = [pid]
  for (const known of tree) {
    for (const [child, parent] of parents) if (parent === known && !tree.includes(child)) tree.push(child)
  }
  return tree
}

/** [pid, parent's pid] */
function listProcesses(): [number, number][] {
  if (!IS_LINUX) {
    return ps('-A', '-o', 'pid=,ppid=')
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number) as [number, number])
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), Number(read(`/proc/${name}/stat`).split(') ').pop()?.split(' ')[1])])
}

/** Empty where the process has just ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function ps(...args: string[]): string {
  return spawnSync('ps', args, { encoding: 'utf8' }).stdout ?? ''
}

export interface MemoryWatch {
  /** Bytes: the highest and the mean of what was seen since the start or the last call. */
  read(): { peak: number; mean: number }
  stop(): void
}

export function watchMemory(pid: number, everyMs = 100): MemoryWatch {
  let samples: number[] = []
  const look = () => samples.push(residentBytes(pid))
  look()
  const timer = setInterval(look, everyMs)
  return {
    read() {
      look()
      const peak = Math.max(...samples)
      const mean = samples.reduce((sum, bytes) => sum + bytes, 0) / samples.length
      samples = []
      return { peak, mean }
    },
    stop: () => clearInterval(timer),
  }
}
