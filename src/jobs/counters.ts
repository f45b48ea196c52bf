/** By the name of the job. */
export class JobCounters {
  readonly rounds = new Map<string, number>()
  readonly failures = new Map<string, number>()

  count(counter: 'rounds' | 'failures', job: string): void {
    this[counter].set(job, (this[counter].get(job) ?? 0) + 1)
  }
}
