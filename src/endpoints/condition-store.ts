// All SQL on conditions, and on domains, which are kept for clients that insist on one.
import type { Pool } from 'pg'
import { badRequest, duplicate, recordNotFound, type VersionRef } from './fastly-error.ts'
import { inUnlockedVersion } from './service-store.ts'

export interface StoredCondition {
  name: string
  statement: string
  type: 'REQUEST' | 'RESPONSE' | 'CACHE' | 'PREFETCH'
  priority: string
  comment: string
  createdAt: Date
  updatedAt: Date
}

export interface Domain {
  name: string
  comment: string
  createdAt: Date
  updatedAt: Date
}

type Times = 'createdAt' | 'updatedAt'

/** Named things of a version, all kept in the same way. */
export interface NamedStore<T extends { name: string }> {
  /** By name. */
  list(ref: VersionRef): Promise<T[]>
  find(ref: VersionRef, name: string): Promise<T | null>
  create(ref: VersionRef, thing: Omit<T, Times>): Promise<T>
  /** Answers what it is now, with its time as it was: Fastly does so. */
  update(ref: VersionRef, name: string, changes: Partial<Omit<T, Times>>): Promise<T>
  remove(ref: VersionRef, name: string): Promise<void>
}

interface Kind {
  table: 'fastly_condition' | 'fastly_domain'
  kind: 'Condition' | 'Domain'
  duplicates: 'condition' | 'domain'
  fields: readonly string[]
}

const MAX_IN_VERSION = 100

export function createConditionStore(pool: Pool): NamedStore<StoredCondition> {
  return createNamedStore(pool, {
    table: 'fastly_condition',
    kind: 'Condition',
    duplicates: 'condition',
    fields: ['name', 'statement', 'type', 'priority', 'comment'],
  })
}

export function createDomainStore(pool: Pool): NamedStore<Domain> {
  return createNamedStore(pool, {
    table: 'fastly_domain',
    kind: 'Domain',
    duplicates: 'domain',
    fields: ['name', 'comment'],
  })
}

function createNamedStore<T extends { name: string }>(
  pool: Pool,
  { table, kind, duplicates, fields }: Kind,
): NamedStore<T> {
  const columns = `${fields.join(', ')}, created_at as "createdAt", updated_at as "updatedAt"`
  const ofVersion = 'service_id = $1 and version = $2'
  const valuesOf = (thing: object) => fields.map((field) => (thing as Record<string, unknown>)[field])
  const bound = (from: number) => fields.map((_, at) => `$${from + at}`)

  return {
    async list({ serviceId, version }) {
      const { rows } = await pool.query(`select ${columns} from ${table} where ${ofVersion} order by name`, [
        serviceId,
        version,
      ])
      return rows
    },

    async find({ serviceId, version }, name) {
      const { rows } = await pool.query(`select ${columns} from ${table} where ${ofVersion} and name = $3`, [
        serviceId,
        version,
        name,
      ])
      return rows[0] ?? null
    },

    create: (ref, thing) =>
      inUnlockedVersion(pool, ref, async (client) => {
        const { rows: counted } = await client.query<{ count: number }>(
          `select count(*)::integer as count from ${table} where ${ofVersion}`,
          [ref.serviceId, ref.version],
        )
        if ((counted[0] as { count: number }).count >= MAX_IN_VERSION) {
          throw badRequest(`A version has at most ${MAX_IN_VERSION} ${duplicates}s`)
        }
        const { rows } = await client.query(
          `insert into ${table} (service_id, version, ${fields.join(', ')}) values ($1, $2, ${bound(3).join(', ')})
           on conflict do nothing returning ${columns}`,
          [ref.serviceId, ref.version, ...valuesOf(thing)],
        )
        if (rows[0] === undefined) throw duplicate(duplicates, String((thing as { name?: unknown }).name))
        return rows[0]
      }),

    update: (ref, name, changes) =>
      inUnlockedVersion(pool, ref, async (client) => {
        const { rows } = await client.query(
          `select ${columns} from ${table} where ${ofVersion} and name = $3`,
          [ref.serviceId, ref.version, name],
        )
        if (rows[0] === undefined) throw recordNotFound(kind, name, ref)
        const after = { ...rows[0], ...changes }
        await client.query(
          `update ${table} set (${fields.join(', ')}, updated_at) = (${bound(4).join(', ')}, now())
            where ${ofVersion} and name = $3`,
          [ref.serviceId, ref.version, name, ...valuesOf(after)],
        )
        return after
      }),

    remove: (ref, name) =>
      inUnlockedVersion(pool, ref, async (client) => {
        const { rowCount } = await client.query(`delete from ${table} where ${ofVersion} and name = $3`, [
          ref.serviceId,
          ref.version,
          name,
        ])
        if (rowCount === 0) throw recordNotFound(kind, name, ref)
      }),
  }
}
