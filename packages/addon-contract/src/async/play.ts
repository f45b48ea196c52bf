// Follows what an add-on does with its grant, and, where it answered 202, until it says that it is done: in the ordinary
// way, while the request is repeated, while Heroku's servers fail, and while the customer has second thoughts.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Addon } from '../addon.ts'
import { CannotPlay } from '../cannot-play.ts'
import type { Exchange } from '../exchange.ts'
import type { AddonCall } from '../loopback/loopback.ts'
import { postProvision } from '../partner-call.ts'
import { deprovision, FINISHED, pointIt } from '../resources.ts'
import type { Stage } from '../stage.ts'
import type { World } from '../world.ts'

const EXCHANGE = /^POST \/oauth\/token$/
const API = /^\w+ \/addons\/:uuid/

export interface Life {
  opening: Exchange
  /** By the add-on, of this resource, until it was removed. */
  calls: readonly AddonCall[]
  isFinished: boolean
}

export interface AsyncEvidence {
  addon: Addon
  finishMs: number
  isAsync: boolean
  ordinary: Life
  /** The rest is null where the ordinary one did not come off. */
  repeated: (Life & { repetition: Exchange }) | null
  /** The id server's first answer is an error page. */
  idServerDown: Life | null
  /** The Platform API's first answer is one. */
  platformDown: Life | null
  /** Removed before the grant was exchanged: what was called after that. */
  removed: { removal: Exchange; callsAfter: readonly AddonCall[] } | null
}

export async function playAsync({ world }: Stage): Promise<AsyncEvidence> {
  const { addon, loopback, limits, random } = world
  if (world.barren !== null) throw new CannotPlay(world.barren)
  const uuid = random.uuid()
  const opening = await postProvision(world, { uuid, what: 'Heroku provisions' })
  const status = opening.answer?.status ?? 0
  if (status < 200 || status > 202) throw new CannotPlay('no resource could be provisioned')
  const isAsync = status === 202
  const done = isAsync
    ? await loopback.waitFor(uuid, FINISHED, limits.finishMs)
    : await loopback.waitFor(uuid, EXCHANGE, limits.callMs)
  // One that answered at once may still have something to tell the Platform API.
  if (!isAsync && done !== null) await loopback.waitFor(uuid, API, limits.callMs)
  if (isAsync && loopback.calls.length === 0)
    throw new CannotPlay(`the add-on answers 202 and never called back. ${pointIt(world)}`)
  const common = { addon, finishMs: limits.finishMs, isAsync }
  const ordinary = { opening, calls: loopback.callsOf(uuid), isFinished: done !== null }
  if (done === null) return { ...common, ordinary, ...NOTHING }

  const [repeated, idServerDown, platformDown, removed] = await Promise.all([
    isAsync ? playRepetition(world) : null,
    playTrouble(world, EXCHANGE, isAsync),
    isAsync ? playTrouble(world, API, isAsync) : null,
    isAsync ? playRemoval(world) : null,
  ])
  // What was called since, too: a grant that is used a second time is used a little later.
  ordinary.calls = loopback.callsOf(uuid)
  return { ...common, ordinary, repeated, idServerDown, platformDown, removed }
}

const NOTHING = { repeated: null, idServerDown: null, platformDown: null, removed: null }

/** Heroku has no answer to its request, or thinks so, and repeats it while the add-on is at work. */
async function playRepetition(world: World): Promise<Life & { repetition: Exchange }> {
  const { loopback, limits, random } = world
  const uuid = random.uuid()
  const letGo = loopback.trouble({ kind: 'hold', uuid, on: EXCHANGE, times: 9 })
  const opening = await postProvision(world, { uuid, what: 'Heroku provisions' })
  const repetition = await postProvision(world, { uuid, what: 'the same uuid again, while it is under way' })
  letGo()
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
    what: "Heroku provisions while its servers' pages say 503",
  })
  const done = isAsync ? await loopback.waitFor(uuid, FINISHED, limits.finishMs) : null
  end()
  return { opening, calls: loopback.callsOf(uuid), isFinished: done !== null }
}

async function playRemoval(world: World): Promise<AsyncEvidence['removed']> {
  const { loopback, limits, random } = world
  const uuid = random.uuid()
  const letGo = loopback.trouble({ kind: 'hold', uuid, on: EXCHANGE, times: 9 })
  await postProvision(world, { uuid, what: 'Heroku provisions' })
  const removal = await deprovision(world, uuid, 'the customer removes it while it is being set up')
  const after = Date.now()
  letGo()
  await sleep(limits.quietMs)
  return { removal, callsAfter: loopback.callsOf(uuid, FINISHED).filter(({ at }) => at >= after) }
}
