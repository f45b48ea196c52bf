// Work that is done again and again, one round at a time, until it is stopped.

export interface Repeating {
  /** Resolves when the round under way, if any, is over. */
  stop(): Promise<void>
}

/** The first round comes after `everyMs`. A round that fails is reported and the next one comes all the same. */
export function repeat(
  everyMs: number,
  work: () => Promise<void>,
  onFailure: (error: unknown) => void,
): Repeating {
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
