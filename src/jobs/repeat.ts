// Work that is done again and again, one round at a time, until it is stopped.
import type { FastifyBaseLogger } from 'fastify'

/** Safe in any number of processes at once, and safe to be cut off anywhere. */
export interface Job {
  /** For the log: what it is doing. */
  name: string
  everyMs: number
  work(): Promise<void>
}

export interface Repeating {
  /** Resolves when the rounds under way, if any, are over. */
  stop(): Promise<void>
}

/** The first round of each comes after its `everyMs`. One that fails is logged and the next one comes all the same. */
export function repeat(jobs: readonly Job[], log: Pick<FastifyBaseLogger, 'error'>): Repeating {
  const running = jobs.map((job) =>
    repeatOne(job, (error) => log.error({ err: error, job: job.name }, 'a job failed; tried again')),
  )
  return {
    async stop() {
      await Promise.all(running.map((one) => one.stop()))
    },
  }
}

function repeatOne({ everyMs, work }: Job, onFailure: (error: unknown) => void): Repeating {
  let underWay: Promise<void> | null = null
  const timer = setInterval(() => {
    underWay ??= work()
      .catch(onFailure)
      .finally(() => {
        underWay = null
      })
  }, everyMs)
  timer.unref()
  return {
    async stop() {
      clearInterval(timer)
      await underWay
    },
  }
}
