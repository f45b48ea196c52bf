// What is said in the customer's own log, and when: a resource is new, its plan changed, 80 and 100 per cent of its day
// are used up. Sparingly: Logplex keeps 1,500 lines of an app for `heroku logs`, and each of ours takes one from it.
//
// Our lines come back to us through the drain, and are stored and counted as any other. They cannot cause more of
// themselves: each notice is a row before it is a line, and there are four of these for a resource, plan and day. They
// count towards the quota because whatever told them apart could be printed by an app that wants its own lines for
// free; and they are a few hundred bytes.
//
// Said at most once: a process that dies between the row and the line says nothing, and neither does any other.
import type { LogStore } from '../logs/log-store.ts'
import { utcDay } from '../logs/utc-day.ts'
import type { Plan } from '../plans.ts'
import type { NoticeStore, QuotaNotice } from './notice-store.ts'
import { planChangedNotice, provisionedNotice, quotaNotice } from './notice-text.ts'

export interface NoticesParts {
  store: NoticeStore
  logs: Pick<LogStore, 'heavyUsers'>
  write(resourceId: string, message: string): void
  addonId: string
  plans: readonly Plan[]
  limitsOf(plan: string): Pick<Plan, 'dailyBytes' | 'retentionDays'>
  now(): number
}

const AT_ONCE = 100
/** Not yesterday's at once: another process' clock may still be there. */
const FORGET_AFTER_MS = 2 * 86_400_000
const PERCENTS = [80, 100] as const

/** Tells who was not told yet of their resource or its plan. */
export async function announcePlans({ store, write, addonId, limitsOf }: NoticesParts): Promise<void> {
  for (const { resourceId, plan, previous } of await store.claimPlanNotices(AT_ONCE)) {
    const limits = limitsOf(plan)
    write(
      resourceId,
      previous === null
        ? provisionedNotice(addonId, plan, limits)
        : planChangedNotice(previous, plan, limits),
    )
  }
}

/** Tells whose day is nearly or wholly used up. */
export async function warnOfQuotas(parts: NoticesParts): Promise<void> {
  const { store, logs, write, plans, limitsOf, now } = parts
  const day = utcDay(now() * 1_000)
  const leastBytes = Math.min(...plans.map(({ dailyBytes }) => dailyBytes)) * (PERCENTS[0] / 100)
  const heavy = await logs.heavyUsers(day, leastBytes)
  if (heavy.length === 0) return
  const bytesOf = new Map(heavy.map(({ resourceNumber, bytes }) => [resourceNumber, bytes]))
  const reached: QuotaNotice[] = []
  for (const { resourceNumber, resourceId, plan, percent: told } of await store.findTold(day, [
    ...bytesOf.keys(),
  ])) {
    const used = ((bytesOf.get(resourceNumber) ?? 0) / limitsOf(plan).dailyBytes) * 100
    for (const percent of PERCENTS) {
      if (used >= percent && told < percent) reached.push({ resourceNumber, resourceId, plan, percent })
    }
  }
  // Who has gone past both since the last look hears of the higher one.
  const highest = new Map(
    (await store.claimQuotaNotices(day, reached)).map((notice) => [notice.resourceId, notice]),
  )
  for (const { resourceId, plan, percent } of highest.values()) {
    write(resourceId, quotaNotice(percent, plan, limitsOf(plan)))
  }
  await store.forgetQuotaNotices(utcDay((now() - FORGET_AFTER_MS) * 1_000))
}
