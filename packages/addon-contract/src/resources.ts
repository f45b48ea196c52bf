// A resource to try things on: provisioned as Heroku does it, and finished where the add-on takes its time.
import { CannotPlay } from './cannot-play.ts'
import { type Exchange, jsonObject } from './exchange.ts'
import { callPartner, postProvision } from './partner-call.ts'
import type { World } from './world.ts'

export interface Resource {
  uuid: string
  drainToken: string
  /** Of the answer; null where it had none. */
  drainUrl: string | null
  /** What the customer's app is given: of the answer, or of the add-on's PATCH. */
  config: Record<string, string>
  exchange: Exchange
}

export const FINISHED = /^POST \/addons\/:uuid\/actions\/provision$/

/** @throws CannotPlay where there is none to be had */
export async function provisioned(world: World, what = 'a resource to try things on'): Promise<Resource> {
  if (world.barren !== null) throw new CannotPlay(world.barren)
  const uuid = world.random.uuid()
  const exchange = await postProvision(world, { uuid, what })
  const { answer, failure } = exchange
  if (answer === null) throw barren(world, `the add-on does not answer at ${world.addon.baseUrl}: ${failure}`)
  if (answer.status < 200 || answer.status > 202)
    throw barren(world, `no resource could be provisioned: the add-on answered ${answer.status}`)
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
  throw barren(
    world,
    loopback.calls.length === 0
      ? `the add-on answers 202 and never called back. ${pointIt(world)}`
      : `the add-on answers 202 and did not call actions/provision within ${limits.finishMs / 1_000} s`,
  )
}

/** What to do about an add-on that does not know where our servers are. */
export function pointIt({ loopback: { idUrl, apiUrl } }: World): string {
  return `Have it call ${idUrl} in place of https://id.heroku.com, and ${apiUrl} in place of https://api.heroku.com`
}

export async function deprovision(world: World, uuid: string, what = 'Heroku removes it'): Promise<Exchange> {
  const exchange = await callPartner(world, { what, method: 'DELETE', path: `/${uuid}` })
  world.loopback.end(uuid)
  const { answer } = exchange
  if (answer && (answer.status < 300 || answer.status === 410)) world.live.delete(uuid)
  return exchange
}

function barren(world: World, reason: string): CannotPlay {
  world.barren = reason
  return new CannotPlay(reason)
}
