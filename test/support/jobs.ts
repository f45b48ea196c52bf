// A round of a scheduled job, when a test wants it.
import type { Job } from '../../src/job.ts'

export async function runJob(jobs: readonly Job[], name: string): Promise<void> {
  const job = jobs.find((one) => one.name === name)
  if (job === undefined)
    throw new Error(`There is no job ${name}, but ${jobs.map((one) => one.name).join(', ')}.`)
  await job.work(new AbortController().signal)
}
