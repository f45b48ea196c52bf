// What we say in a customer's log, in the form that Heroku asks of add-ons: one line of key=value, units right behind
// the number, a sentence for people at the end. Pure.
import type { Plan } from '../plans.ts'

type Limits = Pick<Plan, 'dailyBytes' | 'retentionDays'>

export function provisionedNotice(addonId: string, plan: string, limits: Limits): string {
  return `at=info event=provisioned plan=${plan} ${limitsText(limits)} msg="This log is being kept. Read it with: heroku addons:open ${addonId}"`
}

export function planChangedNotice(previous: string, plan: string, limits: Limits): string {
  return `at=info event=plan_changed plan=${plan} previous=${previous} ${limitsText(limits)}`
}

/** @param percent of the plan's day that is used up */
export function quotaNotice(percent: number, plan: string, { dailyBytes }: Limits): string {
  const used = `event=quota used=${percent}% daily=${bytesText(dailyBytes)} plan=${plan}`
  return percent < 100
    ? `at=info ${used} msg="Most of today's volume is used up. At 100% further lines are dropped until midnight UTC."`
    : `at=warning ${used} msg="Today's volume is used up: lines are dropped until midnight UTC. A larger plan takes them at once."`
}

function limitsText({ dailyBytes, retentionDays }: Limits): string {
  return `daily=${bytesText(dailyBytes)} retention=${retentionDays}d`
}

/** 500000000 -> 500MB. */
function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(bytes) / 3)))
  return `${Math.round((bytes / 1_000 ** power) * 10) / 10}${units[power]}`
}
