// Removes resources as Heroku does: once, twice, before they were provisioned, and with wrong credentials.
import type { Exchange } from '../exchange.ts'
import { callPartner, postProvision } from '../partner-call.ts'
import { deprovision, provisioned } from '../resources.ts'
import type { Stage } from '../stage.ts'

export interface DeprovisionEvidence {
  aimMs: number
  wrongCredentials: Exchange
  noCredentials: Exchange
  removal: Exchange
  again: Exchange
  stranger: Exchange
  /** The provision request of the removed resource, repeated. */
  returning: Exchange
  /** A DELETE that arrives before its POST, and then the POST. */
  early: Exchange
  late: Exchange
}

export async function playDeprovision({ world }: Stage): Promise<DeprovisionEvidence> {
  const { uuid } = await provisioned(world)
  // A resource of its own: an add-on that accepts wrong credentials removes it.
  const { uuid: victim } = await provisioned(world)
  const wrong = `Basic ${Buffer.from('wrong:secret').toString('base64')}`
  const remove = (what: string, id: string, authorization?: string | null) =>
    callPartner(world, {
      what,
      method: 'DELETE',
      path: `/${id}`,
      ...(authorization !== undefined && { authorization }),
    })

  const wrongCredentials = await remove('wrong credentials', victim, wrong)
  const noCredentials = await remove('no Authorization', victim, null)
  const removal = await deprovision(world, uuid)
  const again = await remove('Heroku removes it again', uuid)
  const stranger = await remove('wrong credentials, for a removed resource', uuid, wrong)
  const returning = await postProvision(world, { uuid, what: 'its provision request, repeated' })

  const never = world.random.uuid()
  const early = await deprovision(world, never, 'a resource whose provision request never arrived')
  const late = await postProvision(world, { uuid: never, what: 'that request, which arrives late' })
  return {
    aimMs: world.limits.aimMs,
    wrongCredentials,
    noCredentials,
    removal,
    again,
    stranger,
    returning,
    early,
    late,
  }
}
