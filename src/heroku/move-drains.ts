// Letting every drain point at another address: of a new region, a new domain, another installation over the same
// database. Any number of resources, slowly, through the one limiter.
//
// Each drain is moved once, whatever happens on the way. A drain is moved only when the list that Heroku gave a moment
// ago has it elsewhere; and where the answer of a move is lost, its resource is listed again before anything else is
// done. So a crash needs no clearing up: the same command goes on. It does not ask again about resources whose drains
// were seen at the new address within the last hour: Heroku gives out 4,500 calls an hour.
import { setTimeout as sleep } from 'node:timers/promises'
import { pauseMs } from '../back-off.ts'
import type { DrainStore, ResourceDrains } from '../resources/drain-store.ts'
import type { ListDrains } from './drain-listing.ts'
import { HerokuError, type HerokuFailure } from './heroku-error.ts'
import type { PlatformApi } from './platform-api.ts'

export interface MoveParts {
  list: ListDrains
  api: Pick<PlatformApi, 'moveDrain'>
  store: Pick<DrainStore, 'liveResources' | 'noteMoved'>
  signal: AbortSignal
  now(): number
  /** In [0, 1). */
  random(): number
}

export interface MoveOptions {
  /** https://logs.example.com */
  to: string
  /** Only looks at where they point, and asks Heroku about none. */
  dryRun?: boolean
  /** This one alone. */
  resourceId?: string | undefined
  onResource?: (result: ResourceResult) => void
}

export interface ResourceResult {
  resourceId: string
  name: string
  /** In a dry run: that would be moved. */
  moved: number
  /** That pointed there already. */
  there: number
  /** Why it is not done, in a sentence; null where it is. */
  failure: string | null
}

const PAGE_SIZE = 500
/** As many as calls at once: more would only wait in the limiter. */
const RESOURCES_AT_ONCE = 6
const FRESH_MS = 3_600_000
const TRIES = 8
const BACK_OFF = { firstMs: 500, longestMs: 30_000 }
/** What another try may cure. */
const PASSING: readonly HerokuFailure[] = ['busy', 'unavailable', 'unexpected', 'pending']

/** The address of a resource's drains at an origin. One for each resource: Logplex refuses one twice on an app. */
export function drainAddress(origin: string, resourceId: string): string {
  return `${origin}/drains/${resourceId}`
}

/** Never rejects for Heroku: what could not be done is told of its resource. */
export async function moveDrains(parts: MoveParts, options: MoveOptions): Promise<void> {
  for await (const page of resourcePages(parts.store)) {
    const resources = page.filter(({ id }) => options.resourceId === undefined || id === options.resourceId)
    const next = resources.values()
    const worker = async () => {
      for (const resource of next) {
        const done = await moveResource(parts, options, resource)
        options.onResource?.({ resourceId: resource.id, name: resource.name, ...done })
      }
    }
    await Promise.all(Array.from({ length: RESOURCES_AT_ONCE }, worker))
  }
}

/** All live resources with what is known of their drains, some hundred at a time. */
export async function* resourcePages(
  store: Pick<DrainStore, 'liveResources'>,
): AsyncGenerator<ResourceDrains[]> {
  let after = 0
  for (;;) {
    const page = await store.liveResources(after, PAGE_SIZE)
    const last = page.at(-1)
    if (last === undefined) return
    after = last.number
    yield page
  }
}

type Done = Pick<ResourceResult, 'moved' | 'there' | 'failure'>

async function moveResource(parts: MoveParts, options: MoveOptions, resource: ResourceDrains): Promise<Done> {
  const url = drainAddress(options.to, resource.id)
  const elsewhere = resource.drains.filter((drain) => drain.url !== url)
  const there = resource.drains.length - elsewhere.length
  if (options.dryRun) return { moved: elsewhere.length, there, failure: null }
  const since = parts.now() - FRESH_MS
  if (there > 0 && resource.drains.every((drain) => drain.url === url && (drain.listedAt ?? 0) >= since)) {
    return { moved: 0, there, failure: null }
  }
  const run: Run = { tried: new Set(), moved: new Set() }
  for (let tries = 1; ; tries++) {
    try {
      return await moveListed(parts, resource.id, url, run)
    } catch (error) {
      if (!(error instanceof HerokuError) || parts.signal.aborted) throw error
      if (tries === TRIES || !PASSING.includes(error.failure)) {
        return { moved: run.moved.size, there, failure: sentence(error) }
      }
      await sleep(pauseMs(tries, BACK_OFF, parts.random()), undefined, { signal: parts.signal })
    }
  }
}

/** Heroku's ids of drains that this run set out to move, and of those of which it was answered that they are. */
interface Run {
  tried: Set<string>
  moved: Set<string>
}

async function moveListed(parts: MoveParts, resourceId: string, url: string, run: Run): Promise<Done> {
  const { drains } = await parts.list(resourceId, 'background')
  for (const { herokuDrainId } of drains.filter((drain) => drain.url !== url)) {
    run.tried.add(herokuDrainId)
    const call = { urgency: 'background', signal: parts.signal } as const
    await parts.api.moveDrain(resourceId, herokuDrainId, url, call).catch((error: unknown) => {
      // Of the drain, not of the resource: its app was detached since the list.
      if (!(error instanceof HerokuError) || error.failure !== 'gone') throw error
      throw new HerokuError('unexpected', 'a drain went while it was to be moved')
    })
    run.moved.add(herokuDrainId)
    await parts.store.noteMoved(resourceId, herokuDrainId, url, parts.now())
  }
  const moved = drains.filter((drain) => run.tried.has(drain.herokuDrainId)).length
  return { moved, there: drains.length - moved, failure: null }
}

function sentence({ failure, message }: HerokuError): string {
  if (failure === 'unauthorized') return 'there is no token for it: its OAuth grant was lost'
  if (failure === 'pending') return 'its OAuth grant is not exchanged yet'
  if (failure === 'gone') return `Heroku does not know it: ${message}`
  return message
}
