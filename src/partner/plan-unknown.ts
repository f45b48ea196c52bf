// The refusal of a plan that is not sold, for provision and plan change alike. Heroku shows the message of a 422 to
// the customer, so it names the plans there are.
import { AppError } from '../errors.ts'
import type { Plan } from '../plans.ts'

export function planUnknown(plans: readonly Plan[], asked: string): AppError {
  return new AppError('plan_unknown', {
    plan: asked.slice(0, 100),
    plans: plans.map((plan) => plan.slug).join(', '),
  })
}
