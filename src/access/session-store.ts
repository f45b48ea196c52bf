// All SQL on `session`. The secret that a browser holds is never here, only its SHA-256.
import type { Pool } from 'pg'
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

export interface SessionStore extends ResourcePart {
  create(idDigest: Buffer, session: Session & { resourceId: string }, now: Date): Promise<void>
  /** Null if there is none, it has expired, or its resource has ended. */
  find(idDigest: Buffer, now: Date): Promise<{ session: Session; resource: LiveResource } | null>
}

export function createSessionStore(pool: Pool): SessionStore {
  return {
    async create(idDigest, session, now) {
      // Sign-ins are rare, so each deletes the expired sessions and no scheduled job is needed.
      await pool.query('delete from session where expires_at <= $1', [now])
      await pool.query(
        `insert into session (id_digest, resource_id, user_id, email, app, expires_at)
         values ($1, $2, $3, $4, $5, $6)`,
        [idDigest, session.resourceId, session.userId, session.email, session.app, session.expiresAt],
      )
    },

    async find(idDigest, now) {
      const { rows } = await pool.query<Session & LiveResourceRow>(
        `select user_id as "userId", email, app, expires_at as "expiresAt", ${LIVE_RESOURCE_COLUMNS}
           from session ${JOIN_LIVE_RESOURCE} where id_digest = $1 and expires_at > $2`,
        [idDigest, now],
      )
      const [row] = rows
      if (row === undefined) return null
      const { userId, email, app, expiresAt } = row
      return { session: { userId, email, app, expiresAt }, resource: toLiveResource(row) }
    },

    async end(client, { id }) {
      await client.query('delete from session where resource_id = $1', [id])
    },
  }
}
