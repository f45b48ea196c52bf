// Another grant for resources without tokens: those whose grant died before it could be exchanged, those whose provision
// brought none, and those from before HEROKU_CLIENT_SECRET was set. Heroku has an address for that (`vendor/resources/…/
// oauth-grant`, with the manifest's credentials), which is locked until partner support opens it for an add-on. So it is
// asked seldom, and told of once.
import type { FastifyBaseLogger } from 'fastify'
import { z } from 'zod'
import { callHeroku, failureOf, readAnswer } from './call.ts'
import type { CallLimiter } from './call-limiter.ts'
import type { HerokuCounters } from './counters.ts'
import type { GrantBackfillStore } from './grant-backfill-store.ts'
import { HerokuError } from './heroku-error.ts'

export interface GrantBackfillParts {
  apiUrl: string
  /** Of the manifest. */
  addon: { id: string; passwords: readonly string[] }
  limiter: CallLimiter
  store: GrantBackfillStore
  /** What is still to be done of its provision, now that it can be. */
  beginProvision(resourceId: string): Promise<void>
  counters: HerokuCounters
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>
  /** Ends every call: the service closes. */
  signal: AbortSignal
  now(): number
}

const WHO = 'the address for grants'
const TIMEOUT_MS = 8_000
const GRANT_LIFE_MS = 300_000
const AT_ONCE = 5
const AFTER_FAILURE_MS = 600_000
/** Nothing that is locked today is open in a minute. */
const WHILE_LOCKED_MS = 86_400_000

/** By itself, or as in a provision: the answer is described nowhere that we could read. */
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
  #toldLocked = false

  constructor(parts: GrantBackfillParts) {
    this.#parts = parts
  }

  /** Asks for what is due. Safe in any number of processes. Never rejects for what Heroku does. */
  async askDue(): Promise<void> {
    const { store, now } = this.#parts
    const due = await store.claim(now(), now() + AFTER_FAILURE_MS, AT_ONCE)
    await Promise.all(due.map((resourceId) => this.#askFor(resourceId)))
  }

  async #askFor(resourceId: string): Promise<void> {
    const { store, beginProvision, counters, log, now } = this.#parts
    try {
      const grant = await this.#ask(resourceId)
      await store.keep(resourceId, grant, now(), GRANT_LIFE_MS)
      await beginProvision(resourceId)
      counters.grantsBackfilled++
      log.info({ resource: resourceId }, 'Heroku gave another OAuth grant')
    } catch (error) {
      if (!(error instanceof HerokuError)) throw error
      const isLocked = error.failure === 'refused' || error.failure === 'gone'
      if (isLocked) await store.postpone(resourceId, now() + WHILE_LOCKED_MS)
      if (isLocked && this.#toldLocked) return
      this.#toldLocked ||= isLocked
      log.warn({ err: error, resource: resourceId, isLocked }, 'there is no other OAuth grant for a resource')
    }
  }

  /** @throws HerokuError */
  #ask(resourceId: string): Promise<string> {
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
