// SQL on what was said in customers' logs: resource.announced_plan and quota_notice. To claim a notice is to write down
// that it was said; of all processes that try, one gets it.
import type { Pool } from 'pg'

export interface PlanNotice {
  resourceId: string
  plan: string
  /** Null for a resource that is new. */
  previous: string | null
}

export interface QuotaNotice {
  resourceNumber: number
  resourceId: string
  plan: string
  percent: number
}

export interface NoticeStore {
  /** Plans that customers have not been told of yet, some at a time; not while Heroku waits for a provision. */
  claimPlanNotices(limit: number): Promise<PlanNotice[]>
  /** The live ones of these resources: their plan, and how much was said to be used of it on that day. */
  findTold(
    day: string,
    resourceNumbers: readonly number[],
  ): Promise<{ resourceNumber: number; resourceId: string; plan: string; percent: number }[]>
  /** Those of the notices that are news. */
  claimQuotaNotices(day: string, notices: readonly QuotaNotice[]): Promise<QuotaNotice[]>
  forgetQuotaNotices(beforeDay: string): Promise<void>
}

export function createNoticeStore(pool: Pool): NoticeStore {
  return {
    async claimPlanNotices(limit) {
      const { rows } = await pool.query<PlanNotice>(
        `update resource set announced_plan = resource.plan
           from (select number, announced_plan from resource
                  where state = 'provisioned' and announced_plan is distinct from plan
                    and not exists (select from provisioning where resource_id = id and completed_at is null)
                  order by number limit $1 for update skip locked) as told
          where resource.number = told.number
          returning id as "resourceId", resource.plan, told.announced_plan as previous`,
        [limit],
      )
      return rows
    },

    async findTold(day, resourceNumbers) {
      const { rows } = await pool.query(
        `select number as "resourceNumber", id as "resourceId", resource.plan,
                coalesce((select max(percent)::integer from quota_notice
                           where resource_number = number and day = $1 and quota_notice.plan = resource.plan), 0)
                  as percent
           from resource where number = any($2) and state = 'provisioned'`,
        [day, resourceNumbers],
      )
      return rows
    },

    async claimQuotaNotices(day, notices) {
      // In one order everywhere: of two processes one waits for the other and then finds its rows.
      const sorted = [...notices].sort((a, b) => a.resourceNumber - b.resourceNumber || a.percent - b.percent)
      const { rows } = await pool.query<{ resourceNumber: number; percent: number }>(
        `insert into quota_notice (resource_number, day, percent, plan)
         select number, $1, percent, plan from unnest($2::integer[], $3::smallint[], $4::text[])
             as news (number, percent, plan)
         on conflict do nothing
         returning resource_number as "resourceNumber", percent::integer`,
        [
          day,
          sorted.map((notice) => notice.resourceNumber),
          sorted.map((notice) => notice.percent),
          sorted.map((notice) => notice.plan),
        ],
      )
      const claimed = new Set(rows.map((row) => `${row.resourceNumber} ${row.percent}`))
      return sorted.filter((notice) => claimed.has(`${notice.resourceNumber} ${notice.percent}`))
    },

    async forgetQuotaNotices(beforeDay) {
      await pool.query('delete from quota_notice where day < $1', [beforeDay])
    },
  }
}
