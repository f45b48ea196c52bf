// The load generator seen from the benchmark: a process of its own (bench/children/load-generator.ts).
import type { ChildProcess } from 'node:child_process'
import { startChild } from './child.ts'
import type {
  FromGenerator,
  LoadPlan,
  LoadProgress,
  LoadResult,
  LoadRun,
  ToGenerator,
} from './load-messages.ts'
import type { Scope } from './scope.ts'
import type { Workplace } from './workplace.ts'

export interface Load {
  pid: number
  run(run: LoadRun, onProgress?: (progress: LoadProgress) => void): Promise<LoadResult>
}

/** Resolves when the bodies are prepared and every connection is open. */
export async function startLoad(
  scope: Scope,
  workplace: Workplace,
  { origin, ...plan }: Omit<LoadPlan, 'port'> & { origin: string },
): Promise<Load> {
  const file = workplace.compiled('bench/children/load-generator.ts')
  const child = startChild(scope, { file, cwd: workplace.directory })
  child.stderr?.pipe(process.stderr)
  const tell = (message: ToGenerator) => child.send(message)
  const ready = next(child, (message) => ('ready' in message ? true : undefined))
  tell({ plan: { ...plan, port: Number(new URL(origin).port) } })
  await ready
  return {
    pid: child.pid as number,
    async run(run, onProgress) {
      const result = next(child, (message) => {
        if ('progress' in message) onProgress?.(message.progress)
        return 'result' in message ? message.result : undefined
      })
      tell({ run })
      return await result
    },
  }
}

/** The first answer that `read` makes something of. */
function next<T>(child: ChildProcess, read: (message: FromGenerator) => T | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const listen = (message: unknown) => {
      const value = read(message as FromGenerator)
      if (value === undefined) return
      child.off('message', listen)
      child.off('exit', fail)
      resolve(value)
    }
    const fail = () => reject(new Error('the load generator ended'))
    child.on('message', listen)
    child.once('exit', fail)
  })
}

/** `204 only`, or what else there was. */
export function describeFailures({ failures, unsent }: Pick<LoadResult, 'failures' | 'unsent'>): string {
  const told = Object.entries(failures).map(([what, count]) => `${count} × ${what}`)
  if (unsent > 0) told.push(`${unsent} never sent`)
  return told.length === 0 ? '204 only' : told.join(', ')
}

export function failureCount({ failures }: Pick<LoadResult, 'failures'>): number {
  return Object.values(failures).reduce((sum, count) => sum + count, 0)
}
