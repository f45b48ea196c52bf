// SQL on resources without tokens: their grant was lost, or their provision had none. The caller passes all times.
import type { Pool } from 'pg'
import type { SecretBox } from '../secrets/secret-box.ts'
import { sha256 } from '../secrets/sha256.ts'

export interface GrantBackfillStore {
  /** Live resources to request a grant for, each deferred until `nextDueAt`. */
  claim(now: number, nextDueAt: number, limit: number): Promise<string[]>
  postpone(resourceId: string, dueAt: number): Promise<void>
  /** Due for exchange at once. Does nothing if there are tokens by now, or the resource has ended. */
  store(resourceId: string, grant: string, now: number, lifeMs: number): Promise<void>
}

/** Digest of a grant that never existed. */
const NO_DIGEST = Buffer.alloc(32)

export function createGrantBackfillStore(pool: Pool, box: SecretBox): GrantBackfillStore {
  return {
    async claim(now, nextDueAt, limit) {
      // The share lock makes a concurrent deprovision wait, or shows it.
      await pool.query(
        `insert into heroku_authorization (resource_id, state, grant_digest, grant_dies_at, due_at)
         select id, 'lost', $1, $2, $2 from resource
          where state = 'provisioned'
            and not exists (select from heroku_authorization where resource_id = id)
          limit $3 for share
         on conflict do nothing`,
        [NO_DIGEST, new Date(now), limit],
      )
      const { rows } = await pool.query<{ resource_id: string }>(
        `update heroku_authorization set due_at = $2
          where resource_id in (
            select resource_id from heroku_authorization where state = 'lost' and due_at <= $1
             order by due_at limit $3 for update skip locked)
          returning resource_id`,
        [new Date(now), new Date(nextDueAt), limit],
      )
      return rows.map((row) => row.resource_id)
    },

    async postpone(resourceId, dueAt) {
      await pool.query(
        `update heroku_authorization set due_at = $2 where resource_id = $1 and state = 'lost'`,
        [resourceId, new Date(dueAt)],
      )
    },

    async store(resourceId, grant, now, lifeMs) {
      await pool.query(
        `update heroku_authorization
            set state = 'granted', grant_digest = $2, sealed_grant = $3, grant_dies_at = $4, due_at = $5, tries = 0
          where resource_id = $1 and state = 'lost'`,
        [
          resourceId,
          sha256(grant),
          box.seal(grant, { resourceId, purpose: 'oauth grant' }),
          new Date(now + lifeMs),
          new Date(now),
        ],
      )
    },
  }
}
