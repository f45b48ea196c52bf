// All SQL on services and their versions. A version's content (endpoints, conditions) has stores of its own; what is
// done to all of it at once, copying and activating, is done here.
import type { Pool, PoolClient } from 'pg'
import { withTransaction } from '../database/pool.ts'
import {
  badRequest,
  serviceNotFound,
  type VersionRef,
  versionLocked,
  versionNotFound,
} from './fastly-error.ts'

export interface Service {
  id: string
  name: string
  type: 'vcl' | 'wasm'
  comment: string
  activeVersion: number | null
  createdAt: Date
  updatedAt: Date
  deletedAt: Date | null
}

export interface Version {
  number: number
  locked: boolean
  comment: string
  settings: Record<string, unknown>
  createdAt: Date
  updatedAt: Date
}

/** Run with the transaction that makes a version active, or leaves a service with none. */
export type OnActivation = (client: PoolClient, serviceId: string) => Promise<void>

export interface ServiceStore {
  /** Oldest first, without deleted ones. */
  list(resourceId: string): Promise<Service[]>
  /** A deleted one, too. */
  find(resourceId: string, id: string): Promise<Service | null>
  /** With its version 1. */
  create(resourceId: string, service: Pick<Service, 'id' | 'name' | 'type' | 'comment'>): Promise<void>
  /** The resource's first service, made if there never was one. */
  createFirst(resourceId: string, service: Pick<Service, 'id' | 'name'>): Promise<void>
  update(resourceId: string, id: string, changes: Partial<Pick<Service, 'name' | 'comment'>>): Promise<void>
  remove(resourceId: string, id: string): Promise<void>
  /** By number. */
  versions(serviceId: string): Promise<Version[]>
  findVersion(serviceId: string, number: number): Promise<Version | null>
  newestVersion(serviceId: string): Promise<number>
  /** @returns its number */
  createVersion(resourceId: string, serviceId: string, comment: string): Promise<number>
  updateVersion(ref: VersionRef, changes: Partial<Pick<Version, 'comment' | 'settings'>>): Promise<void>
  /** @returns the number of the copy */
  clone(ref: VersionRef): Promise<number>
  lock(ref: VersionRef): Promise<void>
  activate(ref: VersionRef): Promise<void>
  deactivate(ref: VersionRef): Promise<void>
}

const MAX_SERVICES = 10
/** Terraform makes one for each change; the oldest that is not active makes room. */
const MAX_VERSIONS = 1_000

const SERVICE = `id, name, type, comment, active_version as "activeVersion", created_at as "createdAt",
  updated_at as "updatedAt", deleted_at as "deletedAt"`
const VERSION = `number, locked, comment, settings, created_at as "createdAt", updated_at as "updatedAt"`

/** What belongs to a version and is copied with it: table, and its columns but for the version. */
const CONTENT = [
  ['fastly_condition', 'name, statement, type, priority, comment, created_at, updated_at'],
  ['fastly_domain', 'name, comment, created_at, updated_at'],
  [
    'log_endpoint',
    'name, sealed_target, format, format_version, placement, response_condition, log_processing_region, created_at, updated_at',
  ],
] as const

export function createServiceStore(pool: Pool, onActivation: OnActivation): ServiceStore {
  const insert = async (
    client: PoolClient,
    resourceId: string,
    { id, name, type, comment }: Pick<Service, 'id' | 'name' | 'type' | 'comment'>,
  ) => {
    await client.query(
      'insert into fastly_service (id, resource_id, name, type, comment) values ($1, $2, $3, $4, $5)',
      [id, resourceId, name, type, comment],
    )
    await client.query('insert into fastly_version (service_id, number) values ($1, 1)', [id])
  }

  return {
    async list(resourceId) {
      const { rows } = await pool.query<Service>(
        `select ${SERVICE} from fastly_service where resource_id = $1 and deleted_at is null order by created_at, id`,
        [resourceId],
      )
      return rows
    },

    async find(resourceId, id) {
      const { rows } = await pool.query<Service>(
        `select ${SERVICE} from fastly_service where resource_id = $1 and id = $2`,
        [resourceId, id],
      )
      return rows[0] ?? null
    },

    create: (resourceId, service) =>
      withTransaction(pool, async (client) => {
        if ((await countServices(client, resourceId, 'deleted_at is null')) >= MAX_SERVICES) {
          throw badRequest(`A resource has at most ${MAX_SERVICES} services`)
        }
        await insert(client, resourceId, service)
      }),

    createFirst: (resourceId, service) =>
      withTransaction(pool, async (client) => {
        if ((await countServices(client, resourceId, 'true')) > 0) return
        await insert(client, resourceId, { ...service, type: 'vcl', comment: '' })
      }),

    async update(resourceId, id, { name, comment }) {
      await pool.query(
        `update fastly_service set name = coalesce($3, name), comment = coalesce($4, comment), updated_at = now()
          where resource_id = $1 and id = $2 and deleted_at is null`,
        [resourceId, id, name, comment],
      )
    },

    remove: (resourceId, id) =>
      withTransaction(pool, async (client) => {
        const active = await lockService(client, resourceId, id)
        if (active !== null) throw badRequest(`Service '${id}' has an active version; deactivate it first`)
        await client.query('update fastly_service set deleted_at = now() where id = $1', [id])
        // The tombstone needs none of it, and tokens are not kept longer than they are of use.
        await client.query('delete from fastly_version where service_id = $1', [id])
      }),

    async versions(serviceId) {
      const { rows } = await pool.query<Version>(
        `select ${VERSION} from fastly_version where service_id = $1 order by number`,
        [serviceId],
      )
      return rows
    },

    async findVersion(serviceId, number) {
      const { rows } = await pool.query<Version>(
        `select ${VERSION} from fastly_version where service_id = $1 and number = $2`,
        [serviceId, number],
      )
      return rows[0] ?? null
    },

    async newestVersion(serviceId) {
      const { rows } = await pool.query<{ number: number }>(
        'select coalesce(max(number), 1)::integer as number from fastly_version where service_id = $1',
        [serviceId],
      )
      return (rows[0] as { number: number }).number
    },

    createVersion: (resourceId, serviceId, comment) =>
      withTransaction(pool, async (client) => {
        const number = await nextNumber(client, resourceId, serviceId)
        await client.query('insert into fastly_version (service_id, number, comment) values ($1, $2, $3)', [
          serviceId,
          number,
          comment,
        ])
        return number
      }),

    updateVersion: (ref, { comment, settings }) =>
      inVersion(pool, ref, async (client, { locked }) => {
        // A comment says why a version was made, and may be mended later.
        if (locked && settings !== undefined) throw versionLocked(ref)
        await client.query(
          `update fastly_version
              set comment = coalesce($3, comment), settings = coalesce($4, settings), updated_at = now()
            where service_id = $1 and number = $2`,
          [ref.serviceId, ref.version, comment, settings],
        )
      }),

    clone: (ref) =>
      withTransaction(pool, async (client) => {
        const number = await nextNumber(client, ref.resourceId, ref.serviceId)
        const { rowCount } = await client.query(
          `insert into fastly_version (service_id, number, comment, settings, created_at)
           select service_id, $3, comment, settings, created_at from fastly_version where service_id = $1 and number = $2`,
          [ref.serviceId, ref.version, number],
        )
        if (rowCount === 0) throw versionNotFound(ref.serviceId, ref.version)
        for (const [table, columns] of CONTENT) {
          await client.query(
            `insert into ${table} (service_id, version, ${columns})
             select service_id, $3, ${columns} from ${table} where service_id = $1 and version = $2`,
            [ref.serviceId, ref.version, number],
          )
        }
        return number
      }),

    lock: (ref) =>
      inVersion(pool, ref, async (client) => {
        await client.query(
          `update fastly_version set locked = true, updated_at = now() where service_id = $1 and number = $2`,
          [ref.serviceId, ref.version],
        )
      }),

    activate: (ref) =>
      inVersion(pool, ref, async (client) => {
        await client.query(
          `update fastly_version set locked = true, updated_at = now() where service_id = $1 and number = $2`,
          [ref.serviceId, ref.version],
        )
        await client.query(
          'update fastly_service set active_version = $2, updated_at = now() where id = $1',
          [ref.serviceId, ref.version],
        )
        await onActivation(client, ref.serviceId)
      }),

    deactivate: (ref) =>
      inVersion(pool, ref, async (client, { active }) => {
        if (active !== ref.version) throw badRequest(`Version '${ref.version}' is not active`)
        await client.query(
          'update fastly_service set active_version = null, updated_at = now() where id = $1',
          [ref.serviceId],
        )
        await onActivation(client, ref.serviceId)
      }),
  }
}

/**
 * Runs `work` while nobody else changes the service or any of its versions.
 *
 * @throws FastlyError where there is no such version
 */
export function inVersion<T>(
  pool: Pool,
  { resourceId, serviceId, version }: VersionRef,
  work: (client: PoolClient, state: { locked: boolean; active: number | null }) => Promise<T>,
): Promise<T> {
  return withTransaction(pool, async (client) => {
    const active = await lockService(client, resourceId, serviceId)
    const { rows } = await client.query<{ locked: boolean }>(
      'select locked from fastly_version where service_id = $1 and number = $2',
      [serviceId, version],
    )
    const [row] = rows
    if (row === undefined) throw versionNotFound(serviceId, version)
    return work(client, { locked: row.locked, active })
  })
}

/** The same, for what a locked version refuses. */
export function inUnlockedVersion<T>(
  pool: Pool,
  ref: VersionRef,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  return inVersion(pool, ref, (client, { locked }) => {
    if (locked) throw versionLocked(ref)
    return work(client)
  })
}

/** @returns its active version */
async function lockService(
  client: PoolClient,
  resourceId: string,
  serviceId: string,
): Promise<number | null> {
  const { rows } = await client.query<{ active: number | null }>(
    `select active_version as active from fastly_service
      where resource_id = $1 and id = $2 and deleted_at is null for update`,
    [resourceId, serviceId],
  )
  // It was there a moment ago.
  if (rows[0] === undefined) throw serviceNotFound()
  return rows[0].active
}

async function nextNumber(client: PoolClient, resourceId: string, serviceId: string): Promise<number> {
  await lockService(client, resourceId, serviceId)
  const { rows } = await client.query<{ last: number; count: number }>(
    `select coalesce(max(number), 0)::integer as last, count(*)::integer as count
       from fastly_version where service_id = $1`,
    [serviceId],
  )
  const { last, count } = rows[0] as { last: number; count: number }
  if (count >= MAX_VERSIONS) {
    await client.query(
      `delete from fastly_version
        where service_id = $1 and number = (
          select min(number) from fastly_version
           where service_id = $1
             and number is distinct from (select active_version from fastly_service where id = $1))`,
      [serviceId],
    )
  }
  return last + 1
}

/** Under a lock: two first requests at once make one service. */
async function countServices(client: PoolClient, resourceId: string, where: string): Promise<number> {
  await client.query('select from resource where id = $1 for update', [resourceId])
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::integer as count from fastly_service where resource_id = $1 and ${where}`,
    [resourceId],
  )
  return (rows[0] as { count: number }).count
}
