// The simulated id.heroku.com without HTTP: grants, access tokens and refresh tokens. After heroku/identity and what
// Heroku's sample add-ons expect.
import type { Random } from './random.ts'

export interface IdServerOptions {
  random: Random
  /** Milliseconds since 1970. */
  clock: () => number
  /** Any of them is valid. */
  clientSecrets?: readonly string[]
  accessSeconds?: number
  /** Whether a refresh replaces the refresh token. Heroku's are stable today. */
  rotatesRefreshTokens?: boolean
}

export interface SimAnswer {
  status: number
  body: object | string
  contentType?: string
  headers?: Record<string, string>
}

interface Authorization {
  resourceId: string
  refreshToken: string
  accessToken: string
  expiresAt: number
}

const GRANT_LIFE_MS = 300_000

export class IdServer {
  clientSecrets: readonly string[]
  rotatesRefreshTokens: boolean
  /** Counts of calls by result. */
  readonly counts = { exchanged: 0, refreshed: 0, refused: 0 }
  /** Every secret that was issued or received, so that tests can search for leaks. */
  readonly secrets: string[] = []
  readonly #options: IdServerOptions
  readonly #grants = new Map<string, { resourceId: string; diesAt: number }>()
  readonly #authorizations = new Set<Authorization>()

  constructor(options: IdServerOptions) {
    this.#options = options
    this.clientSecrets = options.clientSecrets ?? []
    this.rotatesRefreshTokens = options.rotatesRefreshTokens ?? false
    this.secrets.push(...this.clientSecrets)
  }

  issueGrant(resourceId: string): string {
    const code = this.#options.random.uuid()
    this.secrets.push(code)
    this.#grants.set(code, { resourceId, diesAt: this.#options.clock() + GRANT_LIFE_MS })
    return code
  }

  /** POST /oauth/token */
  token(form: URLSearchParams): SimAnswer {
    const authorization = this.clientSecrets.includes(form.get('client_secret') ?? '')
      ? this.#authorizationFor(form)
      : null
    if (authorization === null) {
      this.counts.refused++
      return { status: 401, body: { id: 'unauthorized', message: 'OAuth authorization invalid.' } }
    }
    const { accessSeconds = 28_799 } = this.#options
    authorization.accessToken = `HRKU-AA${this.#options.random.hex(40)}`
    authorization.expiresAt = this.#options.clock() + accessSeconds * 1_000
    this.secrets.push(authorization.accessToken, authorization.refreshToken)
    return {
      status: 200,
      body: {
        access_token: authorization.accessToken,
        expires_in: accessSeconds,
        refresh_token: authorization.refreshToken,
        token_type: 'Bearer',
        user_id: '03d3ad6d-1111-4222-8333-944455566677',
        session_nonce: null,
      },
    }
  }

  /** The resource of `Authorization: Bearer …`; null if the token is invalid or expired. */
  resourceOf(header: string | undefined): string | null {
    const token = /^Bearer (\S+)$/.exec(header ?? '')?.[1]
    for (const { accessToken, expiresAt, resourceId } of this.#authorizations) {
      if (accessToken === token && this.#options.clock() < expiresAt) return resourceId
    }
    return null
  }

  /** "Reset secret" in the Partner Portal: every access token expires at once. */
  resetClientSecrets(clientSecrets: readonly string[]): void {
    this.clientSecrets = clientSecrets
    this.secrets.push(...clientSecrets)
    for (const authorization of this.#authorizations) authorization.expiresAt = 0
  }

  /** Ends the tokens of a removed resource. */
  revoke(resourceId: string): void {
    for (const authorization of this.#authorizations) {
      if (authorization.resourceId === resourceId) this.#authorizations.delete(authorization)
    }
  }

  #authorizationFor(form: URLSearchParams): Authorization | null {
    if (form.get('grant_type') === 'refresh_token') {
      const given = form.get('refresh_token')
      const known = [...this.#authorizations].find(({ refreshToken }) => refreshToken === given)
      if (known === undefined) return null
      this.counts.refreshed++
      if (this.rotatesRefreshTokens) known.refreshToken = this.#options.random.uuid()
      return known
    }
    const code = form.get('code') ?? ''
    const grant = this.#grants.get(code)
    // Single use, even if the answer is lost.
    this.#grants.delete(code)
    if (grant === undefined || grant.diesAt <= this.#options.clock()) return null
    this.counts.exchanged++
    const authorization = {
      resourceId: grant.resourceId,
      refreshToken: this.#options.random.uuid(),
      accessToken: '',
      expiresAt: 0,
    }
    this.#authorizations.add(authorization)
    return authorization
  }
}
