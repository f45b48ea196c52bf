// Seals stored secrets again under the first of SECRET_KEYS, so that an older key can be dropped one day.
import type { Pool } from 'pg'
import type { SecretBox, SecretPurpose } from './secret-box.ts'

/** Our own names, never input: they become part of a statement. */
export interface SealedColumn {
  table: string
  /** The column that finds the row again. */
  key: string
  /** An expression for the uuid of the secret's resource, if that is not the key. */
  resourceId?: string
  column: string
  purpose: SecretPurpose
}

/** Reseals at most `limit` values of each column. @returns how many */
export async function resealOld(
  pool: Pool,
  box: SecretBox,
  columns: readonly SealedColumn[],
  limit: number,
): Promise<number> {
  let resealed = 0
  for (const column of columns) resealed += await resealColumn(pool, box, column, limit)
  return resealed
}

async function resealColumn(
  pool: Pool,
  box: SecretBox,
  { table, key, resourceId = key, column, purpose }: SealedColumn,
  limit: number,
): Promise<number> {
  let resealed = 0
  const { rows } = await pool.query<{ key: string; resource_id: string; sealed: Buffer }>(
    `select ${key} as key, ${resourceId} as resource_id, ${column} as sealed from ${table}
      where substring(${column} from 1 for $1) <> $2 limit $3`,
    [box.currentPrefix.length, box.currentPrefix, limit],
  )
  for (const { key: found, resource_id, sealed } of rows) {
    const place = { resourceId: resource_id, purpose }
    // Not if it was replaced meanwhile.
    const { rowCount } = await pool.query(
      `update ${table} set ${column} = $2 where ${key} = $1 and ${column} = $3`,
      [found, box.seal(box.open(sealed, place), place), sealed],
    )
    resealed += rowCount ?? 0
  }
  return resealed
}
