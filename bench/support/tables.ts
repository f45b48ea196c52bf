// The tables of the service, looked at and emptied from outside of it.
import type { Pool } from 'pg'

/** What an acknowledged delivery leaves behind. */
const TABLES = ['log_line', 'delivery', 'usage', 'gap']

export async function emptyTables(pool: Pool): Promise<void> {
  await pool.query(`truncate ${TABLES.join(', ')}`)
}

/** So that no measurement pays for the dirty pages of the one before it. */
export async function checkpoint(pool: Pool): Promise<void> {
  await pool.query('checkpoint')
}

export async function storedLines(pool: Pool): Promise<number> {
  return count(pool, 'select count(*) from log_line')
}

/** Lines as the service counts them, in the transaction that stores them. Quick, however many there are. */
export async function countedLines(pool: Pool): Promise<number> {
  return count(pool, 'select coalesce(sum(lines), 0) as count from usage')
}

export async function storedDeliveries(pool: Pool): Promise<number> {
  return count(pool, 'select count(*) from delivery')
}

async function count(pool: Pool, query: string): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(query)
  return Number(rows[0]?.count)
}

export interface DiskUse {
  lineHeap: number
  lineIndexes: number
  /** Frame keys, usage and gaps, their indexes included. */
  rest: number
  /** Free space maps, visibility maps, what is stored out of line: of all tables. */
  maps: number
  total: number
}

export async function diskUse(pool: Pool): Promise<DiskUse> {
  const { rows } = await pool.query<Record<keyof DiskUse, string>>(
    `with tables as (
       select relid, root, pg_relation_size(relid) as heap, pg_indexes_size(relid) as indexes,
              pg_total_relation_size(relid) as total
         from unnest($1::text[]) as root, pg_partition_tree(root::regclass)
        union all
       select root::regclass, root, pg_relation_size(root::regclass), pg_indexes_size(root::regclass),
              pg_total_relation_size(root::regclass)
         from unnest($2::text[]) as root)
     select sum(heap) filter (where root = 'log_line') as "lineHeap",
            sum(indexes) filter (where root = 'log_line') as "lineIndexes",
            sum(heap + indexes) filter (where root <> 'log_line') as rest,
            sum(total - heap - indexes) as maps,
            sum(total) as total
       from tables`,
    [['log_line'], TABLES.filter((name) => name !== 'log_line')],
  )
  const row = rows[0] as Record<keyof DiskUse, string>
  return {
    lineHeap: Number(row.lineHeap),
    lineIndexes: Number(row.lineIndexes),
    rest: Number(row.rest),
    maps: Number(row.maps),
    total: Number(row.total),
  }
}
