// Follows what an add-on does with its grant and, if it answered 202, until it reports completion: normally, while the
// request is repeated, while Heroku's servers fail, and while the customer removes the resource.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Addon } from '../addon.ts'
import { CannotPlay } from '../cannot-play.ts'
import type { Exchange } from '../exchange.ts'
import type { AddonCall } from '../loopback/loopback.ts'
import { postProvision } from '../partner-call.ts'
import { callHereHint, deprovision, FINISHED } from '../resources.ts'
import type { Stage } from '../stage.ts'
import type { World } from '../world.ts'

const EXCHANGE = /^POST \/oauth\/token$/
const API = /^\w+ \/addons\/:uuid/

export interface Life {
  opening: Exchange
  /** The add-on's calls about this resource, until it was removed. */
  calls: readonly AddonCall[]
  isFinished: boolean
}

export interface AsyncEvidence {
  addon: Addon
  finishMs: number
  isAsync: boolean
  ordinary: Life
  /** The rest is null if the ordinary provision failed. */
  repeated: (Life & { repetition: Exchange }) | null
  /** The first answer of the id server is an error page. */
  idServerDown: Life | null
  /** The first answer of the Platform API is an error page. */
  platformDown: Life | null
  /** The calls after the resource was removed, before its grant was exchanged. */
  removed: { removal: Exchange; callsAfter: readonly AddonCall[] } | null
}

export async function playAsync({ world }: Stage): Promise<AsyncEvidence> {
  const { addon, loopback, limits, random } = world
  if (world.unprovisionable !== null) throw new CannotPlay(world.unprovisionable)
  const uuid = random.uuid()
  const opening = await postProvision(world, { uuid, what: 'Heroku provisions' })
  const status = opening.answer?.status ?? 0
  if (status < 200 || status > 202) throw new CannotPlay('no resource could be provisioned')
  const isAsync = status === 202
  const done = isAsync
    ? await loopback.waitFor(uuid, FINISHED, limits.finishMs)
    : await loopback.waitFor(uuid, EXCHANGE, limits.callMs)
  // A synchronous add-on may still call the Platform API.
  if (!isAsync && done !== null) await loopback.waitFor(uuid, API, limits.callMs)
  if (isAsync && loopback.calls.length === 0)
    throw new CannotPlay(`the add-on answers 202 and never called back. ${callHereHint(world)}`)
  const common = { addon, finishMs: limits.finishMs, isAsync }
  const ordinary = { opening, calls: loopback.callsOf(uuid), isFinished: done !== null }
  if (done === null) return { ...common, ordinary, ...NOTHING }

  const [repeated, idServerDown, platformDown, removed] = await Promise.all([
    isAsync ? playRepetition(world) : null,
    playTrouble(world, EXCHANGE, isAsync),
    isAsync ? playTrouble(world, API, isAsync) : null,
    isAsync ? playRemoval(world) : null,
  ])
  // Includes later calls: a second use of the grant comes a little later.
  ordinary.calls = loopback.callsOf(uuid)
  return { ...common, ordinary, repeated, idServerDown, platformDown, removed }
}

const NOTHING = { repeated: null, idServerDown: null, platformDown: null, removed: null }

/** Heroku lost the answer to its request and repeats it while the add-on is still working on it. */
async function playRepetition(world: World): Promise<Life & { repetition: Exchange }> {
  const { loopback, limits, random } = world
  const uuid = random.uuid()
  const release = loopback.trouble({ kind: 'hold', uuid, on: EXCHANGE, times: 9 })
  const opening = await postProvision(world, { uuid, what: 'Heroku provisions' })
  const repetition = await postProvision(world, {
    uuid,
    what: 'the same uuid again, while the provision is in progress',
  })
  release()
  const done = await loopback.waitFor(uuid, FINISHED, limits.finishMs)
  await sleep(limits.quietMs)
  return { opening, repetition, calls: loopback.callsOf(uuid), isFinished: done !== null }
}

async function playTrouble(world: World, on: RegExp, isAsync: boolean): Promise<Life> {
  const { loopback, limits, random } = world
  const uuid = random.uuid()
  const end = loopback.trouble({ kind: 'html', uuid, on, times: 1 })
  const opening = await postProvision(world, {
    uuid,
    what: 'Heroku provisions while its servers answer 503',
  })
  const done = isAsync ? await loopback.waitFor(uuid, FINISHED, limits.finishMs) : null
  end()
  return { opening, calls: loopback.callsOf(uuid), isFinished: done !== null }
}

async function playRemoval(world: World): Promise<AsyncEvidence['removed']> {
  const { loopback, limits, random } = world
  const uuid = random.uuid()
  const release = loopback.trouble({ kind: 'hold', uuid, on: EXCHANGE, times: 9 })
  await postProvision(world, { uuid, what: 'Heroku provisions' })
  const removal = await deprovision(world, uuid, 'the customer removes it before it is ready')
  const after = Date.now()
  release()
  await sleep(limits.quietMs)
  return { removal, callsAfter: loopback.callsOf(uuid, FINISHED).filter(({ at }) => at >= after) }
}
