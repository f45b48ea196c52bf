// The life of a resource: a provision begins it, a DELETE ends it. Each locks the resource's row first, so that calls
// about one resource that arrive together (Heroku delivers at least once) run one after the other, in any number of
// processes. Knows nothing of HTTP.
import type { Pool, PoolClient } from 'pg'
import { withTransaction } from '../database/pool.ts'
import type { DrainStore } from './drain-store.ts'
import { lockLiveResource } from './resource-store.ts'

/** Has `run` called once the transaction is committed. */
export type AfterCommit = (run: () => void) => void

export interface ResourceKey {
  id: string
  number: number
}

/** A module that stores something for a resource. The list of all of them is where the parts are put together. */
export interface ResourcePart {
  /** Deletes what the module stores, in the transaction that ends the resource. */
  end(client: PoolClient, resource: ResourceKey, afterCommit: AfterCommit): Promise<void>
}

/** Stores what a provision brings besides the drain token. */
export interface ProvisionSecrets {
  /** isPending: Heroku is to be answered that the provision completes later. */
  store(
    client: PoolClient,
    resourceId: string,
    secrets: Pick<Provision, 'grant' | 'logInputUrl'>,
    afterCommit: AfterCommit,
  ): Promise<{ isPending: boolean }>
}

export interface Provision {
  id: string
  name: string
  plan: string
  region: string | null
  options: Record<string, string>
  /** Null if the call has none: nothing can be drained until one is learnt. */
  drainToken: string | null
  /** The code that is exchanged for tokens within five minutes. */
  grant?: string | null | undefined
  /** Writes into the log of the resource's app. */
  logInputUrl?: string | null | undefined
}

export interface LifecycleParts {
  pool: Pool
  drains: Pick<DrainStore, 'add'>
  secrets: ProvisionSecrets
  endsWithResource: readonly ResourcePart[]
}

export interface Lifecycle {
  /**
   * Makes the resource if it is new, and adds the drain token to it in any case.
   *
   * @returns the plan it was first given, and whether the provision completes later
   * @throws AppError resource_gone, or drain_token_taken; nothing is changed then
   */
  provision(provision: Provision): Promise<{ plan: string; isPending: boolean }>

  /**
   * Ends the resource and everything that ends with it. `unknown`: the resource was never seen; a tombstone refuses its
   * POST, should that come late.
   */
  deprovision(id: string): Promise<'deprovisioned' | 'already_gone' | 'unknown'>
}

export function createLifecycle({ pool, drains, secrets, endsWithResource }: LifecycleParts): Lifecycle {
  return {
    provision({ id, name, plan, region, options, drainToken, grant, logInputUrl }) {
      return committed(pool, async (client, afterCommit) => {
        // Of parallel POSTs one inserts; the others wait here for its commit and then find its row.
        await client.query(
          `insert into resource (id, state, name, plan, region, options)
           values ($1, 'provisioned', $2, $3, $4, $5) on conflict (id) do nothing`,
          [id, name, plan, region, JSON.stringify(options)],
        )
        const resource = await lockLiveResource(client, id)
        if (drainToken !== null) await drains.add(client, resource.number, drainToken)
        const stored = await secrets.store(client, id, { grant, logInputUrl }, afterCommit)
        return { plan: resource.plan, isPending: stored.isPending }
      })
    },

    deprovision(id) {
      return committed(pool, async (client, afterCommit) => {
        const tombstone = await client.query(
          `insert into resource (id, state, deprovisioned_at) values ($1, 'deprovisioned', now())
           on conflict (id) do nothing`,
          [id],
        )
        if (tombstone.rowCount === 1) return 'unknown'
        const { rows } = await client.query<ResourceKey>(
          `update resource set state = 'deprovisioned', deprovisioned_at = now(), updated_at = now()
            where id = $1 and state <> 'deprovisioned' returning id, number`,
          [id],
        )
        const [resource] = rows
        if (resource === undefined) return 'already_gone'
        for (const part of endsWithResource) await part.end(client, resource, afterCommit)
        return 'deprovisioned'
      })
    },
  }
}

async function committed<T>(
  pool: Pool,
  work: (client: PoolClient, afterCommit: AfterCommit) => Promise<T>,
): Promise<T> {
  const runs: (() => void)[] = []
  const result = await withTransaction(pool, (client) => work(client, (run) => runs.push(run)))
  for (const run of runs) run()
  return result
}
