// Many look-ups of one moment as one question.

interface Asked<K, V> {
  key: K
  resolve(found: V): void
  reject(error: unknown): void
}

/**
 * Gathers the look-ups that begin within one turn of the event loop, or within a while. 10,000 drains, each looked up again
 * every few seconds, would be some 2,000 queries a second.
 *
 * @param findMany answers in the order of the keys
 * @param withinMs for who is in no hurry
 */
export function gather<K, V>(
  findMany: (keys: readonly K[]) => Promise<readonly V[]>,
  withinMs = 0,
): (key: K) => Promise<V> {
  let waiting: Asked<K, V>[] = []

  async function ask(): Promise<void> {
    const asked = waiting
    waiting = []
    try {
      const found = await findMany(asked.map(({ key }) => key))
      for (const [at, { resolve }] of asked.entries()) resolve(found[at] as V)
    } catch (error) {
      for (const { reject } of asked) reject(error)
    }
  }

  return (key) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) {
        if (withinMs === 0) setImmediate(() => void ask())
        else setTimeout(() => void ask(), withinMs)
      }
      waiting.push({ key, resolve, reject })
    })
}
