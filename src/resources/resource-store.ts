// All SQL on `resource` and `drain`: what Heroku provisioned, and which drain tokens admit lines to it. Drains that are
// learned of later, and what apps they are of, come in by src/resources/drain-store.ts.
// Knows nothing of HTTP. A change first locks the resource's row, so that calls about one resource which arrive
// together (Heroku delivers at least once) happen one after the other, in any number of processes.
import { createHash } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import { withTransaction } from '../database/pool.ts'
import { AppError } from '../errors.ts'

export type ResourceState = 'provisioned' | 'deprovisioned'

export interface Resource {
  /** Heroku's uuid, in lower case. */
  id: string
  number: number
  state: ResourceState
  /** Null, as `plan`, only in the tombstone of a resource whose DELETE came before its POST. */
  name: string | null
  plan: string | null
  createdAt: Date
}

export interface KnownDrain {
  drainId: number
  resourceNumber: number
  resourceId: string
  plan: string
  state: ResourceState
}

export interface Provision {
  id: string
  name: string
  plan: string
  region: string | null
  options: Record<string, string>
  /** Null where the call brought none: then nothing can be drained until one is learnt. */
  drainToken: string | null
  /** The code that is good for tokens, for five minutes. */
  grant?: string | null | undefined
  /** Writes into the log of the resource's app. */
  logInputUrl?: string | null | undefined
}

/** Where the secrets of a provision go. In our transaction: with the resource's row or not at all. */
export interface Vault {
  /** isPending: the provision will be completed later, and Heroku is to be told so. */
  keep(
    client: PoolClient,
    resourceId: string,
    secrets: Pick<Provision, 'grant' | 'logInputUrl'>,
  ): Promise<{ isPending: boolean }>
  /** What keep() was told is committed. */
  kept(): void
  /** Answers with what is to be done once that is committed. */
  forget(client: PoolClient, resourceId: string): Promise<() => void>
}

/** Keeps no secrets. */
const NO_VAULT: Vault = {
  keep: async () => ({ isPending: false }),
  kept() {},
  forget: async () => () => {},
}

export interface ResourceStore {
  findResource(id: string): Promise<Resource | null>

  /** @param tokenDigest SHA-256 of the drain token */
  findDrain(tokenDigest: Buffer): Promise<KnownDrain | null>

  /** Many at once, in the order asked. */
  findDrains(tokenDigests: readonly Buffer[]): Promise<(KnownDrain | null)[]>

  /**
   * Makes the resource if it is new, and adds the drain token to it in any case. Answers with the plan it has, the
   * one it was first given, and whether it will be completed later.
   *
   * @throws AppError resource_gone, or drain_token_taken; then nothing was changed
   */
  provision(provision: Provision): Promise<{ plan: string; isPending: boolean }>

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

  /**
   * Ends the resource and everybody's sessions and tokens of it. `unknown`: it was never heard of, and a tombstone was written
   * so that its POST, should it come late, is refused.
   */
  deprovision(id: string): Promise<'deprovisioned' | 'already_gone' | 'unknown'>

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

/** Lines of a detached app are taken for so long: some are still under way, and the next list may have it again. */
const DETACHED_GRACE = '10 minutes'

/** Longer than Heroku takes to commit to a plan change that we have answered. */
const YOUNG_PLAN = '10 minutes'

/** Any version and variant: the id is Heroku's business. Postgres raises an error for anything else. */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function createResourceStore(pool: Pool, vault: Vault = NO_VAULT): ResourceStore {
  return {
    async findResource(id) {
      if (!UUID.test(id)) return null
      const { rows } = await pool.query<Resource>(
        `select id, number, state, name, plan, created_at as "createdAt" from resource where id = $1`,
        [id],
      )
      return rows[0] ?? null
    },

    async findDrain(tokenDigest) {
      return (await findDrains(pool, [tokenDigest]))[0] ?? null
    },

    findDrains: (tokenDigests) => findDrains(pool, tokenDigests),

    async provision({ id, name, plan, region, options, drainToken, grant, logInputUrl }) {
      const provisioned = await withTransaction(pool, async (client) => {
        // Of parallel POSTs one inserts; the others wait here for its commit and then find its row.
        await client.query(
          `insert into resource (id, state, name, plan, region, options)
           values ($1, 'provisioned', $2, $3, $4, $5) on conflict (id) do nothing`,
          [id, name, plan, region, JSON.stringify(options)],
        )
        const resource = await lockLiveResource(client, id)
        if (drainToken !== null) await addDrain(client, resource.number, drainToken)
        const { isPending } = await vault.keep(client, id, { grant, logInputUrl })
        return { plan: resource.plan, isPending }
      })
      vault.kept()
      return provisioned
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

    async deprovision(id) {
      let goodbye = () => {}
      const outcome = await withTransaction(pool, async (client) => {
        const tombstone = await client.query(
          `insert into resource (id, state, deprovisioned_at) values ($1, 'deprovisioned', now())
           on conflict (id) do nothing`,
          [id],
        )
        if (tombstone.rowCount === 1) return 'unknown'
        const ended = await client.query(
          `update resource set state = 'deprovisioned', deprovisioned_at = now(), updated_at = now()
            where id = $1 and state <> 'deprovisioned'`,
          [id],
        )
        if (ended.rowCount === 0) return 'already_gone'
        // The viewer's tables, and our transaction: nobody may read on after this commit.
        for (const table of ['session', 'api_token']) {
          await client.query(`delete from ${table} where resource_id = $1`, [id])
        }
        goodbye = await vault.forget(client, id)
        return 'deprovisioned'
      })
      goodbye()
      return outcome
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

async function findDrains(pool: Pool, tokenDigests: readonly Buffer[]): Promise<(KnownDrain | null)[]> {
  // Only what was provisioned has drains, so the plan is not null here.
  const { rows } = await pool.query<KnownDrain & { digest: string }>(
    `select encode(drain.token_digest, 'hex') as digest, drain.id as "drainId",
            resource.number as "resourceNumber", resource.id as "resourceId", resource.plan, resource.state
       from drain join resource on resource.number = drain.resource_number
      where drain.token_digest = any($1)
        and (detached_at is null or detached_at > now() - interval '${DETACHED_GRACE}')`,
    [tokenDigests],
  )
  const found = new Map(rows.map(({ digest, ...drain }) => [digest, drain]))
  return tokenDigests.map((digest) => found.get(digest.toString('hex')) ?? null)
}

/** @throws AppError resource_unknown, resource_gone */
async function lockLiveResource(client: PoolClient, id: string): Promise<{ number: number; plan: string }> {
  if (!UUID.test(id)) throw new AppError('resource_unknown')
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

/**
 * Puts a drain token on the resource's list. Nothing Heroku says promises that a retried POST brings the same token,
 * so a resource has a set of them and keeps each one it was ever given.
 *
 * @throws AppError drain_token_taken
 */
async function addDrain(client: PoolClient, resourceNumber: number, token: string): Promise<void> {
  const digest = createHash('sha256').update(token).digest()
  // A token whose resource has ended may begin anew here. As a new drain: lines and remembered deliveries of the old
  // one are the old resource's.
  await client.query(
    `delete from drain using resource
      where drain.token_digest = $1 and resource.number = drain.resource_number
        and resource.state = 'deprovisioned'`,
    [digest],
  )
  await client.query(
    `insert into drain (resource_number, token_digest, token_hint) values ($1, $2, $3)
     on conflict (token_digest) do nothing`,
    [resourceNumber, digest, hint(token)],
  )
  const { rows } = await client.query<{ owner: number }>(
    'select resource_number as owner from drain where token_digest = $1',
    [digest],
  )
  if (rows[0]?.owner !== resourceNumber) throw new AppError('drain_token_taken')
}

/** Four characters of a token as short as that would be the token. Heroku's have 38. */
function hint(token: string): string {
  return token.length >= 16 ? token.slice(-4) : ''
}
