// Scheduled work: the one shape in which every module hands over its own. jobs/run-jobs.ts runs it.

/** Safe in any number of processes at once, and safe to be cut off anywhere. */
export interface Job {
  /** A verb and its object: `drop-expired-lines`. Label of its metrics, and its key among all processes. */
  name: string
  /** Between the end of a round and the next one. */
  intervalMs: number
  /** A round is asked to stop after that. Default: a minute. */
  timeoutMs?: number
  /** One process at a time runs it, and it is due for all of them together. Default: each process for itself. */
  leased?: true
  /** One round. Stops soon after the signal aborts; what is left is for the next round. */
  work(signal: AbortSignal): Promise<void>
}

/**
 * One after the other, each whatever came of the one before.
 *
 * @throws the error of the one that failed, or an AggregateError of several
 */
export async function eachAlone<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const errors: unknown[] = []
  for (const item of items) {
    try {
      await work(item)
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new AggregateError(errors, `${errors.length} of ${items.length} failed`)
}
