// POST /heroku/resources: a customer installed the add-on. Heroku calls at least once, for up to a day, perhaps in parallel.
// Each call gets the same answer, except that an asynchronous provision is answered 202 until it is complete.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Config } from '../config.ts'
import { isDrainToken } from '../logplex/drain-token.ts'
import { findPlan } from '../plans.ts'
import type { Lifecycle } from '../resources/lifecycle.ts'
import { RESOURCE_ID } from '../resources/resource.ts'
import type { ResourceStore } from '../resources/resource-store.ts'
import { readJsonBody } from './json-body.ts'
import { planUnknown } from './plan-unknown.ts'

/** Postgres stores neither NUL nor half a surrogate pair; encoding as UTF-8 turns the latter into U+FFFD. */
const text = z.string().transform((value) => Buffer.from(value.replaceAll('\0', '')).toString())

/**
 * Only the fields that are used, and only the indispensable ones are required: kensa sends neither `name` nor
 * `oauth_grant` nor `log_input_url`, and Heroku may send a null grant.
 */
const provisionSchema = z.object({
  uuid: z.string().regex(RESOURCE_ID, 'must be a UUID').toLowerCase(),
  plan: z.string(),
  name: text.nullish(),
  region: text.nullish(),
  // What the customer typed after `heroku addons:create`; stored as text.
  options: z
    .record(text, z.union([text, z.unknown().transform((value) => JSON.stringify(value) ?? '')]))
    .nullish(),
  // `d.<uuid>` from Heroku, 64 hex digits from kensa.
  log_drain_token: z
    .string()
    .refine((token) => token === '' || isDrainToken(token), 'must be a token that a delivery can carry')
    .nullish(),
  oauth_grant: z.object({ code: z.string() }).nullish().catch(null),
  log_input_url: z.string().nullish().catch(null),
})

export interface ProvisionParts {
  config: Pick<Config, 'addon' | 'publicUrl' | 'drainUrl' | 'plans'>
  resources: Pick<ResourceStore, 'findResource'>
  lifecycle: Pick<Lifecycle, 'provision'>
}

export function provision({ config, resources, lifecycle }: ProvisionParts) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const asked = readJsonBody(provisionSchema, request.body)
    const id = asked.uuid

    // A resource keeps its first plan, so a repeated call may name one that is no longer sold.
    const known = await resources.findResource(id)
    if (known === null && !findPlan(config.plans, asked.plan)) throw planUnknown(config.plans, asked.plan)

    const { plan, isPending } = await lifecycle.provision({
      id,
      name: asked.name || `${config.addon.id}-${id.slice(0, 8)}`,
      plan: asked.plan,
      region: asked.region || null,
      options: asked.options ?? {},
      drainToken: asked.log_drain_token || null,
      grant: asked.oauth_grant?.code || null,
      logInputUrl: asked.log_input_url || null,
    })
    if (plan !== asked.plan) {
      request.log.warn(
        { resource: id, plan, asked: asked.plan },
        'provisioned again with another plan: kept the first',
      )
    } else {
      request.log.info({ resource: id, plan, repeated: known !== null, isPending }, 'provisioned')
    }

    // Logplex may deliver the moment Heroku reads this; the drain token is committed by now.
    return reply.code(isPending ? 202 : 200).send({
      id,
      // A 202 has none: the Platform API sets the config vars, then completes the provision.
      ...(!isPending && { config: configOf(config, id) }),
      message: `Culvert is collecting your app's logs. Read them with: heroku addons:open ${config.addon.id}`,
      // One address for each resource: Logplex refuses the same one twice on an app (many_per_app).
      log_drain_url: `${config.drainUrl}/drains/${id}`,
    })
  }
}

/** The config vars of the customer's app. Heroku fails the install if the manifest does not declare them. */
export function configOf(
  { addon, publicUrl }: Pick<Config, 'addon' | 'publicUrl'>,
  id: string,
): Record<string, string> {
  return { [addon.configVar]: `${publicUrl}/resources/${id}` }
}
