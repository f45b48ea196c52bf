// What the log store must do by the clock: room for the coming days, dropping what is past its retention.

/** An hour: partitions are made days ahead, so a missed round or two costs nothing. */
const INTERVAL_MS = 3_600_000

export interface Housekeeping {
  stop(): Promise<void>
}

/**
 * Repeats `work` until stopped. The first round is the caller's, at start, where a failure must be seen.
 * Any number of processes may do this at once; the work itself is serialised in the database.
 */
export function startHousekeeping(
  work: () => Promise<void>,
  onFailure: (error: unknown) => void,
): Housekeeping {
  let underWay = Promise.resolve()
  const timer = setInterval(() => {
    underWay = underWay.then(work).catch(onFailure)
  }, INTERVAL_MS)
  timer.unref()
  return {
    async stop() {
      clearInterval(timer)
      await underWay
    },
  }
}
