// Whether this process can do its work: the database answers and its schema is what the code expects. Asked by
// anybody, so the answer is remembered for a moment and one question at a time is under way.

import type { SchemaState } from '../database/migrate.ts'

export interface Readiness {
  ready: boolean
  /** What is not ready, and why: for strangers, so without names, addresses or an error's own words. */
  notReady: Record<string, string>
}

export interface ReadinessParts {
  /** Throws where the database does not answer. */
  readSchema(): Promise<SchemaState>
  /** Told once when it stops being ready. */
  onFailure(error: unknown): void
  now(): number
}

const REMEMBER_MS = 1_000
const TIMEOUT_MS = 2_000

export type CheckReadiness = () => Promise<Readiness>

export function createReadiness({ readSchema, onFailure, now }: ReadinessParts): CheckReadiness {
  let last: { at: number; readiness: Readiness } | undefined
  let underWay: Promise<Readiness> | undefined

  async function ask(): Promise<Readiness> {
    try {
      const { pending, conflict } = await readSchema()
      if (pending.length > 0)
        return remember(notReady({ migrations: `${pending.length} not applied: ${pending.join(', ')}` }))
      if (conflict !== null)
        return remember(notReady({ migrations: 'applied ones are not those of this release' }))
      return remember({ ready: true, notReady: {} })
    } catch (error) {
      if (last?.readiness.ready !== false) onFailure(error)
      return remember(notReady({ database: 'it cannot be reached' }))
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
      const why = { database: `it did not answer within ${TIMEOUT_MS / 1000} s` }
      timer = setTimeout(() => resolve(notReady(why)), TIMEOUT_MS)
    })
    return Promise.race([underWay, tooLate]).finally(() => clearTimeout(timer))
  }
}

function notReady(why: Record<string, string>): Readiness {
  return { ready: false, notReady: why }
}
