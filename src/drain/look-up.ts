// Look-ups that decide about a delivery, where the database fails.
import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 200

/**
 * Tries a look-up again, whatever its error, for that long: a delivery that is refused meanwhile is lost within three
 * tries of Logplex, which take milliseconds.
 *
 * @throws the last error
 */
export async function retryLookUp<T>(lookUp: () => Promise<T>, forMs: number): Promise<T> {
  const deadline = performance.now() + forMs
  for (;;) {
    try {
      return await lookUp()
    } catch (error) {
      if (performance.now() + PAUSE_MS > deadline) throw error
      await sleep(PAUSE_MS)
    }
  }
}
