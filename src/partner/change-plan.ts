// PUT /heroku/resources/:uuid: the customer moved to another plan. Volume and retention apply from the next delivery on;
// lines already stored follow within minutes (housekeeping).
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { findPlan, type Plan } from '../plans.ts'
import type { ResourceStore } from '../resources/resource-store.ts'
import { readJsonBody } from './json-body.ts'
import { planUnknown } from './plan-unknown.ts'

/** The path names the resource. A uuid in the body is ignored: kensa sends a random one. */
const changePlanSchema = z.object({ plan: z.string() })

export interface ChangePlanParts {
  plans: readonly Plan[]
  resources: ResourceStore
}

export function changePlan({ plans, resources }: ChangePlanParts) {
  return async (request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply) => {
    const resource = await resources.findResource(request.params.id)
    if (resource === null) throw new AppError('resource_unknown')
    if (resource.state === 'deprovisioned') throw new AppError('resource_gone')

    const { plan: asked } = readJsonBody(changePlanSchema, request.body)
    const plan = findPlan(plans, asked)
    if (plan === undefined) throw planUnknown(plans, asked)

    const { previousPlan } = await resources.changePlan(resource.id, plan.slug)
    request.log.info(
      { resource: resource.id, plan: plan.slug, previousPlan },
      previousPlan === plan.slug ? 'asked to change to the plan it has' : 'plan changed',
    )
    // No `config`: it has not changed, and a changed one would restart the customer's app.
    return reply.send({ message: `Now on ${plan.slug}: lines are kept ${plan.retentionDays} days.` })
  }
}
