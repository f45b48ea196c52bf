// A database that already holds millions of lines. They are real ones, that went through the service, multiplied
// inside Postgres and inserted in the order of their times, so that heap and index look as if they had been drained.
import type { Pool } from 'pg'
import { partitionName } from '../../src/logs/postgres/partitions.ts'
import type { Load } from './load.ts'
import { runToStored } from './run-to-stored.ts'
import type { BenchService } from './service.ts'
import { emptyTables, storedLines } from './tables.ts'
import { PLAN } from './workplace.ts'

const SEED_LINES = 60_000
const LINES_PER_DELIVERY = 300
/** What the load generator's senders have on average between a line and its receipt. */
const AGE = "interval '50 milliseconds'"
const DAY_MS = 86_400_000

/** Keeps some lines that the service stores, as the material for all others. Empties its tables. */
export async function prepareSeed(service: BenchService, load: Load): Promise<void> {
  const { pool } = service
  await runToStored(service, load, { lines: SEED_LINES })
  await pool.query(
    `create table bench_seed as
     select row_number() over (order by received_at) - 1 as n,
            priority, form, retention_days, source, process, message, original
       from log_line order by received_at limit ${SEED_LINES}`,
  )
  await emptyTables(pool)
}

/** Adds lines to today's partition until there are `target` in it, and the frame keys of their deliveries. */
export async function fillTo(pool: Pool, target: number, resources: number): Promise<void> {
  const now = Date.now()
  const leaf = partitionName(PLAN.retentionDays, now * 1_000)
  const midnight = Math.floor(now / DAY_MS) * DAY_MS
  const missing = target - (await storedLines(pool))
  const chunks = Math.ceil(missing / SEED_LINES)
  // From midnight to now. Lines that come later through the service are newer, as they should be.
  const stepSeconds = (now - midnight) / 1_000 / Math.max(1, missing)
  for (let chunk = 0; chunk < chunks; chunk++) {
    const start = new Date(midnight + chunk * SEED_LINES * stepSeconds * 1_000)
    await pool.query(
      `insert into ${leaf} (sent_at, received_at, resource_number, drain_id, priority, form, retention_days,
                            source, process, message, original)
       select at - ${AGE}, at, 1 + customer, 1 + customer, priority, form, retention_days,
              source, process, message, original
         from bench_seed, lateral (select $1::timestamptz + make_interval(secs => n * $2::float8) as at,
                                          (($3::bigint * ${SEED_LINES} + n) / ${LINES_PER_DELIVERY} % $4)::integer as customer) as made
        limit $5`,
      [start, stepSeconds, chunk, resources, Math.min(SEED_LINES, missing - chunk * SEED_LINES)],
    )
    await pool.query(
      `insert into delivery (drain_id, frame_key, received_at, expires_at)
       select 1 + n % $2, gen_random_uuid(), $1, $1::timestamptz + interval '2 days'
         from generate_series(1, ${SEED_LINES / LINES_PER_DELIVERY}) as n`,
      [start, resources],
    )
  }
}
