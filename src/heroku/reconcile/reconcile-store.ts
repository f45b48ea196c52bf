// SQL of the nightly comparison: our resources, the lease on the run, and its result.
import type { Pool } from 'pg'
import type { OwnResource, ReconcileFinding } from './compare.ts'

export interface LastReport {
  /** Milliseconds since 1970. */
  finishedAt: number
  findings: ReconcileFinding[]
  counts: Record<string, number>
}

export interface ReconcileStore {
  /** Every resource ever provisioned, tombstones included. */
  ownResources(): Promise<OwnResource[]>
  /** True if a run is due and not leased; the caller then holds it until `now + leaseMs`. */
  claimRun(now: number, leaseMs: number): Promise<boolean>
  /** After a failed run: any process may run it from then on. */
  postponeRun(dueAt: number): Promise<void>
  finishRun(report: LastReport, nextDueAt: number): Promise<void>
  lastCounts(): Promise<Record<string, number>>
  /** Null before the first one. */
  lastReport(): Promise<LastReport | null>
}

/** Stored of a report; the counts cover all. */
const MAX_FINDINGS = 1_000

export function createReconcileStore(pool: Pool): ReconcileStore {
  return {
    async ownResources() {
      const { rows } = await pool.query<OwnResource>(
        `select id, state <> 'deprovisioned' as "isLive", plan,
                floor(extract(epoch from created_at) * 1000)::float8 as "createdAt",
                coalesce((select json_agg(json_build_object(
                            'app', app_name, 'url', url,
                            'listedAt', floor(extract(epoch from last_listed_at) * 1000)) order by drain.id)
                   from drain where resource_number = number and detached_at is null), '[]') as drains
           from resource`,
      )
      return rows
    },

    async claimRun(now, leaseMs) {
      const { rowCount } = await pool.query(
        `update reconciliation set leased_until = $2
          where due_at <= $1 and (leased_until is null or leased_until <= $1)`,
        [new Date(now), new Date(now + leaseMs)],
      )
      return rowCount === 1
    },

    async postponeRun(dueAt) {
      await pool.query('update reconciliation set due_at = $1, leased_until = null', [new Date(dueAt)])
    },

    async finishRun({ finishedAt, findings, counts }, nextDueAt) {
      await pool.query(
        `update reconciliation
            set due_at = $1, leased_until = null, finished_at = $2, findings = $3, counts = $4`,
        [
          new Date(nextDueAt),
          new Date(finishedAt),
          JSON.stringify(findings.slice(0, MAX_FINDINGS)),
          JSON.stringify(counts),
        ],
      )
    },

    async lastCounts() {
      const { rows } = await pool.query<{ counts: Record<string, number> }>(
        'select counts from reconciliation',
      )
      return rows[0]?.counts ?? {}
    },

    async lastReport() {
      const { rows } = await pool.query<{
        finished_at: Date | null
        findings: ReconcileFinding[]
        counts: Record<string, number>
      }>('select finished_at, findings, counts from reconciliation')
      const [row] = rows
      if (!row?.finished_at) return null
      return { finishedAt: row.finished_at.getTime(), findings: row.findings, counts: row.counts }
    },
  }
}
