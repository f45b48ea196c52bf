// The jobs that keep house: tables for the coming days, what is past its retention, plan changes, ended resources. Each
// is a job of its own, and each resource a piece of it: one that fails or takes long keeps no other from its turn. What
// is half done is safe to be cut off, and goes on in a later round.
import { startDeadline } from '../deadline.ts'
import { eachAlone, type Job } from '../job.ts'
import type { LogStore } from '../logs/log-store.ts'

const DAY_MS = 86_400_000
/** Lines of a deprovisioned resource are kept this long, so that an accident can be undone; then they are deleted. */
export const ENDED_GRACE_MS = 7 * DAY_MS
/** Longer than any process goes on admitting lines under the plan of before (drain/admission.ts). */
const PLAN_CHANGE_SETTLES_MS = 60_000
/** Of one resource, before the next one has its turn. */
const TURN_MS = 5_000

/** Days are made ahead, so a missed round or two costs nothing. */
const TABLES_EVERY_MS = 300_000
const EXPIRED_EVERY_MS = 300_000
const PLAN_CHANGES_EVERY_MS = 30_000
const ENDED_EVERY_MS = 60_000

export interface HousekeepingParts {
  logs: Pick<LogStore, 'makeTables' | 'changeRetention' | 'purge' | 'housekeeping'>
  resources: {
    findPlanChanges(before: Date): Promise<{ number: number; plan: string; changedAt: string }[]>
    settlePlanChange(number: number, changedAt: string): Promise<void>
    findPurgeable(before: Date): Promise<number[]>
    markPurged(number: number): Promise<void>
  }
  sessions: { deleteExpired(now: Date, signal: AbortSignal): Promise<void> }
  retentionClasses: readonly number[]
  retentionDaysOf(plan: string): number
  /** Never later than it is. */
  now(): Promise<Date>
}

export function housekeepingJobs(parts: HousekeepingParts): Job[] {
  const { logs, sessions, retentionClasses, now } = parts
  const expired = [...logs.housekeeping, { name: 'delete-expired-sessions', run: sessions.deleteExpired }]
  return [
    {
      name: 'make-tables',
      intervalMs: TABLES_EVERY_MS,
      leased: true,
      work: async () => logs.makeTables(retentionClasses, await now()),
    },
    ...expired.map(
      ({ name, run }): Job => ({
        name,
        intervalMs: EXPIRED_EVERY_MS,
        leased: true,
        work: async (signal) => run(await now(), signal),
      }),
    ),
    {
      name: 'follow-plan-changes',
      intervalMs: PLAN_CHANGES_EVERY_MS,
      leased: true,
      work: async (signal) => followPlanChanges(parts, await now(), signal),
    },
    {
      name: 'delete-ended-resources',
      intervalMs: ENDED_EVERY_MS,
      leased: true,
      work: async (signal) => deleteEndedResources(parts, await now(), signal),
    },
  ]
}

/** Moves lines to the retention of their resource's new plan. */
export async function followPlanChanges(
  { logs, resources, retentionDaysOf }: HousekeepingParts,
  now: Date,
  signal: AbortSignal,
): Promise<void> {
  const changes = await resources.findPlanChanges(new Date(now.getTime() - PLAN_CHANGE_SETTLES_MS))
  await inTurns(changes, signal, async ({ number, plan, changedAt }, turn) => {
    const isMoved = await logs.changeRetention(number, retentionDaysOf(plan), now, turn)
    if (isMoved) await resources.settlePlanChange(number, changedAt)
    return isMoved
  })
}

/** Deletes all of the resources that were deprovisioned long enough ago. */
export async function deleteEndedResources(
  { logs, resources }: HousekeepingParts,
  now: Date,
  signal: AbortSignal,
): Promise<void> {
  const ended = await resources.findPurgeable(new Date(now.getTime() - ENDED_GRACE_MS))
  await inTurns(ended, signal, async (number, turn) => {
    const isGone = await logs.purge(number, turn)
    if (isGone) await resources.markPurged(number)
    return isGone
  })
}

/**
 * Gives each item a turn, and again those that are not done, until all are or the signal aborts.
 *
 * @param work is to stop soon after its signal aborts; returns whether the item is done
 * @throws at the end, what items failed with; those have no further turn
 */
async function inTurns<T>(
  items: readonly T[],
  signal: AbortSignal,
  work: (item: T, turn: AbortSignal) => Promise<boolean>,
): Promise<void> {
  const waiting = [...items]
  // Items join the end of the list while it is walked.
  await eachAlone(waiting, async (item) => {
    if (signal.aborted) return
    const turn = startDeadline(TURN_MS, signal)
    try {
      if (!(await work(item, turn.signal))) waiting.push(item)
    } finally {
      turn.end()
    }
  })
}
