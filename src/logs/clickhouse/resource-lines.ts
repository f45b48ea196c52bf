// What happens to all lines of a resource at once: they change their retention class, or they go.
//
// A row cannot change its partition. So rows are copied into the new class as a batch of ours, and the same commit that
// makes the copies seen writes down in `line_moved` which rows they are copies of: nobody sees those any more. They are
// deleted then, and the note behind them. After a crash anywhere in between, the note tells what is left to do.
import type { Pool } from 'pg'
import { withTransaction } from '../../database/pool.ts'
import type { LineBatch } from '../line-table.ts'
import { isPastRetention } from '../retention.ts'
import { settled } from '../settled.ts'
import { DAY_MICROS, utcDay } from '../utc-day.ts'
import type { ClickHouse } from './clickhouse.ts'
import { deleteLines, inLane, type Lanes } from './lanes.ts'
import { type Committed, type Moved, movedCondition, readSeen } from './seen.ts'
import { COLUMNS, TABLE } from './table.ts'

/** Any number, the same in every process: the first half of the lock on a resource that moves. */
const MOVE_LOCK = 7_201_023
/** Copied in one go, in a transaction that stays open meanwhile: a second or two. */
const MAX_MOVED_LINES = 100_000

export interface ResourceLinesParts {
  pool: Pool
  clickhouse: ClickHouse
  lanes: Lanes
}

interface PartitionLines {
  retention_days: number
  day: number
  lines: number
}

export async function changeRetention(
  parts: ResourceLinesParts,
  resourceNumber: number,
  retentionDays: number,
  now: Date,
  signal?: AbortSignal,
): Promise<boolean> {
  const { pool, clickhouse } = parts
  await deleteMoved(pool, clickhouse, resourceNumber)
  const others = await clickhouse.rows<PartitionLines>(
    `select retention_days, intDiv(received_at, ${DAY_MICROS}) as day, count() as lines
       from ${TABLE} where resource_number = {resource:UInt32} and retention_days != {days:UInt16}
      group by retention_days, day order by day`,
    { resource: resourceNumber, days: retentionDays },
  )
  for (const other of others) {
    const from = other.day * DAY_MICROS
    if (isPastRetention(utcDay(from), retentionDays, now)) {
      await deleteLines(
        clickhouse,
        `resource_number = ${Number(resourceNumber)} and retention_days = ${other.retention_days}
         and received_at >= ${from} and received_at < ${from + DAY_MICROS}`,
      )
      continue
    }
    const slices = Math.ceil(other.lines / MAX_MOVED_LINES)
    const length = Math.ceil(DAY_MICROS / slices)
    for (let at = from; at < from + DAY_MICROS; at += length) {
      if (signal?.aborted) return false
      const to = Math.min(at + length, from + DAY_MICROS)
      await move(parts, resourceNumber, { retentionDays: other.retention_days, from: at, to }, retentionDays)
    }
  }
  await deleteMoved(pool, clickhouse, resourceNumber)
  return true
}

/** Deletes all lines of a resource. */
export async function purge(
  { pool, clickhouse }: ResourceLinesParts,
  resourceNumber: number,
): Promise<boolean> {
  await deleteLines(clickhouse, `resource_number = ${Number(resourceNumber)}`)
  await pool.query('delete from line_moved where resource_number = $1', [resourceNumber])
  return true
}

async function move(
  { pool, clickhouse, lanes }: ResourceLinesParts,
  resourceNumber: number,
  source: Omit<Moved, 'committed'>,
  retentionDays: number,
): Promise<void> {
  const kept = COLUMNS.filter((column) => !['retention_days', 'writer', 'batch'].includes(column)).join(', ')
  await settled((keep) =>
    withTransaction(pool, async (client) => {
      // Whoever moves it, too, sees after this what has been moved.
      await client.query('select pg_advisory_xact_lock($1, $2)', [MOVE_LOCK, resourceNumber])
      const { committed, condition } = await readSeen(client, resourceNumber)
      const copy = ({ writer, batch }: LineBatch) =>
        clickhouse.command(
          `insert into ${TABLE} (${kept}, retention_days, writer, batch)
           select ${kept}, ${Number(retentionDays)}, ${writer}, ${batch} from ${TABLE}
            where resource_number = ${Number(resourceNumber)}
              and ${movedCondition({ ...source, committed })} and ${condition}`,
        )
      keep(await inLane(lanes, client, copy))
      await client.query(
        `insert into line_moved (resource_number, retention_days, received_from, received_to, committed)
         values ($1, $2, $3, $4, $5)`,
        [resourceNumber, source.retentionDays, source.from, source.to, JSON.stringify(committed)],
      )
    }),
  )
}

/** Deletes what is elsewhere by now; of one resource, or of all. */
export async function deleteMoved(
  pool: Pool,
  clickhouse: ClickHouse,
  resourceNumber: number | null = null,
): Promise<void> {
  const { rows } = await pool.query<{
    id: number
    resource_number: number
    retention_days: number
    received_from: string
    received_to: string
    committed: Committed
  }>('select * from line_moved where $1::integer is null or resource_number = $1 order by id', [
    resourceNumber,
  ])
  for (const row of rows) {
    const moved: Moved = {
      retentionDays: row.retention_days,
      from: Number(row.received_from),
      to: Number(row.received_to),
      committed: row.committed,
    }
    await deleteLines(
      clickhouse,
      `resource_number = ${Number(row.resource_number)} and ${movedCondition(moved)}`,
    )
    await pool.query('delete from line_moved where id = $1', [row.id])
  }
}
