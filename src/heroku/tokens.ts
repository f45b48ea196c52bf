// An access token for each resource: exchanges grants before they expire, and refreshes tokens before they do. Any number of
// processes may do both at once; a lease on the resource's row lets one of them call the id server at a time. Why a lease
// and no job library: docs/decisions/0011-no-job-library.md.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { pauseMs } from '../back-off.ts'
import type { HerokuCounters } from './counters.ts'
import { HerokuError } from './heroku-error.ts'
import type { OAuth, Tokens as OAuthTokens } from './oauth.ts'
import type { ClaimedGrant, NewTokens, TokenStore } from './token-store.ts'

export interface TokensParts {
  store: TokenStore
  oauth: OAuth
  /** Longer than any call of `oauth`. */
  leaseMs: number
  counters: HerokuCounters
  log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>
  now(): number
  /** In [0, 1). */
  random(): number
}

const GRANTS_AT_ONCE = 10
const BACK_OFF = { firstMs: 500, longestMs: 15_000 }
/** A token is refreshed this long before its expiry after 8 h: longer than any call takes. */
const REFRESH_MARGIN_MS = 120_000
const REFRESH_PAUSE_MS = 10_000
const STORE_TRIES = 10
const STORE_PAUSE_MS = 1_000
/** While another process refreshes. */
const POLL_MS = 50

export class Tokens {
  readonly #parts: TokensParts

  constructor(parts: TokensParts) {
    this.#parts = parts
  }

  /** Exchanges every grant that is due. Never rejects because of Heroku. */
  async exchangeDue(signal?: AbortSignal): Promise<void> {
    const { store, leaseMs, now, log } = this.#parts
    for (;;) {
      const grants = await store.claimGrants(now(), leaseMs, GRANTS_AT_ONCE)
      await Promise.all(grants.map((grant) => this.#exchange(grant)))
      if (grants.length < GRANTS_AT_ONCE || signal?.aborted) break
    }
    for (const resource of await store.loseDeadGrants(now())) {
      this.#parts.counters.grantsLost++
      log.error(
        { resource },
        'OAuth grant expired before its exchange: apps of this resource cannot be listed',
      )
    }
  }

  /**
   * @param rejected a token that Heroku has just refused: not that one again
   * @throws HerokuError pending, unauthorized, refused, unavailable, …
   */
  async accessToken(resourceId: string, rejected?: string): Promise<string> {
    const { store, leaseMs, now } = this.#parts
    const deadline = now() + leaseMs
    while (now() < deadline) {
      const held = await store.findAuthorization(resourceId)
      if (held?.state === 'granted') throw new HerokuError('pending', 'the OAuth grant is not exchanged yet')
      if (held?.state !== 'exchanged') throw new HerokuError('unauthorized', 'there is no token')
      const isUsable = held.accessToken !== rejected && now() < held.accessExpiresAt
      // Before its expiry: Heroku's own sample has the sign the wrong way round.
      if (isUsable && now() < held.accessExpiresAt - REFRESH_MARGIN_MS) return held.accessToken
      if (now() < held.dueAt) {
        if (isUsable) return held.accessToken
        throw new HerokuError('unavailable', 'the last refresh of the access token failed a moment ago')
      }
      if (held.refreshToken === null) throw new HerokuError('unauthorized', 'there is no refresh token')
      if (await store.claimRefresh(resourceId, held.version, now(), leaseMs)) {
        try {
          return await this.#refresh(resourceId, held.version, held.refreshToken)
        } catch (error) {
          if (isUsable) return held.accessToken
          throw error
        }
      }
      if (isUsable) return held.accessToken
      await sleep(POLL_MS)
    }
    throw new HerokuError('unavailable', 'another process did not finish refreshing the access token')
  }

  async #exchange(grant: ClaimedGrant): Promise<void> {
    const { store, oauth, now, random, log } = this.#parts
    const { resourceId, tries } = grant
    try {
      const tokens = this.#toStore(await oauth.exchange(grant.open()))
      const isStored = await retryStore(() => store.storeExchanged(resourceId, tokens))
      this.#parts.counters.grantsExchanged++
      log.info({ resource: resourceId, tries, stored: isStored }, 'OAuth grant exchanged')
    } catch (error) {
      this.#parts.counters.grantTriesFailed++
      log.warn({ err: error, resource: resourceId, tries }, 'OAuth grant exchange failed; will retry')
      // Also after a refusal: an operator may correct a wrong client secret within the five minutes.
      await store.postponeGrant(grant, now() + pauseMs(tries, BACK_OFF, random()))
    }
  }

  async #refresh(resourceId: string, version: number, refreshToken: string): Promise<string> {
    const { store, oauth, now, log } = this.#parts
    try {
      const tokens = this.#toStore(await oauth.refresh(refreshToken))
      await retryStore(() => store.storeRefreshed(resourceId, version, tokens))
      this.#parts.counters.tokensRefreshed++
      return tokens.accessToken
    } catch (error) {
      this.#parts.counters.refreshesFailed++
      log.warn({ err: error, resource: resourceId }, 'access token refresh failed')
      await store.postponeRefresh(resourceId, version, now() + REFRESH_PAUSE_MS)
      throw error
    }
  }

  #toStore({ accessToken, refreshToken, expiresInSeconds }: OAuthTokens): NewTokens {
    return { accessToken, refreshToken, accessExpiresAt: this.#parts.now() + expiresInSeconds * 1_000 }
  }
}

/** Heroku gives each answer once: a short outage of the database must not lose it. */
async function retryStore<T>(store: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await store()
    } catch (error) {
      if (tries === STORE_TRIES) throw error
      await sleep(STORE_PAUSE_MS)
    }
  }
}
