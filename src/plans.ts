// The plans of the add-on: what a customer may buy. Plain data in one place; a partner replaces it by naming a
// JSON file in PLANS_FILE and touches no code. The slugs must be the ones in the Partner Portal.
import { z } from 'zod'

export interface Plan {
  /** The plan's slug as Heroku sends it: "test", not "culvert:test". */
  slug: string
  /** Lines above this volume in a UTC day are dropped and counted. Bytes as logs/delivery-cost.ts counts them. */
  dailyBytes: number
  /** Lines are kept this many days after they were received. */
  retentionDays: number
}

const MEGABYTE = 1_000_000
const GIGABYTE = 1_000 * MEGABYTE

export const DEFAULT_PLANS: readonly Plan[] = [
  { slug: 'test', dailyBytes: 500 * MEGABYTE, retentionDays: 7 },
  { slug: 'standard', dailyBytes: 5 * GIGABYTE, retentionDays: 14 },
  { slug: 'premium', dailyBytes: 50 * GIGABYTE, retentionDays: 30 },
]

/** The shape of PLANS_FILE: an array like DEFAULT_PLANS. */
export const plansSchema = z
  .array(
    z.object({
      slug: z.string().min(1),
      dailyBytes: z.number().int().positive(),
      retentionDays: z.number().int().min(1).max(3_650),
    }),
  )
  .min(1)
  .refine((plans) => new Set(plans.map((plan) => plan.slug)).size === plans.length, 'two plans share a slug')

export function findPlan(plans: readonly Plan[], slug: string): Plan | undefined {
  return plans.find((plan) => plan.slug === slug)
}

/**
 * The limits of a resource's plan. A plan may be gone from the list while customers still have it: they get the most
 * generous of the others, because lines lost to a clerical change cannot be brought back.
 */
export function limitsOf(plans: readonly Plan[], slug: string): Pick<Plan, 'dailyBytes' | 'retentionDays'> {
  return (
    findPlan(plans, slug) ?? {
      dailyBytes: Math.max(...plans.map((plan) => plan.dailyBytes)),
      retentionDays: Math.max(...plans.map((plan) => plan.retentionDays)),
    }
  )
}

/** The retention classes that the log store keeps partitions for, shortest first. */
export function retentionClasses(plans: readonly Plan[]): number[] {
  return [...new Set(plans.map((plan) => plan.retentionDays))].sort((a, b) => a - b)
}
