// Moves every drain to another address: a new region, a new domain, another installation over the same database. Any
// number of resources, through the one limiter.
//
// Each drain is moved once, whatever fails. A drain is moved only if a fresh list from Heroku has it elsewhere; if the
// answer to a move is lost, its resource is listed again first. So a crash needs no clean-up: the same command continues.
// It skips resources whose drains were seen at the new address within the last hour: Heroku allows 4,500 calls an hour.
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
  /** Reports where drains point, as far as the database knows, without a call to Heroku. */
  dryRun?: boolean
  /** Only this resource. */
  resourceId?: string | undefined
  onResource?: (result: ResourceResult) => void
}

export interface ResourceResult {
  resourceId: string
  name: string
  /** In a dry run: to be moved. */
  moved: number
  /** Pointed there already. */
  there: number
  /** Why it failed, in a sentence; null if it is done. */
  failure: string | null
}

const PAGE_SIZE = 500
/** As many as the limiter has calls in flight. */
const RESOURCES_AT_ONCE = 6
const FRESH_MS = 3_600_000
const TRIES = 8
const BACK_OFF = { firstMs: 500, longestMs: 30_000 }
/** What a retry may cure. */
const RETRYABLE: readonly HerokuFailure[] = ['busy', 'unavailable', 'unexpected', 'pending']

/** The address of a resource's drains. One for each resource: Logplex refuses the same address twice on an app. */
export function drainAddress(origin: string, resourceId: string): string {
  return `${origin}/drains/${resourceId}`
}

/** Never rejects because of Heroku: each resource's result holds its failure. */
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

/** All live resources with their drains, in pages. */
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
      if (tries === TRIES || !RETRYABLE.includes(error.failure)) {
        return { moved: run.moved.size, there, failure: sentence(error) }
      }
      await sleep(pauseMs(tries, BACK_OFF, parts.random()), undefined, { signal: parts.signal })
    }
  }
}

/** Heroku's ids of the drains that this run tried to move, and of those that Heroku confirmed. */
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
      // The drain is gone, not the resource: its app was detached since the list.
      if (!(error instanceof HerokuError) || error.failure !== 'gone') throw error
      throw new HerokuError('unexpected', 'a drain disappeared during its move')
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
