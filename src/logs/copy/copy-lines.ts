// Copying what Postgres keeps into ClickHouse, resource by resource, from the oldest line to the newest. Runs while the
// service keeps new lines in both, and goes on where it was ended.
import type { Pool } from 'pg'
import type { ClickHouse } from '../clickhouse/clickhouse.ts'
import { copyRows } from '../clickhouse/copy-rows.ts'
import { Lanes } from '../clickhouse/lanes.ts'
import { createTables } from '../clickhouse/table.ts'
import { findStoredSince } from '../ledger/usage.ts'
import { placeOf } from '../postgres/line-rows.ts'
import { readRows, type StoredRow } from '../postgres/read-rows.ts'
import { utcDay } from '../utc-day.ts'
import { readCopyState, writeCopyState } from './copy-store.ts'

const PAGE_LINES = 20_000

export interface CopyLines {
  pool: Pool
  clickhouse: ClickHouse
  /** When lines were sent: from, inclusive, and to, exclusive; in microseconds since 1970. */
  since: number
  until: number
  /** Told after each page. `lines`: how many there are, about. */
  onProgress(progress: CopyProgress): void
}

export interface CopyProgress {
  /** That have been stored, by what was counted: some of them may be gone by now. */
  lines: number
  /** Of these, what is done with. */
  done: number
  copied: number
  /** Not copied: they were there. */
  there: number
  resources: number
}

export async function copyLines(copy: CopyLines): Promise<CopyProgress> {
  const { pool, clickhouse, since, until, onProgress } = copy
  await createTables(clickhouse)
  const parts = { pool, clickhouse, lanes: new Lanes(pool, () => {}) }
  const resources = await findStoredSince(pool, utcDay(since))
  const progress: CopyProgress = {
    lines: resources.reduce((sum, { lines }) => sum + lines, 0),
    done: 0,
    copied: 0,
    there: 0,
    resources: 0,
  }
  for (const { resourceNumber, lines } of resources) {
    const before = progress.done
    const known = await readCopyState(pool, resourceNumber)
    let reached =
      known !== null && known.since <= since
        ? known.reached
        : { sentAt: since, receivedAt: Number.MIN_SAFE_INTEGER }
    for (;;) {
      const rows = await readRows(pool, resourceNumber, { after: reached, until, limit: PAGE_LINES })
      if (rows.length === 0) break
      const copied = await copyRows(parts, resourceNumber, rows)
      reached = placeOf(rows.at(-1) as StoredRow)
      await writeCopyState(pool, resourceNumber, { since, reached }, copied)
      progress.done += rows.length
      progress.copied += copied
      progress.there += rows.length - copied
      onProgress(progress)
    }
    progress.resources++
    // What had been copied before, or is gone.
    progress.done = before + lines
    onProgress(progress)
  }
  return progress
}
