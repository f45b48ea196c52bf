// All SQL on `api_token`. The token itself is shown once and never stored, only its SHA-256.
import type { Pool } from 'pg'
import { gather } from '../database/batch-lookup.ts'
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

export interface FoundToken {
  tokenId: string
  resource: LiveResource
}

export interface TokenStore extends ResourcePart {
  /** Null if the resource has as many as it may. */
  create(resourceId: string, digest: Buffer, token: Pick<ApiToken, 'name' | 'hint'>): Promise<string | null>
  /** Records the use. Null if there is no such token, or its resource has ended. */
  find(digest: Buffer, now: Date): Promise<FoundToken | null>
  /** Oldest first. */
  list(resourceId: string): Promise<ApiToken[]>
  /** False if the resource has no such token. */
  revoke(resourceId: string, id: string): Promise<boolean>
}

/** People make one for each program; more come from a program that loops. */
export const MAX_TOKENS = 50
/** Tokens that do not exist come as fast as anyone sends them; their look-ups take this many connections. */
const MOST_LOOKUPS = 2
/** Longest time a use goes unrecorded: reading must not become writing. */
const LAST_USED_EVERY_MS = 60_000

export function createTokenStore(pool: Pool): TokenStore {
  const findAtOnce = gather(findMany, { most: MOST_LOOKUPS })

  async function findMany(asked: readonly { digest: Buffer; now: Date }[]): Promise<(FoundToken | null)[]> {
    const { rows } = await pool.query<
      { at: number; tokenId: string; lastUsedAt: Date | null } & LiveResourceRow
    >(
      `select asked.at::integer - 1 as at, api_token.id as "tokenId", last_used_at as "lastUsedAt",
              ${LIVE_RESOURCE_COLUMNS}
         from unnest($1::bytea[]) with ordinality as asked (digest, at)
         join api_token on token_digest = asked.digest ${JOIN_LIVE_RESOURCE}`,
      [asked.map(({ digest }) => digest)],
    )
    const found: (FoundToken | null)[] = asked.map(() => null)
    for (const row of rows) found[row.at] = { tokenId: row.tokenId, resource: toLiveResource(row) }
    const due = rows.filter(({ at, lastUsedAt }) => isDue(lastUsedAt, asked[at]?.now))
    if (due.length > 0) {
      // What another process is recording is left to it.
      await pool.query(
        `update api_token set last_used_at = $2 where id = any(array(
           select id from api_token where id = any($1) for no key update skip locked))`,
        [due.map(({ tokenId }) => tokenId), asked.at(-1)?.now],
      )
    }
    return found
  }

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

    find: (digest, now) => findAtOnce({ digest, now }),

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

function isDue(lastUsedAt: Date | null, now: Date | undefined): boolean {
  return (now?.getTime() ?? 0) - (lastUsedAt?.getTime() ?? 0) >= LAST_USED_EVERY_MS
}
