// The log drain of one app that has the resource, run by one or more Logplex nodes.
import type { SimLine } from './frame-encoder.ts'
import { LogplexDrain, type LogplexDrainOptions } from './logplex-drain.ts'
import type { Random } from './random.ts'

export interface AttachedDrain {
  token: string
  /** The name of the app; it changes when the app is renamed. */
  app: string
  appId: string
  /** Heroku's id of the drain. */
  drainId: string
  attachmentId: string
  /** The name of the attachment. Default: the slug in capitals. */
  attachedAs: string
  /** The address of the drain. */
  url: string
  /** How often its address was changed. */
  moves: number
  nodes: readonly LogplexDrain[]
  /** Passes a line to one of the nodes. */
  push(line: SimLine): void
  whenIdle(): Promise<void>
  /** Changes the address; buffered lines go to the new one. */
  moveTo(url: string): void
  stop(): { unsent: SimLine[] }
}

export interface DrainsOptions {
  random: Random
  clock: () => number
  /** Without any order between them. */
  nodes: number
  drains: Omit<LogplexDrainOptions, 'url' | 'token' | 'random' | 'clock'> | undefined
}

export function startAttachedDrain(
  known: Pick<AttachedDrain, 'url' | 'token' | 'app' | 'appId' | 'attachedAs'>,
  options: DrainsOptions,
): AttachedDrain {
  const { random, clock } = options
  const { token } = known
  const start = (url: string) =>
    Array.from(
      { length: options.nodes },
      (_, node) =>
        new LogplexDrain({ ...options.drains, url, token, clock, random: random.fork(`${token} ${node}`) }),
    )
  let nodes = start(known.url)
  return {
    ...known,
    drainId: random.uuid(),
    attachmentId: random.uuid(),
    moves: 0,
    get nodes() {
      return nodes
    },
    push: (line) => (nodes.length === 1 ? nodes[0] : random.pick(nodes))?.push(line),
    whenIdle: async () => void (await Promise.all(nodes.map((node) => node.whenIdle()))),
    moveTo(to) {
      this.url = to
      this.moves++
      const { unsent } = this.stop()
      nodes = start(to)
      for (const line of unsent) this.push(line)
    },
    stop: () => ({ unsent: nodes.flatMap((node) => node.stop().unsent) }),
  }
}
