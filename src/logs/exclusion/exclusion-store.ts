// All SQL on exclusion rules, except for what they saved, which is counted with the lines (ledger/saved.ts).
import type { Pool, PoolClient } from 'pg'
import { withTransaction } from '../../database/pool.ts'
import { AppError } from '../../errors.ts'
import type { ResourcePart } from '../../resources/lifecycle.ts'
import { insertNamed, nameTaken } from '../../resources/named-rows.ts'

export interface Exclusion {
  id: string
  name: string
  q: string
  isOn: boolean
  createdAt: Date
}

export type NewExclusion = Pick<Exclusion, 'name' | 'q' | 'isOn'>

export interface ChangedRules {
  resourceNumber: number
  /** Active rules, oldest first. */
  rules: { id: string; q: string }[]
}

export interface ExclusionStore extends ResourcePart {
  /** Oldest first, the order in which they are matched. */
  list(resourceNumber: number): Promise<Exclusion[]>
  /** @throws AppError name_taken, too_many */
  create(resourceNumber: number, rule: NewExclusion): Promise<Exclusion>
  /** @throws AppError not_found, name_taken */
  update(resourceNumber: number, id: string, rule: NewExclusion): Promise<Exclusion>
  /** @throws AppError not_found */
  remove(resourceNumber: number, id: string): Promise<void>
  /** Resources whose rules changed since that revision ('0': all that have ever had some), and the newest revision. */
  changedSince(revision: string): Promise<{ revision: string; changed: ChangedRules[] }>
}

/** Each rule costs time on every line of the resource. */
export const MAX_EXCLUSIONS = 20
/** An arbitrary constant: a lock, so that changes of rules commit in the order of their revisions. */
const REVISION_LOCK = 7_201_003
const COLUMNS = 'id, name, q, is_on as "isOn", created_at as "createdAt"'

export function createExclusionStore(pool: Pool): ExclusionStore {
  return {
    async list(resourceNumber) {
      const { rows } = await pool.query<Exclusion>(
        `select ${COLUMNS} from exclusion where resource_number = $1 order by created_at, id`,
        [resourceNumber],
      )
      return rows
    },

    create(resourceNumber, { name, q, isOn }) {
      const row = { table: 'exclusion', things: 'exclusion rules', resourceNumber, name }
      return insertNamed(pool, row, MAX_EXCLUSIONS, async (client) => {
        const { rows } = await client.query<Exclusion>(
          `insert into exclusion (resource_number, name, q, is_on) values ($1, $2, $3, $4) returning ${COLUMNS}`,
          [resourceNumber, name, q, isOn],
        )
        await revise(client, resourceNumber)
        return rows[0] as Exclusion
      })
    },

    update(resourceNumber, id, { name, q, isOn }) {
      return withTransaction(pool, async (client) => {
        const { rows } = await nameTaken(name, () =>
          client.query<Exclusion>(
            `update exclusion set name = $3, q = $4, is_on = $5, updated_at = now()
              where resource_number = $1 and id = $2 returning ${COLUMNS}`,
            [resourceNumber, id, name, q, isOn],
          ),
        )
        const [rule] = rows
        if (rule === undefined) throw new AppError('not_found')
        await revise(client, resourceNumber)
        return rule
      })
    },

    remove(resourceNumber, id) {
      return withTransaction(pool, async (client) => {
        const { rowCount } = await client.query(
          'delete from exclusion where resource_number = $1 and id = $2',
          [resourceNumber, id],
        )
        if (rowCount === 0) throw new AppError('not_found')
        await revise(client, resourceNumber)
      })
    },

    async end(client, { number }) {
      const { rowCount } = await client.query('delete from exclusion where resource_number = $1', [number])
      if (rowCount !== 0) await revise(client, number)
    },

    async changedSince(revision) {
      const { rows } = await pool.query<{
        number: number
        revision: string
        id: string | null
        q: string | null
      }>(
        `select exclusion_revision.resource_number as number, revision, id, q
           from exclusion_revision
           left join exclusion on exclusion.resource_number = exclusion_revision.resource_number and is_on
          where revision > $1 order by revision, created_at, id`,
        [revision],
      )
      const changed = new Map<number, ChangedRules>()
      for (const { number, id, q } of rows) {
        const found = changed.get(number) ?? { resourceNumber: number, rules: [] }
        changed.set(number, found)
        if (id !== null && q !== null) found.rules.push({ id, q })
      }
      return { revision: rows.at(-1)?.revision ?? revision, changed: [...changed.values()] }
    },
  }
}

/** Announces the change to every process once this transaction is committed. */
async function revise(client: PoolClient, resourceNumber: number): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [REVISION_LOCK])
  await client.query(
    `insert into exclusion_revision (resource_number) values ($1)
     on conflict (resource_number) do update set revision = default`,
    [resourceNumber],
  )
}
