// All SQL on the secrets that Heroku gives us for a resource: grant, tokens, log input address. Seals and opens them. The
// caller passes all times.
import type { Pool, PoolClient } from 'pg'
import type { Provision } from '../resources/lifecycle.ts'
import type { SealedColumn } from '../secrets/reseal.ts'
import type { SecretBox } from '../secrets/secret-box.ts'
import { sha256 } from '../secrets/sha256.ts'

export interface ClaimedGrant {
  resourceId: string
  /** @throws SecretBoxError */
  open(): string
  digest: Buffer
  diesAt: number
  tries: number
}

export type Authorization =
  | { state: 'granted' | 'lost' }
  | {
      state: 'exchanged'
      accessToken: string
      refreshToken: string | null
      accessExpiresAt: number
      version: number
      /** No refresh before this time, after a failed one. */
      dueAt: number
    }

export interface NewTokens {
  accessToken: string
  refreshToken: string | null
  accessExpiresAt: number
}

export interface TokenStore {
  /**
   * In the provision's transaction, which holds the lock on the resource's row. A newer grant replaces one that is not
   * exchanged; the same grant again changes nothing.
   */
  store(
    client: PoolClient,
    resourceId: string,
    secrets: Pick<Provision, 'grant' | 'logInputUrl'>,
    now: number,
  ): Promise<void>
  /**
   * Deletes the tokens, in the transaction that ends the resource.
   *
   * @returns the access token if it is valid for a last call
   */
  remove(client: PoolClient, resourceId: string, now: number): Promise<string | null>

  /** Grants that are due, each leased to the caller until `now + leaseMs`. */
  claimGrants(now: number, leaseMs: number, limit: number): Promise<ClaimedGrant[]>
  /** After a failed try; a newer grant that came meanwhile is not touched. */
  postponeGrant(grant: ClaimedGrant, dueAt: number): Promise<void>
  /** Grants that expired before their exchange; each is returned once. */
  loseDeadGrants(now: number): Promise<string[]>
  /** False if there are tokens already, or the resource has ended. */
  storeExchanged(resourceId: string, tokens: NewTokens): Promise<boolean>

  findAuthorization(resourceId: string): Promise<Authorization | null>
  /** False if another process is refreshing, or has done so since `version` was read. */
  claimRefresh(resourceId: string, version: number, now: number, leaseMs: number): Promise<boolean>
  storeRefreshed(resourceId: string, version: number, tokens: NewTokens): Promise<void>
  postponeRefresh(resourceId: string, version: number, dueAt: number): Promise<void>

  /** The address that writes into the log of the resource's own app. */
  findLogInputUrl(resourceId: string): Promise<string | null>
  /** Replaces the provision's. Does nothing for a resource that has ended. */
  storeLogInputUrl(resourceId: string, logInputUrl: string): Promise<void>
}

const GRANT_LIFE_MS = 300_000

export const HEROKU_SEALED_COLUMNS: readonly SealedColumn[] = [
  { table: 'heroku_authorization', key: 'resource_id', column: 'sealed_grant', purpose: 'oauth grant' },
  {
    table: 'heroku_authorization',
    key: 'resource_id',
    column: 'sealed_access_token',
    purpose: 'access token',
  },
  {
    table: 'heroku_authorization',
    key: 'resource_id',
    column: 'sealed_refresh_token',
    purpose: 'refresh token',
  },
  { table: 'resource', key: 'id', column: 'sealed_log_input_url', purpose: 'log input address' },
  { table: 'webhook', key: 'resource_id', column: 'sealed_secret', purpose: 'webhook secret' },
  { table: 'webhook', key: 'resource_id', column: 'sealed_authorization', purpose: 'webhook authorization' },
]

export function createTokenStore(pool: Pool, box: SecretBox): TokenStore {
  const sealTokens = (resourceId: string, tokens: NewTokens) => [
    box.seal(tokens.accessToken, { resourceId, purpose: 'access token' }),
    tokens.refreshToken === null
      ? null
      : box.seal(tokens.refreshToken, { resourceId, purpose: 'refresh token' }),
    new Date(tokens.accessExpiresAt),
  ]

  return {
    async store(client, resourceId, { grant, logInputUrl }, now) {
      if (logInputUrl) {
        await client.query('update resource set sealed_log_input_url = $2 where id = $1', [
          resourceId,
          box.seal(logInputUrl, { resourceId, purpose: 'log input address' }),
        ])
      }
      if (!grant) return
      await client.query(
        `insert into heroku_authorization as kept
           (resource_id, state, grant_digest, sealed_grant, grant_dies_at, due_at)
         values ($1, 'granted', $2, $3, $4, $5)
         on conflict (resource_id) do update
           set state = 'granted', grant_digest = excluded.grant_digest, sealed_grant = excluded.sealed_grant,
               grant_dies_at = excluded.grant_dies_at, due_at = excluded.due_at, tries = 0, leased_until = null
         where kept.state <> 'exchanged' and kept.grant_digest <> excluded.grant_digest`,
        [
          resourceId,
          sha256(grant),
          box.seal(grant, { resourceId, purpose: 'oauth grant' }),
          new Date(now + GRANT_LIFE_MS),
          new Date(now),
        ],
      )
    },

    async remove(client, resourceId, now) {
      await client.query('update resource set sealed_log_input_url = null where id = $1', [resourceId])
      const { rows } = await client.query<{ sealed: Buffer | null; access_expires_at: Date | null }>(
        `delete from heroku_authorization where resource_id = $1
          returning sealed_access_token as sealed, access_expires_at`,
        [resourceId],
      )
      const { sealed, access_expires_at: expiresAt } = rows[0] ?? {}
      if (!sealed || !expiresAt || expiresAt.getTime() <= now) return null
      try {
        return box.open(sealed, { resourceId, purpose: 'access token' })
      } catch {
        // A lost key must not prevent the end of a resource.
        return null
      }
    },

    async claimGrants(now, leaseMs, limit) {
      const { rows } = await pool.query<{
        resource_id: string
        sealed_grant: Buffer
        grant_digest: Buffer
        grant_dies_at: Date
        tries: number
      }>(
        `update heroku_authorization set leased_until = $2, tries = tries + 1
          where resource_id in (
            select resource_id from heroku_authorization
             where state = 'granted' and due_at <= $1 and grant_dies_at > $1
               and (leased_until is null or leased_until <= $1)
             order by grant_dies_at limit $3 for update skip locked)
          returning resource_id, sealed_grant, grant_digest, grant_dies_at, tries`,
        [new Date(now), new Date(now + leaseMs), limit],
      )
      return rows.map((row) => ({
        resourceId: row.resource_id,
        open: () => box.open(row.sealed_grant, { resourceId: row.resource_id, purpose: 'oauth grant' }),
        digest: row.grant_digest,
        diesAt: row.grant_dies_at.getTime(),
        tries: row.tries,
      }))
    },

    async postponeGrant({ resourceId, digest }, dueAt) {
      await pool.query(
        `update heroku_authorization set due_at = $3, leased_until = null
          where resource_id = $1 and grant_digest = $2 and state = 'granted'`,
        [resourceId, digest, new Date(dueAt)],
      )
    },

    async loseDeadGrants(now) {
      const { rows } = await pool.query<{ resource_id: string }>(
        `update heroku_authorization set state = 'lost', sealed_grant = null, leased_until = null
          where state = 'granted' and grant_dies_at <= $1 and (leased_until is null or leased_until <= $1)
          returning resource_id`,
        [new Date(now)],
      )
      return rows.map((row) => row.resource_id)
    },

    async storeExchanged(resourceId, tokens) {
      const { rowCount } = await pool.query(
        `update heroku_authorization
            set state = 'exchanged', sealed_grant = null, sealed_access_token = $2, sealed_refresh_token = $3,
                access_expires_at = $4, version = version + 1, tries = 0, leased_until = null
          where resource_id = $1 and state <> 'exchanged'`,
        [resourceId, ...sealTokens(resourceId, tokens)],
      )
      return rowCount === 1
    },

    async findAuthorization(resourceId) {
      const { rows } = await pool.query<{
        state: 'granted' | 'exchanged' | 'lost'
        sealed_access_token: Buffer
        sealed_refresh_token: Buffer | null
        access_expires_at: Date
        version: number
        due_at: Date
      }>(
        `select state, sealed_access_token, sealed_refresh_token, access_expires_at, version, due_at
           from heroku_authorization where resource_id = $1`,
        [resourceId],
      )
      const [row] = rows
      if (row === undefined) return null
      if (row.state !== 'exchanged') return { state: row.state }
      return {
        state: 'exchanged',
        accessToken: box.open(row.sealed_access_token, { resourceId, purpose: 'access token' }),
        refreshToken:
          row.sealed_refresh_token === null
            ? null
            : box.open(row.sealed_refresh_token, { resourceId, purpose: 'refresh token' }),
        accessExpiresAt: row.access_expires_at.getTime(),
        version: row.version,
        dueAt: row.due_at.getTime(),
      }
    },

    async claimRefresh(resourceId, version, now, leaseMs) {
      const { rowCount } = await pool.query(
        `update heroku_authorization set leased_until = $4
          where resource_id = $1 and version = $2 and state = 'exchanged'
            and (leased_until is null or leased_until <= $3)`,
        [resourceId, version, new Date(now), new Date(now + leaseMs)],
      )
      return rowCount === 1
    },

    async storeRefreshed(resourceId, version, tokens) {
      // An answer without a refresh token means that the current one stays valid.
      await pool.query(
        `update heroku_authorization
            set sealed_access_token = $3, sealed_refresh_token = coalesce($4, sealed_refresh_token),
                access_expires_at = $5, version = version + 1, tries = 0, leased_until = null
          where resource_id = $1 and version = $2 and state = 'exchanged'`,
        [resourceId, version, ...sealTokens(resourceId, tokens)],
      )
    },

    async postponeRefresh(resourceId, version, dueAt) {
      await pool.query(
        `update heroku_authorization set due_at = $3, leased_until = null
          where resource_id = $1 and version = $2`,
        [resourceId, version, new Date(dueAt)],
      )
    },

    async findLogInputUrl(resourceId) {
      const { rows } = await pool.query<{ sealed: Buffer | null }>(
        'select sealed_log_input_url as sealed from resource where id = $1',
        [resourceId],
      )
      const sealed = rows[0]?.sealed
      return sealed ? box.open(sealed, { resourceId, purpose: 'log input address' }) : null
    },

    async storeLogInputUrl(resourceId, logInputUrl) {
      await pool.query(
        `update resource set sealed_log_input_url = $2 where id = $1 and state <> 'deprovisioned'`,
        [resourceId, box.seal(logInputUrl, { resourceId, purpose: 'log input address' })],
      )
    },
  }
}
