// A resource for as long as somebody needs it: provisioned as Heroku does it, and removed whatever happens in between.
import type { Exchange } from './exchange.ts'
import { legacyResource, removeLegacy } from './legacy/resources.ts'
import { deprovision, provisioned } from './resources.ts'
import type { World } from './world.ts'

export interface WithResourceOptions {
  /** In kensa's way, of before version 3. */
  legacy: boolean
  /** With `legacy`: the add-on sends what it made to the callback_url. */
  isAsync: boolean
}

export interface Used<T> {
  result: T
  /** Heroku's DELETE. */
  removal: Exchange
}

/** @throws CannotPlay where there is no resource to be had; nothing is used then */
export async function withResource<T>(
  world: World,
  { legacy, isAsync }: WithResourceOptions,
  use: (resource: { id: string; config: Record<string, string> }) => Promise<T>,
): Promise<Used<T>> {
  const resource = legacy ? await legacyResource(world, isAsync) : await modern(world)
  let result: T
  try {
    result = await use(resource)
  } catch (error) {
    await remove()
    throw error
  }
  return { result, removal: await remove() }

  function remove(): Promise<Exchange> {
    const { id } = resource
    return legacy ? removeLegacy(world, id, 'Heroku removes it') : deprovision(world, id)
  }
}

async function modern(world: World) {
  const { uuid, config } = await provisioned(world, 'a resource for the command')
  return { id: uuid, config }
}
