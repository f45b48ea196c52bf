// A resource for a play: provisioned as Heroku does, and awaited if the add-on is asynchronous.
import { CannotPlay } from './cannot-play.ts'
import { type Exchange, jsonObject } from './exchange.ts'
import { callPartner, postProvision } from './partner-call.ts'
import type { World } from './world.ts'

export interface Resource {
  uuid: string
  drainToken: string
  /** From the answer; null if that has none. */
  drainUrl: string | null
  /** The config of the customer's app, from the answer or from the add-on's PATCH. */
  config: Record<string, string>
  exchange: Exchange
}

export const FINISHED = /^POST \/addons\/:uuid\/actions\/provision$/

/** @throws CannotPlay if none can be provisioned */
export async function provisioned(world: World, what = 'a resource for the play'): Promise<Resource> {
  if (world.unprovisionable !== null) throw new CannotPlay(world.unprovisionable)
  const uuid = world.random.uuid()
  const exchange = await postProvision(world, { uuid, what })
  const { answer, failure } = exchange
  if (answer === null)
    throw unprovisionable(world, `the add-on does not answer at ${world.addon.baseUrl}: ${failure}`)
  if (answer.status < 200 || answer.status > 202)
    throw unprovisionable(world, `no resource could be provisioned: the add-on answered ${answer.status}`)
  if (answer.status === 202) await finished(world, uuid)
  return resourceOf(world, uuid, exchange)
}

export function resourceOf(world: World, uuid: string, exchange: Exchange): Resource {
  const body = (exchange.answer && jsonObject(exchange.answer.body)) ?? {}
  const known = world.loopback.find(uuid)
  const answered = Object.entries(typeof body.config === 'object' && body.config !== null ? body.config : {})
  return {
    uuid,
    drainToken: known?.drainToken ?? '',
    drainUrl: typeof body.log_drain_url === 'string' ? body.log_drain_url : null,
    config: Object.fromEntries([
      ...answered.filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
      ...Object.entries(known?.config ?? {}),
    ]),
    exchange,
  }
}

async function finished(world: World, uuid: string): Promise<void> {
  const { loopback, limits } = world
  if (await loopback.waitFor(uuid, FINISHED, limits.finishMs)) return
  throw unprovisionable(
    world,
    loopback.calls.length === 0
      ? `the add-on answers 202 and never called back. ${callHereHint(world)}`
      : `the add-on answers 202 and did not call actions/provision within ${limits.finishMs / 1_000} s`,
  )
}

/** The advice for an add-on that does not call the simulated servers. */
export function callHereHint({ loopback: { idUrl, apiUrl } }: World): string {
  return `Have it call ${idUrl} in place of https://id.heroku.com, and ${apiUrl} in place of https://api.heroku.com`
}

export async function deprovision(world: World, uuid: string, what = 'Heroku removes it'): Promise<Exchange> {
  const exchange = await callPartner(world, { what, method: 'DELETE', path: `/${uuid}` })
  world.loopback.end(uuid)
  const { answer } = exchange
  if (answer && (answer.status < 300 || answer.status === 410)) world.live.delete(uuid)
  return exchange
}

function unprovisionable(world: World, reason: string): CannotPlay {
  world.unprovisionable = reason
  return new CannotPlay(reason)
}
