// The two calls to Heroku's id server: exchange a grant for tokens, refresh an access token. Knows nothing of where tokens
// are stored.
import { z } from 'zod'
import { callHeroku, failureOf, readAnswer } from './call.ts'
import { HerokuError } from './heroku-error.ts'

export interface Tokens {
  accessToken: string
  /** Null if the answer has none: the current one stays valid. */
  refreshToken: string | null
  expiresInSeconds: number
}

export interface OAuth {
  /** @throws HerokuError */
  exchange(grant: string): Promise<Tokens>
  /** @throws HerokuError */
  refresh(refreshToken: string): Promise<Tokens>
}

/** Of one call; a grant lives five minutes. */
const TIMEOUT_MS = 5_000
const WHO = 'the id server'

/** The answer also has `user_id`, `session_nonce` and others. */
const tokensSchema = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).nullish(),
  expires_in: z.number().positive(),
})

/** The longest that exchange() and refresh() take; a lease on the row must last longer. */
export function longestCallMs(clientSecrets: readonly string[]): number {
  return clientSecrets.length * TIMEOUT_MS
}

/** @param parts.clientSecrets the current one, then the previous one during a rotation */
export function createOAuth(parts: { idUrl: string; clientSecrets: readonly string[] }): OAuth {
  const url = new URL('/oauth/token', parts.idUrl)

  async function ask(form: Record<string, string>): Promise<Tokens> {
    let refusal = new HerokuError('unauthorized', 'HEROKU_CLIENT_SECRET is not set')
    for (const secret of parts.clientSecrets) {
      try {
        return await askWith({ ...form, client_secret: secret })
      } catch (error) {
        // A wrong secret and a dead grant look the same: the other secret may be the right one.
        if (!(error instanceof HerokuError) || error.failure !== 'refused') throw error
        refusal = error
      }
    }
    throw refusal
  }

  async function askWith(form: Record<string, string>): Promise<Tokens> {
    const answer = await callHeroku({
      who: WHO,
      url,
      method: 'POST',
      headers: { accept: 'application/json' },
      // In the body: a query string ends up in logs.
      body: new URLSearchParams(form),
      timeoutMs: TIMEOUT_MS,
    })
    if (answer.status < 200 || answer.status > 299) {
      const failure = failureOf(answer, WHO)
      const isRefusal = failure.failure === 'unexpected' || failure.failure === 'gone'
      throw isRefusal && answer.status >= 400
        ? new HerokuError('refused', failure.message, answer.status)
        : failure
    }
    const read = readAnswer(answer, tokensSchema, WHO)
    return {
      accessToken: read.access_token,
      refreshToken: read.refresh_token ?? null,
      expiresInSeconds: read.expires_in,
    }
  }

  return {
    exchange: (grant) => ask({ grant_type: 'authorization_code', code: grant }),
    refresh: (refreshToken) => ask({ grant_type: 'refresh_token', refresh_token: refreshToken }),
  }
}
