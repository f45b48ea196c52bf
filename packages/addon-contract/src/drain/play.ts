// Delivers logs as Logplex does, in every form that it is known to send, before the resource is ready and after it is
// removed.
import {
  type DrainTarget,
  encodeFrame,
  formatSeconds,
  overflowLine,
  readDrainUrl,
  type SimLine,
} from 'heroku-simulator'
import type { Addon } from '../addon.ts'
import { CannotPlay, NothingToPlay } from '../cannot-play.ts'
import type { Exchange } from '../exchange.ts'
import { postProvision } from '../partner-call.ts'
import { deprovision, provisioned, type Resource, resourceOf } from '../resources.ts'
import type { Stage } from '../stage.ts'
import type { World } from '../world.ts'

export interface DrainEvidence {
  addon: Addon
  drainMs: number
  ordinary: Exchange
  /** On the same connection, if the add-on leaves it open. */
  next: Exchange
  /** Null for an add-on that answers synchronously. */
  early: Exchange | null
  repeated: Exchange
  rewritten: Exchange
  badFrame: Exchange
  wrongCount: Exchange
  noFrameId: Exchange
  unknownToken: Exchange
  noToken: Exchange
  large: Exchange
  oddBytes: Exchange
  emptyMessage: Exchange
  deprovisioned: Exchange
}

interface Delivery {
  what: string
  token?: string | null
  frames: readonly Buffer[]
  count?: number
  frameId?: string | null
}

const USER_AGENT = 'Logplex/v99'
/** The buffer of a drain. Logplex puts about 100,000 bytes of it into one request. */
const LARGE_MESSAGES = 1_024

export async function playDrain({ world }: Stage): Promise<DrainEvidence> {
  const { addon, limits, random } = world
  if (!addon.requires.includes('syslog_drain'))
    throw new NothingToPlay('the manifest does not require syslog_drain: the add-on takes no logs')
  const resource = await provisioned(world)
  const deliver = (delivery: Delivery) => deliverTo(world, resource, delivery)
  const line = (text: string | Uint8Array): Buffer => encodeFrame(logLine(text))
  const hello = [line('State changed from starting to up\n'), line('hello\n')]

  const ordinary = await deliver({ what: 'two lines', frames: hello })
  const frameId = random.hex(32).toUpperCase()
  const lost = (ago: number) =>
    encodeFrame(overflowLine(12, formatSeconds(Date.now() - 60_000), formatSeconds(Date.now() - ago), null))
  const evidence = {
    addon,
    drainMs: limits.drainMs,
    ordinary,
    next: await deliver({ what: 'the next batch', frames: [line('on we go\n')] }),
    ...(await playRepetition()),
    badFrame: await deliver({
      what: 'a malformed frame among good ones',
      frames: [line('good\n'), Buffer.from('17 <190> not a frame\n'), line('good again\n')],
    }),
    wrongCount: await deliver({ what: 'two lines announced as three', frames: hello, count: 3 }),
    noFrameId: await deliver({ what: 'without a frame id', frames: hello, frameId: null }),
    unknownToken: await deliver({
      what: 'with an unknown drain token',
      frames: hello,
      token: `d.${random.uuid()}`,
    }),
    noToken: await deliver({ what: 'without a drain token', frames: hello, token: null }),
    large: await deliver({
      what: `${LARGE_MESSAGES} lines at once`,
      frames: Array.from({ length: LARGE_MESSAGES }, (_, n) => line(`line ${n} ${'.'.repeat(50)}\n`)),
    }),
    oddBytes: await deliver({
      what: 'a NUL, half a character and a line end inside a line',
      frames: [line(Buffer.from([0x61, 0x00, 0xe2, 0x82, 0x0a, 0x62, 0x0a]))],
    }),
    emptyMessage: await deliver({ what: 'an empty line', frames: [line('')] }),
    early: resource.exchange.answer?.status === 202 ? await playEarly(world, hello) : null,
  }
  await deprovision(world, resource.uuid)
  return {
    ...evidence,
    deprovisioned: await deliver({ what: 'a removed resource', frames: hello }),
  }

  /** Logplex writes the line that reports losses again for each try, so that two tries differ in their bytes. */
  async function playRepetition() {
    const batch = [lost(2_000), ...hello]
    await deliver({ what: 'a batch', frames: batch, frameId })
    return {
      repeated: await deliver({ what: 'the same batch again', frames: batch, frameId }),
      rewritten: await deliver({
        what: 'the same frame id, with the timestamp of the new try',
        frames: [lost(0), ...hello],
        frameId,
      }),
    }
  }
}

async function playEarly(world: World, frames: readonly Buffer[]): Promise<Exchange> {
  const uuid = world.random.uuid()
  const release = world.loopback.trouble({ kind: 'hold', uuid, on: /oauth\/token$/, times: 9 })
  const opening = await postProvision(world, { uuid, what: 'Heroku provisions' })
  const delivered = await deliverTo(world, resourceOf(world, uuid, opening), {
    what: 'two lines before the resource is ready',
    frames,
  })
  release()
  return delivered
}

/** Header names, order and spelling are Logplex's (heroku/logplex src/logplex_http_drain.erl). */
async function deliverTo(world: World, resource: Resource, delivery: Delivery): Promise<Exchange> {
  const { random, limits } = world
  const { frames, count = frames.length, token = resource.drainToken } = delivery
  const { frameId = random.hex(32).toUpperCase() } = delivery
  if (resource.drainUrl === null) throw new CannotPlay('the answer had no log_drain_url')
  if (!/^https?:/.test(resource.drainUrl)) throw new CannotPlay('log_drain_url is not an http address')
  const { tls, hostHeader, path, authorization } = targetOf(resource.drainUrl)
  const headers: [string, string][] = [
    ['Content-Type', 'application/logplex-1'],
    ['Logplex-Msg-Count', String(count)],
  ]
  if (authorization !== null) headers.unshift(['Authorization', authorization])
  if (frameId !== null) headers.push(['Logplex-Frame-Id', frameId])
  if (token !== null) headers.push(['Logplex-Drain-Token', token])
  return world.send({
    what: delivery.what,
    method: 'POST',
    url: `${tls ? 'https' : 'http'}://${hostHeader}${path}`,
    headers: [...headers, ['User-Agent', USER_AGENT]],
    body: Buffer.concat(frames),
    timeoutMs: limits.drainMs * 2,
    deliverTo: world.deliverTo,
  })
}

function targetOf(url: string): DrainTarget {
  try {
    return readDrainUrl(url)
  } catch (error) {
    throw new CannotPlay((error as Error).message)
  }
}

function logLine(message: string | Uint8Array): SimLine {
  return { priority: 190, time: '2026-03-01T10:15:00.123456+00:00', source: 'app', process: 'web.1', message }
}
