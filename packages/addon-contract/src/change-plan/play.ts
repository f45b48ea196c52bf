// Changes plans as Heroku does, with valid and invalid requests.
import type { Addon } from '../addon.ts'
import type { Exchange } from '../exchange.ts'
import { callPartner, type PartnerCall } from '../partner-call.ts'
import { deprovision, provisioned } from '../resources.ts'
import type { Stage } from '../stage.ts'

export interface ChangePlanEvidence {
  addon: Addon
  production: boolean
  aimMs: number
  /** Null if no second plan was named. */
  change: Exchange | null
  samePlan: Exchange
  foreignUuid: Exchange
  unknownFields: Exchange
  wrongCredentials: Exchange
  noCredentials: Exchange
  unknownPlan: Exchange
  unknownResource: Exchange
  strangerUnknownResource: Exchange
  deprovisioned: Exchange
}

export async function playChangePlan({ world }: Stage): Promise<ChangePlanEvidence> {
  const { addon, production, plans, random, limits } = world
  const [first, second] = plans
  const { uuid } = await provisioned(world)
  const put = (what: string, body: object, call: Partial<PartnerCall> = {}) =>
    callPartner(world, { what, method: 'PUT', path: `/${uuid}`, body, ...call })
  const wrong = `Basic ${Buffer.from('wrong:secret').toString('base64')}`
  const unknown = { path: `/${random.uuid()}` }

  const samePlan = await put('the current plan', { plan: first })
  const foreignUuid = await put('another uuid in the body', { plan: first, uuid: random.uuid() })
  const unknownFields = await put('unknown fields', { plan: first, billing: { cents: 0 } })
  const wrongCredentials = await put('wrong credentials', { plan: first }, { authorization: wrong })
  const noCredentials = await put('no Authorization', { plan: first }, { authorization: null })
  const unknownPlan = await put('a plan that is not sold', { plan: 'no-such-plan' })
  const change = second === undefined ? null : await put('another plan', { plan: second })
  return {
    addon,
    production,
    aimMs: limits.aimMs,
    samePlan,
    wrongCredentials,
    noCredentials,
    unknownPlan,
    change,
    foreignUuid,
    unknownFields,
    unknownResource: await put('an unknown resource', { plan: first }, unknown),
    strangerUnknownResource: await put(
      'an unknown resource, with wrong credentials',
      { plan: first },
      { ...unknown, authorization: wrong },
    ),
    deprovisioned: await afterDelete(),
  }

  async function afterDelete(): Promise<Exchange> {
    await deprovision(world, uuid)
    return put('a removed resource', { plan: first })
  }
}
