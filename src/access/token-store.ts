// All SQL on `api_token`. The token itself is shown once and never stored, only its SHA-256.
import type { Pool } from 'pg'
import type { ResourcePart } from '../resources/lifecycle.ts'
import type { LiveResource } from '../resources/resource.ts'
import {
  JOIN_LIVE_RESOURCE,
  LIVE_RESOURCE_COLUMNS,
  type LiveResourceRow,
  toLiveResource,
} from './live-resource.ts'

export interface ApiToken {
  id: string
  name: string
  /** Its last four characters. */
  hint: string
  createdAt: Date
  lastUsedAt: Date | null
}

export interface TokenStore extends ResourcePart {
  /** Null if the resource has as many as it may. */
  create(resourceId: string, digest: Buffer, token: Pick<ApiToken, 'name' | 'hint'>): Promise<string | null>
  /** Records the use. Null if there is no such token, or its resource has ended. */
  find(digest: Buffer, now: Date): Promise<{ tokenId: string; resource: LiveResource } | null>
  /** Oldest first. */
  list(resourceId: string): Promise<ApiToken[]>
  /** False if the resource has no such token. */
  revoke(resourceId: string, id: string): Promise<boolean>
}

/** People make one for each program; more come from a program that loops. */
export const MAX_TOKENS = 50
/** Longest time a use goes unrecorded: reading must not become writing. */
const LAST_USED_EVERY_MS = 60_000

export function createTokenStore(pool: Pool): TokenStore {
  return {
    async create(resourceId, digest, { name, hint }) {
      const { rows } = await pool.query<{ id: string }>(
        `insert into api_token (resource_id, token_digest, name, hint)
         select id, $2, $3, $4 from resource
          where id = $1 and state = 'provisioned'
            and (select count(*) from api_token where resource_id = $1) < $5
         returning id`,
        [resourceId, digest, name, hint, MAX_TOKENS],
      )
      return rows[0]?.id ?? null
    },

    async find(digest, now) {
      const { rows } = await pool.query<{ tokenId: string; lastUsedAt: Date | null } & LiveResourceRow>(
        `select api_token.id as "tokenId", last_used_at as "lastUsedAt", ${LIVE_RESOURCE_COLUMNS}
           from api_token ${JOIN_LIVE_RESOURCE} where token_digest = $1`,
        [digest],
      )
      const [row] = rows
      if (row === undefined) return null
      const { tokenId, lastUsedAt } = row
      if (now.getTime() - (lastUsedAt?.getTime() ?? 0) >= LAST_USED_EVERY_MS) {
        await pool.query('update api_token set last_used_at = $2 where id = $1', [tokenId, now])
      }
      return { tokenId, resource: toLiveResource(row) }
    },

    async list(resourceId) {
      const { rows } = await pool.query<ApiToken>(
        `select id, name, hint, created_at as "createdAt", last_used_at as "lastUsedAt"
           from api_token where resource_id = $1 order by created_at, id`,
        [resourceId],
      )
      return rows
    },

    async revoke(resourceId, id) {
      const { rowCount } = await pool.query('delete from api_token where resource_id = $1 and id = $2', [
        resourceId,
        id,
      ])
      return rowCount === 1
    },

    async end(client, { id }) {
      await client.query('delete from api_token where resource_id = $1', [id])
    },
  }
}
