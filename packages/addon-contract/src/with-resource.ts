// Provisions a resource, runs a function with it, and removes it in every case.
import type { Exchange } from './exchange.ts'
import { legacyResource, removeLegacy } from './legacy/resources.ts'
import { deprovision, provisioned } from './resources.ts'
import type { World } from './world.ts'

export interface WithResourceOptions {
  /** As kensa did, before version 3. */
  legacy: boolean
  /** With `legacy`: the add-on sends its result to the callback_url. */
  isAsync: boolean
}

export interface Used<T> {
  result: T
  /** Heroku's DELETE. */
  removal: Exchange
}

/** @throws CannotPlay if no resource can be provisioned; `use` is not called then */
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
