// What the log store must do by the clock: room for the coming days, dropping what is past its retention, following
// plan changes, deleting what was deprovisioned. Every step may be repeated and may run in any number of processes
// at once; what must not is serialised in the database.
import type { LogStore } from '../logs/log-store.ts'

const DAY_MS = 86_400_000
/** Lines of a deprovisioned resource are kept this long, so that an accident can be undone; then they are deleted. */
export const GRACE_MS = 7 * DAY_MS
/** Longer than any process goes on admitting lines under the plan of before (src/drain/admission.ts). */
const PLAN_CHANGE_SETTLES_MS = 60_000

export interface HousekeepingParts {
  logs: Pick<LogStore, 'maintain' | 'changeRetention' | 'purge'>
  resources: {
    findPlanChanges(before: Date): Promise<{ number: number; plan: string; changedAt: string }[]>
    settlePlanChange(number: number, changedAt: string): Promise<void>
    findPurgeable(before: Date): Promise<number[]>
    markPurged(number: number): Promise<void>
  }
  retentionClasses: readonly number[]
  retentionDaysOf(plan: string): number
}

export async function keepHouse(parts: HousekeepingParts, now: Date): Promise<void> {
  const { logs, resources } = parts
  await logs.maintain(parts.retentionClasses, now)
  for (const change of await resources.findPlanChanges(new Date(now.getTime() - PLAN_CHANGE_SETTLES_MS))) {
    await logs.changeRetention(change.number, parts.retentionDaysOf(change.plan), now)
    await resources.settlePlanChange(change.number, change.changedAt)
  }
  for (const number of await resources.findPurgeable(new Date(now.getTime() - GRACE_MS))) {
    await logs.purge(number)
    await resources.markPurged(number)
  }
}
