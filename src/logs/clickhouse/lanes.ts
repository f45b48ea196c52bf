// Exactly once, across two databases.
//
// Postgres decides: keys, counts and lines of a group are one transaction there, and the lines are written to ClickHouse
// in the midst of it. A writer, a row of `line_writer`, numbers its batches, and each line carries writer and number.
// The row tells the last batch that is committed, and moves on in the transaction that commits the next one. So one
// commit makes keys and counts valid and lines seen, and a line of ClickHouse is seen by whoever reads
//   where its number is not above its writer's row, or
//   where its writer has no row any more and is not the youngest (seen.ts).
//
// The steps of a batch, and what is left by a crash behind each of them:
//   1  a writer's row, committed before anything of it is written        a row that never moves; it ends by itself
//   2  begin; keys claimed; the row moved on, which nobody sees yet      Postgres rolls back
//   3  the lines inserted into ClickHouse, durable when that answers     Postgres rolls back. Lines that nobody sees, of a
//                                                                        number that never commits; a retry finds its key
//                                                                        free and is a batch of another writer
//   4  counts, news; commit                                              all of it is there
//   5  the writer is free for the next batch                             a row that moves no more
// An insert that failed may have stored some of its lines all the same, or may yet; a commit that broke off may have
// happened. So a writer that saw either END: its number is never used again. What it left, one batch at the most, stays
// unseen for as long as its row is there, and is deleted before the row is.
//
// Writers are numbered in the order in which they are committed, so that whoever knows a writer knows all before it.
import type { Pool, PoolClient } from 'pg'
import { withTransaction } from '../../database/pool.ts'
import type { LineBatch, Written } from '../line-table.ts'
import type { ClickHouse } from './clickhouse.ts'
import { localTable, TABLE } from './table.ts'

/** Any number, the same in every process. */
const NUMBERING_LOCK = 7_201_022
/** One that has been silent for so long is taken for dead; should it not be, it finds out, and becomes another. */
const SILENT_MINUTES = 10
/** An insert that nobody waits for any more has ended by then: it is given a fraction of this. */
const SETTLED_MINUTES = 60

/** One lane writes one batch at a time. */
export interface Lane {
  readonly writer: number
}

export class Lanes {
  readonly #pool: Pool
  readonly #free: Lane[] = []
  readonly #onFailure: (error: unknown) => void

  /** @param pool not the one that the transactions run on: those wait for lanes */
  constructor(pool: Pool, onFailure: (error: unknown) => void) {
    this.#pool = pool
    this.#onFailure = onFailure
  }

  /** Step 1. */
  async take(): Promise<Lane> {
    return this.#free.pop() ?? (await this.#number())
  }

  /** Step 2. Null where others took this process for dead: then the lane has ended. */
  async begin(client: PoolClient, { writer }: Lane): Promise<LineBatch | null> {
    const { rows } = await client.query<{ batch: string }>(
      `update line_writer set batch = batch + 1, seen_at = now() where id = $1 and ended_at is null returning batch`,
      [writer],
    )
    return rows[0] === undefined ? null : { writer, batch: Number(rows[0].batch) }
  }

  /** Step 5, after a commit. */
  giveBack(lane: Lane): void {
    this.#free.push(lane)
  }

  /** The lane is not used again. Whether it can be written down now or not: it falls silent. */
  end({ writer }: Lane): void {
    this.#pool
      .query('update line_writer set ended_at = now() where id = $1 and ended_at is null', [writer])
      .catch(this.#onFailure)
  }

  async #number(): Promise<Lane> {
    return withTransaction(this.#pool, async (client) => {
      await client.query('select pg_advisory_xact_lock($1)', [NUMBERING_LOCK])
      const { rows } = await client.query<{ id: number }>(
        'insert into line_writer default values returning id',
      )
      return { writer: rows[0]?.id as number }
    })
  }
}

/**
 * Steps 2 and 3: `write` makes the lines of a batch durable.
 *
 * @throws what `write` throws; then the transaction must not commit
 */
export async function inLane(
  lanes: Lanes,
  client: PoolClient,
  write: (batch: LineBatch) => Promise<void>,
): Promise<Written> {
  for (;;) {
    const lane = await lanes.take()
    try {
      const batch = await lanes.begin(client, lane)
      if (batch === null) continue
      await write(batch)
      return {
        batch,
        statements: [],
        settle: (hasCommitted) => (hasCommitted ? lanes.giveBack(lane) : lanes.end(lane)),
      }
    } catch (error) {
      lanes.end(lane)
      throw error
    }
  }
}

/** Ends writers that are silent, deletes what ended ones left, and then their rows. */
export async function forgetLanes(pool: Pool, clickhouse: ClickHouse): Promise<void> {
  // One that is writing holds its row.
  await pool.query(
    `update line_writer set ended_at = now()
      where id = any(array(select id from line_writer
        where ended_at is null and seen_at < now() - make_interval(mins => $1) for update skip locked))`,
    [SILENT_MINUTES],
  )
  const { rows } = await pool.query<{ id: number; batch: string }>(
    `select id, batch from line_writer
      where ended_at < now() - make_interval(mins => $1) and id < (select max(id) from line_writer)`,
    [SETTLED_MINUTES],
  )
  if (rows.length === 0) return
  const left = `(writer, batch) in (${rows.map(({ id, batch }) => `(${id}, ${Number(batch) + 1})`).join(', ')})`
  await deleteLines(clickhouse, left)
  await pool.query('delete from line_writer where id = any($1)', [rows.map(({ id }) => id)])
}

/** Resolves when nobody reads them any more. */
export async function deleteLines(clickhouse: ClickHouse, condition: string): Promise<void> {
  const table = localTable(clickhouse)
  const found = await clickhouse.rows(`select 1 as found from ${TABLE} where ${condition} limit 1`)
  // Most of the time there is nothing to do, and a delete is work for every part of the table.
  if (found.length === 0) return
  await clickhouse.command(
    `delete from ${table} ${clickhouse.onCluster} where ${condition} settings lightweight_deletes_sync = 2`,
  )
}
