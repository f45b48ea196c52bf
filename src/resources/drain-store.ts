// All SQL on `drain`: which tokens admit lines to which resource, and what Heroku's lists say of each: its app, where it
// points, whether it is still there.
import type { Pool, PoolClient } from 'pg'
import { withTransaction } from '../database/pool.ts'
import { AppError } from '../errors.ts'
import { digestDrainToken, drainTokenHint } from './drain-token.ts'
import type { ResourceState } from './resource.ts'

/** A drain and the resource that its token admits lines to. */
export interface KnownDrain {
  drainId: number
  resourceNumber: number
  resourceId: string
  plan: string
  state: ResourceState
}

/** A drain as Heroku lists it. */
export interface ListedDrain {
  token: string
  herokuDrainId: string
  /** Where it points; null where Heroku does not say. */
  url: string | null
  app: { id: string; name: string } | null
}

/** A drain as the last list of its resource had it. */
export interface DrainOnList {
  /** Null, as all of what follows, where the drains of its resource were never listed. */
  herokuDrainId: string | null
  app: string | null
  url: string | null
  /** Milliseconds since 1970. */
  listedAt: number | null
}

/** A live resource. */
export interface ResourceDrains {
  id: string
  number: number
  name: string
  /** Without those of detached apps. */
  drains: DrainOnList[]
}

export interface ListingOutcome {
  /** SHA-256 in hex of the tokens that are now this resource's. */
  known: ReadonlySet<string>
  learned: number
  renamed: number
  detached: number
  /** Tokens listed that are another live resource's: never taken over. */
  taken: number
  /** A young drain of ours is missing from the list: it is worth listing again soon. */
  incomplete: boolean
}

export interface AttachedApp {
  drainId: number
  /** Null, as `name`, until Heroku has told. */
  appId: string | null
  name: string | null
  detachedAt: Date | null
}

export interface DrainStore {
  /** @param tokenDigest see drain-token.ts */
  find(tokenDigest: Buffer): Promise<KnownDrain | null>
  /** Many at once, in the order asked. */
  findMany(tokenDigests: readonly Buffer[]): Promise<(KnownDrain | null)[]>
  /**
   * Adds a drain token to the resource, in the caller's transaction. Nothing Heroku says promises that a retried POST
   * brings the same token, so a resource has a set of them and keeps each one it was ever given.
   *
   * @throws AppError drain_token_taken
   */
  add(client: PoolClient, resourceNumber: number, token: string): Promise<void>
  /** Null where the resource is not live. */
  applyListing(
    resourceId: string,
    drains: readonly ListedDrain[],
    now: number,
  ): Promise<ListingOutcome | null>
  /** Resources whose drains are to be listed, each put off until `nextDueAt` so that no other process lists them too. */
  claimListings(now: number, nextDueAt: () => number, limit: number): Promise<string[]>
  scheduleListing(resourceId: string, dueAt: number): Promise<void>
  /** Live resources in the order of their numbers, after `afterNumber`. */
  liveResources(afterNumber: number, limit: number): Promise<ResourceDrains[]>
  /** The drain points there now: what a list would say. */
  noteMoved(resourceId: string, herokuDrainId: string, url: string, now: number): Promise<void>
  /** Of each resource: drain id -> name of its app, where it is known. */
  appNames(resourceNumbers: readonly number[]): Promise<ReadonlyMap<number, string>[]>
  /** Every drain of the resource, oldest first, and the app it is of. */
  attachedApps(resourceNumber: number): Promise<AttachedApp[]>
}

/** Lines of a detached app are taken for so long: some are still under way, and the next list may have it again. */
const DETACHED_GRACE = '10 minutes'

/** A drain may be younger than its place in Heroku's list. */
const YOUNG_MS = 600_000

export function createDrainStore(pool: Pool): DrainStore {
  const store: DrainStore = {
    async find(tokenDigest) {
      return (await store.findMany([tokenDigest]))[0] ?? null
    },

    async findMany(tokenDigests) {
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
    },

    async add(client, resourceNumber, token) {
      const digest = digestDrainToken(token)
      // A token whose resource has ended may be used again, as a new drain: lines and frame keys of the old
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
        [resourceNumber, digest, drainTokenHint(token)],
      )
      const { rows } = await client.query<{ owner: number }>(
        'select resource_number as owner from drain where token_digest = $1',
        [digest],
      )
      if (rows[0]?.owner !== resourceNumber) throw new AppError('drain_token_taken')
    },

    applyListing(resourceId, drains, now) {
      return withTransaction(pool, async (client) => {
        // The lock that every change of a resource takes: a deprovision waits, or is seen.
        const live = await client.query<{ number: number }>(
          `select number from resource where id = $1 and state = 'provisioned' for update`,
          [resourceId],
        )
        const number = live.rows[0]?.number
        if (number === undefined) return null
        const digests = drains.map(({ token }) => digestDrainToken(token))
        const before = await client.query<{ id: number; app_name: string | null; detached_at: Date | null }>(
          'select id, app_name, detached_at from drain where resource_number = $1',
          [number],
        )
        // As at a provision: a token whose resource has ended may be used again.
        await client.query(
          `delete from drain using resource
            where drain.token_digest = any($1) and resource.number = drain.resource_number
              and resource.state = 'deprovisioned'`,
          [digests],
        )
        const listed = `unnest($2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $8::text[])
                        as listed (digest, hint, drain_id, app_id, app_name, url)`
        const values = [
          number,
          digests,
          drains.map(({ token }) => drainTokenHint(token)),
          drains.map(({ herokuDrainId }) => herokuDrainId),
          drains.map(({ app }) => app?.id ?? null),
          drains.map(({ app }) => app?.name ?? null),
          new Date(now),
          drains.map(({ url }) => url),
        ]
        type Kept = { id: number; digest: Buffer; app_name: string | null }
        // Not one insert on conflict: each would use up a number of the identity column, every hour for every drain.
        const updated = await client.query<Kept>(
          `update drain
              set token_hint = listed.hint, heroku_drain_id = listed.drain_id, last_listed_at = $7,
                  app_id = coalesce(listed.app_id, drain.app_id),
                  app_name = coalesce(listed.app_name, drain.app_name), url = listed.url, detached_at = null
             from ${listed}
            where drain.token_digest = listed.digest and resource_number = $1
            returning drain.id, token_digest as digest, drain.app_name`,
          values,
        )
        const inserted = await client.query<Kept>(
          `insert into drain
             (resource_number, token_digest, token_hint, heroku_drain_id, app_id, app_name, url, last_listed_at)
           select $1, listed.*, $7 from ${listed}
            where not exists (select from drain where token_digest = listed.digest)
           on conflict do nothing
           returning id, token_digest as digest, app_name`,
          values,
        )
        const rows = [...updated.rows, ...inserted.rows]
        const missing = await client.query<{ detached_at: Date | null }>(
          `update drain set detached_at = case when created_at < $3 then $4::timestamptz end
            where resource_number = $1 and detached_at is null and not token_digest = any($2)
            returning detached_at`,
          [number, digests, new Date(now - YOUNG_MS), new Date(now)],
        )
        const known = new Map(before.rows.map((row) => [row.id, row]))
        const hasOldName = ({ id, app_name: name }: { id: number; app_name: string | null }) => {
          const old = known.get(id)?.app_name
          return old !== undefined && old !== null && old !== name
        }
        return {
          known: new Set(rows.map(({ digest }) => digest.toString('hex'))),
          learned: rows.filter(({ id }) => !known.has(id)).length,
          renamed: rows.filter(hasOldName).length,
          detached: missing.rows.filter((row) => row.detached_at !== null).length,
          taken: drains.length - rows.length,
          incomplete: missing.rows.some((row) => row.detached_at === null),
        }
      })
    },

    async claimListings(now, nextDueAt, limit) {
      return withTransaction(pool, async (client) => {
        const { rows } = await client.query<{ resource_id: string }>(
          `select resource_id from heroku_authorization
            where state = 'exchanged' and listing_due_at <= $1
            order by listing_due_at limit $2 for update skip locked`,
          [new Date(now), limit],
        )
        const ids = rows.map((row) => row.resource_id)
        if (ids.length === 0) return ids
        await client.query(
          `update heroku_authorization set listing_due_at = next.due_at
             from unnest($1::uuid[], $2::timestamptz[]) as next (id, due_at) where resource_id = next.id`,
          [ids, ids.map(() => new Date(nextDueAt()))],
        )
        return ids
      })
    },

    async scheduleListing(resourceId, dueAt) {
      await pool.query('update heroku_authorization set listing_due_at = $2 where resource_id = $1', [
        resourceId,
        new Date(dueAt),
      ])
    },

    async liveResources(afterNumber, limit) {
      const { rows } = await pool.query<ResourceDrains>(
        `select id, number, name,
                coalesce((select json_agg(json_build_object(
                            'herokuDrainId', heroku_drain_id, 'app', app_name, 'url', url,
                            'listedAt', floor(extract(epoch from last_listed_at) * 1000)) order by drain.id)
                   from drain where resource_number = number and detached_at is null), '[]') as drains
           from resource where state = 'provisioned' and number > $1 order by number limit $2`,
        [afterNumber, limit],
      )
      return rows
    },

    async noteMoved(resourceId, herokuDrainId, url, now) {
      await pool.query(
        `update drain set url = $3, last_listed_at = $4 from resource
          where resource.id = $1 and resource_number = resource.number and heroku_drain_id = $2`,
        [resourceId, herokuDrainId, url, new Date(now)],
      )
    },

    async appNames(resourceNumbers) {
      const { rows } = await pool.query<{ number: number; id: number; name: string }>(
        `select resource_number as number, id, app_name as name from drain
          where resource_number = any($1) and app_name is not null`,
        [resourceNumbers],
      )
      const names = new Map(resourceNumbers.map((number) => [number, new Map<number, string>()]))
      for (const { number, id, name } of rows) names.get(number)?.set(id, name)
      return resourceNumbers.map((number) => names.get(number) as Map<number, string>)
    },

    async attachedApps(resourceNumber) {
      const { rows } = await pool.query<AttachedApp>(
        `select id as "drainId", app_id as "appId", app_name as "name", detached_at as "detachedAt"
           from drain where resource_number = $1 order by id`,
        [resourceNumber],
      )
      return rows
    },
  }
  return store
}
