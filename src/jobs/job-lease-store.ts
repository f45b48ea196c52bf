// SQL on `job`: which process runs a job, and when it is due. All times are the database's, so that processes agree.
import type { Pool } from 'pg'

export interface JobLeaseStore {
  /** Null where the job is not due, or another process has it. Else how often it failed in a row. */
  claim(name: string, owner: string, leaseMs: number): Promise<{ failures: number } | null>
  /** Ends the lease. Nothing happens where it has run out and another process has it. */
  settle(name: string, owner: string, next: { dueInMs: number; failures: number }): Promise<void>
}

const AFTER = (parameter: string) => `now() + make_interval(secs => ${parameter} / 1000.0)`

export function createJobLeaseStore(pool: Pool): JobLeaseStore {
  return {
    async claim(name, owner, leaseMs) {
      const { rows } = await pool.query<{ failures: number }>(
        `insert into job (name, leased_by, leased_until) values ($1, $2, ${AFTER('$3::bigint')})
         on conflict (name) do update set leased_by = excluded.leased_by, leased_until = excluded.leased_until
           where job.due_at <= now() and (job.leased_until is null or job.leased_until <= now())
         returning failures`,
        [name, owner, leaseMs],
      )
      return rows[0] ?? null
    },

    async settle(name, owner, { dueInMs, failures }) {
      await pool.query(
        `update job set leased_by = null, leased_until = null, failures = $4, due_at = ${AFTER('$3::bigint')}
          where name = $1 and leased_by = $2`,
        [name, owner, dueInMs, failures],
      )
    },
  }
}
