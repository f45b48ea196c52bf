// SQL on `resource` but for its beginning and end (lifecycle.ts): look-ups, plan changes, and what is left to delete.
// Knows nothing of HTTP.
import type { Pool, PoolClient } from 'pg'
import { withTransaction } from '../database/pool.ts'
import { AppError } from '../errors.ts'
import { RESOURCE_ID, type Resource, type ResourceState } from './resource.ts'

export interface ResourceStore {
  findResource(id: string): Promise<Resource | null>

  /**
   * Answers with the plan it had before.
   *
   * @throws AppError resource_unknown, resource_gone
   */
  changePlan(id: string, plan: string): Promise<{ previousPlan: string }>

  /**
   * Takes over a name and plan that Heroku shows for the resource, if it is live. too_soon: the plan differs, and we took
   * ours so lately that Heroku may be about to follow.
   *
   * @param seen.plan null: leave the plan alone
   */
  follow(id: string, seen: { name: string; plan: string | null }): Promise<'same' | 'changed' | 'too_soon'>

  /** Resources whose plan changed before `before` and whose lines have not followed yet. */
  findPlanChanges(before: Date): Promise<{ number: number; plan: string; changedAt: string }[]>

  /** The lines have followed that change. A later change of the same resource stays to be followed. */
  settlePlanChange(number: number, changedAt: string): Promise<void>

  /** Resources deprovisioned before `before` whose lines are still kept. */
  findPurgeable(before: Date): Promise<number[]>

  markPurged(number: number): Promise<void>

  /** Which of these were deprovisioned before `before`. */
  findEnded(numbers: readonly number[], before: Date): Promise<number[]>
}

/** Longer than Heroku takes to commit to a plan change that we have answered. */
const YOUNG_PLAN = '10 minutes'

export function createResourceStore(pool: Pool): ResourceStore {
  return {
    async findResource(id) {
      if (!RESOURCE_ID.test(id)) return null
      const { rows } = await pool.query<Resource>(
        `select id, number, state, name, plan, created_at as "createdAt" from resource where id = $1`,
        [id],
      )
      return rows[0] ?? null
    },

    changePlan(id, plan) {
      return withTransaction(pool, async (client) => {
        const { plan: previousPlan } = await lockLiveResource(client, id)
        await setPlan(client, id, plan)
        return { previousPlan }
      })
    },

    follow(id, { name, plan }) {
      return withTransaction(pool, async (client) => {
        const { rows } = await client.query<{ name: string; plan: string; is_young: boolean }>(
          `select name, plan, updated_at > now() - interval '${YOUNG_PLAN}' as is_young
             from resource where id = $1 and state = 'provisioned' for update`,
          [id],
        )
        const [ours] = rows
        if (ours === undefined) return 'same'
        await client.query('update resource set name = $2 where id = $1', [id, name])
        if (plan === null || plan === ours.plan) return name === ours.name ? 'same' : 'changed'
        if (ours.is_young) return 'too_soon'
        await setPlan(client, id, plan)
        return 'changed'
      })
    },

    async findPlanChanges(before) {
      // As text: a Date would lose the microseconds that tell two changes apart.
      const { rows } = await pool.query<{ number: number; plan: string; changedAt: string }>(
        `select number, plan, plan_changed_at::text as "changedAt" from resource
          where state = 'provisioned' and plan_changed_at < $1`,
        [before],
      )
      return rows
    },

    async settlePlanChange(number, changedAt) {
      await pool.query(
        'update resource set plan_changed_at = null where number = $1 and plan_changed_at = $2::timestamptz',
        [number, changedAt],
      )
    },

    async findPurgeable(before) {
      const { rows } = await pool.query<{ number: number }>(
        'select number from resource where deprovisioned_at < $1 and purged_at is null',
        [before],
      )
      return rows.map((row) => row.number)
    },

    async markPurged(number) {
      await pool.query('update resource set purged_at = now() where number = $1', [number])
    },

    async findEnded(numbers, before) {
      const { rows } = await pool.query<{ number: number }>(
        'select number from resource where number = any($1) and deprovisioned_at < $2',
        [[...new Set(numbers)], before],
      )
      return rows.map((row) => row.number)
    },
  }
}

/** @throws AppError resource_unknown, resource_gone */
export async function lockLiveResource(
  client: PoolClient,
  id: string,
): Promise<{ number: number; plan: string }> {
  if (!RESOURCE_ID.test(id)) throw new AppError('resource_unknown')
  const { rows } = await client.query<{ number: number; state: ResourceState; plan: string }>(
    'select number, state, plan from resource where id = $1 for update',
    [id],
  )
  const [resource] = rows
  if (resource === undefined) throw new AppError('resource_unknown')
  if (resource.state === 'deprovisioned') throw new AppError('resource_gone')
  return resource
}

async function setPlan(client: PoolClient, id: string, plan: string): Promise<void> {
  await client.query(
    `update resource set plan = $2, plan_changed_at = now(), updated_at = now()
      where id = $1 and plan <> $2`,
    [id, plan],
  )
}
