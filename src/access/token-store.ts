// All SQL on `api_token`. The token itself is shown once and never kept, only its SHA-256.
import type { Pool } from 'pg'
import type { ResourcePart } from '../resources/lifecycle.ts'

export interface ApiToken {
  id: string
  name: string
  /** Its last four characters. */
  hint: string
  createdAt: Date
  lastUsedAt: Date | null
}

export interface TokenStore extends ResourcePart {
  /** Null where there are as many as a resource may have. */
  create(resourceId: string, digest: Buffer, token: Pick<ApiToken, 'name' | 'hint'>): Promise<string | null>
  /** The resource that the token is for, and the token's id; notes that it was used. */
  find(digest: Buffer, now: Date): Promise<{ id: string; resourceId: string } | null>
  /** Oldest first. */
  list(resourceId: string): Promise<ApiToken[]>
  /** False where the resource has no such token. */
  revoke(resourceId: string, id: string): Promise<boolean>
}

/** People make one for each program; more are a program gone wrong. */
export const MAX_TOKENS = 50
/** When a token was last used is written down this often: reading must not become writing. */
const NOTE_EVERY_MS = 60_000

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
      const { rows } = await pool.query<{ id: string; resourceId: string; lastUsedAt: Date | null }>(
        `select id, resource_id as "resourceId", last_used_at as "lastUsedAt" from api_token where token_digest = $1`,
        [digest],
      )
      const [token] = rows
      if (token === undefined) return null
      const notedMs = token.lastUsedAt === null ? 0 : token.lastUsedAt.getTime()
      if (now.getTime() - notedMs >= NOTE_EVERY_MS) {
        await pool.query('update api_token set last_used_at = $2 where id = $1', [token.id, now])
      }
      return { id: token.id, resourceId: token.resourceId }
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
