// Many look-ups of one moment as one question.

interface Asked<K, V> {
  key: K
  resolve(found: V): void
  reject(error: unknown): void
}

export interface GatherOptions {
  /** For who is in no hurry. */
  withinMs?: number
  /** Questions under way at once; what is looked up meanwhile waits for the next. */
  most?: number
}

/**
 * Gathers the look-ups that begin within one turn of the event loop, or within a while. 10,000 drains, each looked up again
 * every few seconds, would be some 2,000 queries a second.
 *
 * @param findMany answers in the order of the keys
 */
export function gather<K, V>(
  findMany: (keys: readonly K[]) => Promise<readonly V[]>,
  { withinMs = 0, most = Number.POSITIVE_INFINITY }: GatherOptions = {},
): (key: K) => Promise<V> {
  let waiting: Asked<K, V>[] = []
  let isScheduled = false
  let underWay = 0

  function schedule(): void {
    if (isScheduled || waiting.length === 0 || underWay >= most) return
    isScheduled = true
    if (withinMs === 0) setImmediate(() => void ask())
    else setTimeout(() => void ask(), withinMs)
  }

  async function ask(): Promise<void> {
    const asked = waiting
    waiting = []
    isScheduled = false
    underWay++
    try {
      const found = await findMany(asked.map(({ key }) => key))
      for (const [at, { resolve }] of asked.entries()) resolve(found[at] as V)
    } catch (error) {
      for (const { reject } of asked) reject(error)
    } finally {
      underWay--
      schedule()
    }
  }

  return (key) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, resolve, reject })
      schedule()
    })
}
