// What the figures were measured on. They mean little without it, and not much with it: ratios of one run do.
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'

export function describeMachine(): string[] {
  const [load = 0] = loadavg()
  return [
    `machine   ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(1)} GiB, ${type()} ${release()}`,
    `load      ${load.toFixed(2)} before the start (1 minute average)`,
    `node      ${process.version}`,
  ]
}
