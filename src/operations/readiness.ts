// Whether this process can do its work: the database answers and its schema is what the code expects. Asked by
// anybody, so the answer is remembered for a moment and one question at a time is under way.

export interface Readiness {
  ready: boolean
  /** What is not ready, and why: for strangers, so without names, addresses or an error's own words. */
  notReady: Record<string, string>
}

export interface ReadinessParts {
  /** Names of migrations that are not applied; throws where the database does not answer. */
  pendingMigrations(): Promise<string[]>
  /** Told once when it stops being ready. */
  onFailure(error: unknown): void
  now(): number
}

const REMEMBER_MS = 1_000
const TIMEOUT_MS = 2_000

export type CheckReadiness = () => Promise<Readiness>

export function createReadiness({ pendingMigrations, onFailure, now }: ReadinessParts): CheckReadiness {
  let last: { at: number; readiness: Readiness } | undefined
  let underWay: Promise<Readiness> | undefined

  async function ask(): Promise<Readiness> {
    try {
      const pending = await pendingMigrations()
      if (pending.length === 0) return remember({ ready: true, notReady: {} })
      const migrations = `${pending.length} not applied: ${pending.join(', ')}`
      return remember({ ready: false, notReady: { migrations } })
    } catch (error) {
      if (last?.readiness.ready !== false) onFailure(error)
      return remember({ ready: false, notReady: { database: 'it cannot be reached' } })
    }
  }

  function remember(readiness: Readiness): Readiness {
    last = { at: now(), readiness }
    return readiness
  }

  return async () => {
    if (last && now() - last.at < REMEMBER_MS) return last.readiness
    underWay ??= ask().finally(() => {
      underWay = undefined
    })
    let timer: NodeJS.Timeout | undefined
    const tooLate = new Promise<Readiness>((resolve) => {
      const notReady = { database: `it did not answer within ${TIMEOUT_MS / 1000} s` }
      timer = setTimeout(() => resolve({ ready: false, notReady }), TIMEOUT_MS)
    })
    return Promise.race([underWay, tooLate]).finally(() => clearTimeout(timer))
  }
}
