// Rows that people of a resource keep by name, so many at most: saved searches, alerts, rules. Knows none of the tables.
import type { Pool, PoolClient } from 'pg'
import { withTransaction } from '../database/pool.ts'
import { AppError } from '../errors.ts'

const UNIQUE_VIOLATION = '23505'

export interface NamedRow {
  /** Name of a table with the columns resource_number and name; never input. */
  table: string
  /** What people call its rows: "saved searches". */
  things: string
  resourceNumber: number
  name: string
}

/**
 * Runs `insert` in a transaction that holds the resource's row: of calls that come together, none gets past the limit,
 * and nothing is kept of a resource that ends meanwhile.
 *
 * @throws AppError name_taken, too_many, resource_gone
 */
export function insertNamed<T>(
  pool: Pool,
  row: NamedRow,
  limit: number,
  insert: (client: PoolClient) => Promise<T>,
): Promise<T> {
  return withTransaction(pool, async (client) => {
    const live = await client.query(
      `select from resource where number = $1 and state = 'provisioned' for no key update`,
      [row.resourceNumber],
    )
    if (live.rowCount === 0) throw new AppError('resource_gone')
    const { rows } = await client.query<{ kept: number }>(
      `select count(*)::integer as kept from ${row.table} where resource_number = $1`,
      [row.resourceNumber],
    )
    if ((rows[0]?.kept ?? 0) >= limit) throw new AppError('too_many', { limit, things: row.things })
    return nameTaken(row.name, () => insert(client))
  })
}

/** @throws AppError name_taken where the work would make two rows of one name */
export async function nameTaken<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error
    throw new AppError('name_taken', { name }, { cause: error })
  }
}
