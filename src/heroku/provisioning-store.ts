// All SQL on provisioning: the remaining steps of each provision, and their leases. The caller passes all times.
import type { Pool, PoolClient } from 'pg'

export type ProvisioningStep = 'look' | 'subscribe' | 'configure' | 'complete' | 'confirm' | 'abort' | 'done'

/** A row that this process holds until the lease expires or the resource ends. */
export interface ClaimedProvision {
  resourceId: string
  step: ProvisioningStep
  /** Heroku waits for us. */
  isPending: boolean
  startedAt: number
  /** Of this step, this one included. */
  tries: number
  leasedUntil: number
}

export interface OverdueProvision {
  resourceId: string
  step: ProvisioningStep
  startedAt: number
  /** There are no tokens, and none will come by themselves. */
  isGrantLost: boolean
}

export interface ProvisioningStore {
  /**
   * In the provision's transaction, which holds the lock on the resource's row. A repeated call finds the row that exists
   * and makes it due at once.
   */
  begin(
    client: PoolClient,
    resourceId: string,
    isAsynchronous: boolean,
    now: number,
  ): Promise<{ isPending: boolean }>
  /** For a live resource that gets its first tokens long after its provision. */
  beginLate(resourceId: string, now: number): Promise<void>
  /** In the transaction that ends the resource: the process that holds the lease finds its row gone. */
  remove(client: PoolClient, resourceId: string): Promise<void>

  /** Rows that are due and have tokens, each leased to the caller; those that Heroku waits for first. */
  claim(now: number, leaseMs: number, limit: number): Promise<ClaimedProvision[]>
  /** Whether the row still exists with our lease. */
  holds(claimed: ClaimedProvision): Promise<boolean>
  /** Moves to another step with a new lease. Null if the row is gone or the lease is lost. */
  advance(
    claimed: ClaimedProvision,
    step: ProvisioningStep,
    leasedUntil: number,
  ): Promise<ClaimedProvision | null>
  /** Ends the lease; due again at `dueAt`, at this or another step. */
  release(claimed: ClaimedProvision, step: ProvisioningStep, dueAt: number): Promise<void>
  /** When the provision was completed; null while Heroku waits for us. */
  setCompleted(claimed: ClaimedProvision, at: number | null): Promise<void>
  setReason(claimed: ClaimedProvision, reason: string): Promise<void>

  /** Provisions that Heroku has waited for since `before`, or that cannot continue. Each is returned once, to one process. */
  claimOverdue(now: number, before: number): Promise<OverdueProvision[]>
  /**
   * Makes webhooks with another address due to be subscribed again.
   *
   * @param origin the address up to the resource's id
   */
  reopenMoved(origin: string, now: number): Promise<number>
  /** How many Heroku waits for, and how many of them since `before`. */
  count(before: number): Promise<{ pending: number; overdue: number }>
}

interface Row {
  resource_id: string
  step: ProvisioningStep
  started_at: Date
  completed_at: Date | null
  tries: number
  leased_until: Date
}

const ROW = 'resource_id, step, started_at, completed_at, tries, leased_until'
/** The expiry identifies the holder: no lease is given out while another lasts. */
const OURS = 'resource_id = $1 and leased_until = $2'

export function createProvisioningStore(pool: Pool): ProvisioningStore {
  const key = ({ resourceId, leasedUntil }: ClaimedProvision) => [resourceId, new Date(leasedUntil)]

  return {
    async begin(client, resourceId, isAsynchronous, now) {
      const { rows } = await client.query<{ completed_at: Date | null }>(
        `insert into provisioning as kept (resource_id, step, started_at, completed_at, due_at)
         values ($1, $2, $3, $4, $3)
         on conflict (resource_id) do update set due_at = least(kept.due_at, excluded.due_at)
         returning completed_at`,
        [
          resourceId,
          isAsynchronous ? 'look' : 'subscribe',
          new Date(now),
          isAsynchronous ? null : new Date(now),
        ],
      )
      return { isPending: rows[0]?.completed_at === null }
    },

    async beginLate(resourceId, now) {
      // The share lock makes a concurrent deprovision wait, or shows it.
      await pool.query(
        `insert into provisioning (resource_id, step, started_at, completed_at, due_at)
         select id, 'subscribe', $2, $2, $2 from resource where id = $1 and state = 'provisioned' for share
         on conflict do nothing`,
        [resourceId, new Date(now)],
      )
    },

    async remove(client, resourceId) {
      await client.query('delete from provisioning where resource_id = $1', [resourceId])
    },

    async claim(now, leaseMs, limit) {
      const { rows } = await pool.query<Row>(
        `update provisioning set leased_until = $2, tries = tries + 1
          where resource_id in (
            select resource_id from provisioning join heroku_authorization using (resource_id)
             where step <> 'done' and provisioning.due_at <= $1 and state = 'exchanged'
               and (provisioning.leased_until is null or provisioning.leased_until <= $1)
             order by completed_at is not null, provisioning.due_at limit $3
               for update of provisioning skip locked)
          returning ${ROW}`,
        [new Date(now), new Date(now + leaseMs), limit],
      )
      return rows.map(read)
    },

    async holds(claimed) {
      const { rowCount } = await pool.query(`select from provisioning where ${OURS}`, key(claimed))
      return rowCount === 1
    },

    async advance(claimed, step, leasedUntil) {
      const { rows } = await pool.query<Row>(
        `update provisioning set step = $3, tries = 1, leased_until = $4 where ${OURS} returning ${ROW}`,
        [...key(claimed), step, new Date(leasedUntil)],
      )
      return rows[0] ? read(rows[0]) : null
    },

    async release(claimed, step, dueAt) {
      await pool.query(
        `update provisioning
            set step = $3, due_at = $4, leased_until = null, tries = case step when $3 then tries else 0 end
          where ${OURS}`,
        [...key(claimed), step, new Date(dueAt)],
      )
    },

    async setCompleted(claimed, at) {
      await pool.query(`update provisioning set completed_at = $3 where ${OURS}`, [
        ...key(claimed),
        at === null ? null : new Date(at),
      ])
    },

    async setReason(claimed, reason) {
      await pool.query(`update provisioning set reason = $3 where ${OURS}`, [...key(claimed), reason])
    },

    async claimOverdue(now, before) {
      const { rows } = await pool.query<{
        resource_id: string
        step: ProvisioningStep
        started_at: Date
        is_grant_lost: boolean
      }>(
        `update provisioning set alarmed_at = $1
           from (select resource_id, coalesce(state, 'lost') = 'lost' as is_grant_lost
                   from provisioning left join heroku_authorization using (resource_id)
                  where completed_at is null and alarmed_at is null
                    and (started_at <= $2 or coalesce(state, 'lost') = 'lost')
                    for update of provisioning skip locked) as overdue
          where provisioning.resource_id = overdue.resource_id
          returning provisioning.resource_id, step, started_at, is_grant_lost`,
        [new Date(now), new Date(before)],
      )
      return rows.map((row) => ({
        resourceId: row.resource_id,
        step: row.step,
        startedAt: row.started_at.getTime(),
        isGrantLost: row.is_grant_lost,
      }))
    },

    async reopenMoved(origin, now) {
      const { rowCount } = await pool.query(
        `update provisioning set step = 'subscribe', tries = 0, due_at = $2 from webhook
          where webhook.resource_id = provisioning.resource_id and step = 'done'
            and url <> $1 || webhook.resource_id`,
        [origin, new Date(now)],
      )
      return rowCount ?? 0
    },

    async count(before) {
      const { rows } = await pool.query<{ pending: string; overdue: string }>(
        `select count(*) as pending, count(*) filter (where started_at <= $1) as overdue
           from provisioning where completed_at is null`,
        [new Date(before)],
      )
      return { pending: Number(rows[0]?.pending), overdue: Number(rows[0]?.overdue) }
    },
  }
}

function read(row: Row): ClaimedProvision {
  return {
    resourceId: row.resource_id,
    step: row.step,
    isPending: row.completed_at === null,
    startedAt: row.started_at.getTime(),
    tries: row.tries,
    leasedUntil: row.leased_until.getTime(),
  }
}
