// What a play works with: the manifest and, for areas over HTTP, the world around the add-on.
import { CannotPlay } from './cannot-play.ts'
import type { World } from './world.ts'

export interface Stage {
  manifest: {
    path: string
    /** Its JSON, unchecked. */
    data: unknown
  }
  /** Whether the production addresses are tested. */
  production: boolean
  /** @throws CannotPlay if the add-on cannot be called */
  readonly world: World
  /** Deprovisions what a play left. */
  clear(): Promise<void>
}

/** @param world or the reason why there is none */
export function createStage(
  manifest: Stage['manifest'],
  production: boolean,
  world: World | { reason: string },
): Stage {
  return {
    manifest,
    production,
    get world() {
      if ('reason' in world) throw new CannotPlay(world.reason)
      return world
    },
    async clear() {
      if ('clear' in world) await world.clear()
    },
  }
}
