// All SQL on `session`. The secret a browser holds is never here, only its SHA-256.
import type { Pool } from 'pg'
import type { ResourcePart } from '../resources/lifecycle.ts'

export interface Session {
  resourceId: string
  userId: string | null
  email: string | null
  app: string | null
  expiresAt: Date
}

export interface SessionStore extends ResourcePart {
  create(idDigest: Buffer, session: Session, now: Date): Promise<void>
  /** Null where it never was or has ended. */
  find(idDigest: Buffer, now: Date): Promise<Session | null>
}

export function createSessionStore(pool: Pool): SessionStore {
  return {
    async create(idDigest, session, now) {
      // Sign-ins are rare and clear up behind the earlier ones, so nothing needs to run by the clock.
      await pool.query('delete from session where expires_at <= $1', [now])
      await pool.query(
        `insert into session (id_digest, resource_id, user_id, email, app, expires_at)
         values ($1, $2, $3, $4, $5, $6)`,
        [idDigest, session.resourceId, session.userId, session.email, session.app, session.expiresAt],
      )
    },

    async find(idDigest, now) {
      const { rows } = await pool.query<Session>(
        `select resource_id as "resourceId", user_id as "userId", email, app, expires_at as "expiresAt"
           from session where id_digest = $1 and expires_at > $2`,
        [idDigest, now],
      )
      return rows[0] ?? null
    },

    async end(client, { id }) {
      await client.query('delete from session where resource_id = $1', [id])
    },
  }
}
