// GET …/usage: how much of its day a resource has used, how it will end, and what to do about it.
import { z } from 'zod'
import type { Config } from '../config.ts'
import type { LogStore } from '../logs/log-store.ts'
import { utcDay } from '../logs/utc-day.ts'
import { limitsOf, type Plan } from '../plans.ts'
import { type AboutParts, someAppOf } from './about.ts'
import { appUrl } from './dashboard.ts'
import { type Operation, operation } from './operation.ts'
import { projectBytes } from './projection.ts'

const DAYS = 14
const DAY_MS = 86_400_000

const dayCounts = {
  lines: z.int(),
  bytes: z.int().describe('As received, after decompression; at least 50 a line.'),
  dropped_lines: z.int().describe('Above the daily volume: answered 204 and not kept.'),
}

const usageSchema = z
  .object({
    day: z.iso.date().describe('The UTC day. The volume starts over at midnight UTC.'),
    ...dayCounts,
    dropped_bytes: z.int(),
    daily_bytes: z.int().describe('The daily volume of the plan.'),
    projected_bytes: z.int().describe('What the day will come to, if it goes on as it did so far.'),
    share: z.number().describe('bytes / daily_bytes'),
    retention_days: z.int(),
    plan: z.string(),
    upgrade: z
      .object({ plan: z.string(), command: z.string(), url: z.url() })
      .optional()
      .describe('The next larger plan; not there for the largest.'),
    at_limit: z.string().describe('What happens when the daily volume is used up.'),
    days: z
      .array(z.object({ day: z.iso.date(), ...dayCounts }))
      .length(DAYS)
      .describe('The last fourteen days, the oldest first, with this one.'),
  })
  .meta({ id: 'Usage' })

export interface UsageOperationParts {
  logs: Pick<LogStore, 'usageSince'>
  attachedApps: AboutParts['attachedApps']
  config: Pick<Config, 'plans' | 'addon'>
  now(): Date
}

const NOTHING = { lines: 0, bytes: 0, droppedLines: 0, droppedBytes: 0 }

export function readUsage({ logs, attachedApps, config, now }: UsageOperationParts): Operation {
  return operation({
    name: 'readUsage',
    method: 'GET',
    path: '/usage',
    summary: 'What came in today, what of it was dropped, and what the plan allows',
    answer: usageSchema,
    async handle({ reader: { resource } }) {
      const time = now()
      const names = Array.from({ length: DAYS }, (_, at) =>
        utcDay((time.getTime() - (DAYS - 1 - at) * DAY_MS) * 1_000),
      )
      const found = new Map(
        (await logs.usageSince(resource.number, names[0] as string)).map((one) => [one.day, one]),
      )
      const days = names.map((day) => ({ ...NOTHING, ...found.get(day), day }))
      const [yesterday, today] = days.slice(-2) as [(typeof days)[0], (typeof days)[0]]
      const plan = resource.plan
      const { dailyBytes, retentionDays } = limitsOf(config.plans, plan)
      const larger = largerPlan(config.plans, plan, dailyBytes)
      return {
        day: today.day,
        lines: today.lines,
        bytes: today.bytes,
        dropped_lines: today.droppedLines,
        dropped_bytes: today.droppedBytes,
        daily_bytes: dailyBytes,
        projected_bytes: projectBytes(
          today.bytes + today.droppedBytes,
          yesterday.bytes + yesterday.droppedBytes,
          time,
        ),
        share: today.bytes / dailyBytes,
        retention_days: retentionDays,
        plan,
        ...(larger && {
          upgrade: {
            plan: larger.slug,
            command: `heroku addons:upgrade ${resource.name} ${config.addon.id}:${larger.slug}`,
            url: appUrl(someAppOf(await attachedApps(resource.number))),
          },
        }),
        at_limit: AT_LIMIT,
        days: days.map(({ day, lines, bytes, droppedLines }) => ({
          day,
          lines,
          bytes,
          dropped_lines: droppedLines,
        })),
      }
    },
  })
}

const AT_LIMIT =
  'Lines above the daily volume are not kept; they are counted and shown as a gap. It starts over at midnight UTC, or at once with a larger plan.'

function largerPlan(plans: readonly Plan[], slug: string, dailyBytes: number): Plan | undefined {
  return plans
    .filter((one) => one.slug !== slug && one.dailyBytes > dailyBytes)
    .sort((a, b) => a.dailyBytes - b.dailyBytes)[0]
}
