// All SQL on `session`. The secret that a browser holds is never here, only its SHA-256.
import type { Pool } from 'pg'
import { gather } from '../database/batch-lookup.ts'
import { deleteInBatches } from '../database/delete-in-batches.ts'
import type { ResourcePart } from '../resources/lifecycle.ts'
import type { LiveResource } from '../resources/resource.ts'
import {
  JOIN_LIVE_RESOURCE,
  LIVE_RESOURCE_COLUMNS,
  type LiveResourceRow,
  toLiveResource,
} from './live-resource.ts'

export interface Session {
  userId: string | null
  email: string | null
  app: string | null
  expiresAt: Date
}

export interface FoundSession {
  session: Session
  resource: LiveResource
}

export interface SessionStore extends ResourcePart {
  create(idDigest: Buffer, session: Session & { resourceId: string }): Promise<void>
  /** Null if there is none, it has expired, or its resource has ended. */
  find(idDigest: Buffer, now: Date): Promise<FoundSession | null>
  /** On a schedule. */
  deleteExpired(now: Date, signal?: AbortSignal): Promise<void>
}

/** Cookies that are no session come as fast as anyone sends them; their look-ups take this many connections. */
const MOST_LOOKUPS = 2

export function createSessionStore(pool: Pool): SessionStore {
  const findAtOnce = gather(findMany, { most: MOST_LOOKUPS })

  async function findMany(
    asked: readonly { idDigest: Buffer; now: Date }[],
  ): Promise<(FoundSession | null)[]> {
    const { rows } = await pool.query<{ at: number } & Session & LiveResourceRow>(
      `select asked.at::integer - 1 as at, user_id as "userId", email, app, expires_at as "expiresAt",
              ${LIVE_RESOURCE_COLUMNS}
         from unnest($1::bytea[]) with ordinality as asked (digest, at)
         join session on id_digest = asked.digest ${JOIN_LIVE_RESOURCE}`,
      [asked.map(({ idDigest }) => idDigest)],
    )
    const found: (FoundSession | null)[] = asked.map(() => null)
    for (const row of rows) {
      const { at, userId, email, app, expiresAt } = row
      if (expiresAt.getTime() <= (asked[at]?.now.getTime() ?? 0)) continue
      found[at] = { session: { userId, email, app, expiresAt }, resource: toLiveResource(row) }
    }
    return found
  }

  return {
    async create(idDigest, session) {
      await pool.query(
        `insert into session (id_digest, resource_id, user_id, email, app, expires_at)
         values ($1, $2, $3, $4, $5, $6)`,
        [idDigest, session.resourceId, session.userId, session.email, session.app, session.expiresAt],
      )
    },

    find: (idDigest, now) => findAtOnce({ idDigest, now }),

    deleteExpired: (now, signal) =>
      deleteInBatches(pool, { table: 'session', condition: 'expires_at <= $1', values: [now] }, signal),

    async end(client, { id }) {
      await client.query('delete from session where resource_id = $1', [id])
    },
  }
}
