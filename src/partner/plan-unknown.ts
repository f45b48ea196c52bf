// Refuses an unknown plan, for provision and plan change. Heroku shows the message of a 422 to the customer, so it names
// the available plans.
import { AppError } from '../errors.ts'
import type { Plan } from '../plans.ts'

export function planUnknown(plans: readonly Plan[], asked: string): AppError {
  return new AppError('plan_unknown', {
    plan: asked.slice(0, 100),
    plans: plans.map((plan) => plan.slug).join(', '),
  })
}
