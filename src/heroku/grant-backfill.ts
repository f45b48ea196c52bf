// Requests a grant for resources without tokens: those whose grant expired before the exchange, those whose provision had
// none, and those from before HEROKU_CLIENT_SECRET was set. Heroku's endpoint for that (`vendor/resources/…/oauth-grant`,
// with the manifest's credentials) is locked until partner support opens it for an add-on, so requests are rare and a
// refusal is logged once.
import type { FastifyBaseLogger } from 'fastify'
import { z } from 'zod'
import { callHeroku, failureOf, readAnswer } from './call.ts'
import type { CallLimiter } from './call-limiter.ts'
import type { HerokuCounters } from './counters.ts'
import type { GrantBackfillStore } from './grant-backfill-store.ts'
import { HerokuError } from './heroku-error.ts'

export interface GrantBackfillParts {
  apiUrl: string
  /** As in the manifest. */
  addon: { id: string; passwords: readonly string[] }
  limiter: CallLimiter
  store: GrantBackfillStore
  /** Starts the steps of its provision that needed tokens. */
  beginProvision(resourceId: string): Promise<void>
  counters: HerokuCounters
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>
  /** Aborts every call when the service closes. */
  signal: AbortSignal
  now(): number
}

const WHO = 'the grant endpoint'
const TIMEOUT_MS = 8_000
const GRANT_LIFE_MS = 300_000
const AT_ONCE = 5
const AFTER_FAILURE_MS = 600_000
/** Partner support does not unlock it within minutes. */
const WHILE_LOCKED_MS = 86_400_000

/** Alone, or nested as in a provision: the answer is not documented publicly. */
const grantSchema = z
  .union([
    z.object({ code: z.string().min(1) }),
    z
      .object({ oauth_grant: z.object({ code: z.string().min(1) }) })
      .transform((answer) => answer.oauth_grant),
  ])
  .transform(({ code }) => code)

export class GrantBackfill {
  readonly #parts: GrantBackfillParts
  #hasLoggedLock = false

  constructor(parts: GrantBackfillParts) {
    this.#parts = parts
  }

  /** Requests what is due. Safe in any number of processes. Never rejects because of Heroku. */
  async requestDue(): Promise<void> {
    const { store, now } = this.#parts
    const due = await store.claim(now(), now() + AFTER_FAILURE_MS, AT_ONCE)
    await Promise.all(due.map((resourceId) => this.#requestFor(resourceId)))
  }

  async #requestFor(resourceId: string): Promise<void> {
    const { store, beginProvision, counters, log, now } = this.#parts
    try {
      const grant = await this.#request(resourceId)
      await store.store(resourceId, grant, now(), GRANT_LIFE_MS)
      await beginProvision(resourceId)
      counters.grantsBackfilled++
      log.info({ resource: resourceId }, 'OAuth grant backfilled')
    } catch (error) {
      if (!(error instanceof HerokuError)) throw error
      const isLocked = error.failure === 'refused' || error.failure === 'gone'
      if (isLocked) await store.postpone(resourceId, now() + WHILE_LOCKED_MS)
      if (isLocked && this.#hasLoggedLock) return
      this.#hasLoggedLock ||= isLocked
      log.warn({ err: error, resource: resourceId, isLocked }, 'OAuth grant backfill failed')
    }
  }

  /** @throws HerokuError */
  #request(resourceId: string): Promise<string> {
    const { apiUrl, addon, limiter, signal } = this.#parts
    const credentials = Buffer.from(`${addon.id}:${addon.passwords[0]}`).toString('base64')
    return limiter.run(
      'background',
      async () => {
        const answer = await callHeroku({
          who: WHO,
          url: new URL(`/vendor/resources/${encodeURIComponent(resourceId)}/oauth-grant`, apiUrl),
          method: 'GET',
          headers: { accept: 'application/json', authorization: `Basic ${credentials}` },
          timeoutMs: TIMEOUT_MS,
          signal,
        })
        if (answer.status < 200 || answer.status > 299) throw failureOf(answer, WHO)
        return readAnswer(answer, grantSchema, WHO)
      },
      signal,
    )
  }
}
