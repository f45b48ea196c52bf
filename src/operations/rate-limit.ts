// So many in a minute from one client, and no more. In memory, of one process.
//
// Our own rather than @fastify/rate-limit, which counts requests, while what we count of Heroku's calls are those
// that failed: Heroku itself may call as often as it likes.
import { isIPv6 } from 'node:net'

interface Window {
  count: number
  until: number
}

const WINDOW_MS = 60_000
/** About 100 bytes each. Beyond it the client that was first seen longest ago is forgotten. */
const MAX_CLIENTS = 10_000

export class RateLimit {
  readonly #limit: number
  readonly #now: () => number
  readonly #windows = new Map<string, Window>()

  constructor(limit: number, now: () => number) {
    this.#limit = limit
    this.#now = now
  }

  /** Seconds until this client may try again; 0: it may now. */
  secondsToWait(address: string): number {
    const window = this.#windows.get(clientOf(address))
    if (window === undefined || window.count < this.#limit) return 0
    return Math.max(0, Math.ceil((window.until - this.#now()) / 1000))
  }

  count(address: string): void {
    const client = clientOf(address)
    const window = this.#windows.get(client)
    if (window && window.until > this.#now()) {
      window.count++
      return
    }
    this.#windows.delete(client)
    if (this.#windows.size >= MAX_CLIENTS) {
      const oldest = this.#windows.keys().next().value
      if (oldest !== undefined) this.#windows.delete(oldest)
    }
    this.#windows.set(client, { count: 1, until: this.#now() + WINDOW_MS })
  }

  get clients(): number {
    return this.#windows.size
  }
}

/** An IPv6 customer has a whole /64 to choose addresses from; an address that is none stays short. */
export function clientOf(address: string): string {
  if (!isIPv6(address)) return address.slice(0, 45)
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped) return mapped[1] as string
  const [head = '', tail] = (address.toLowerCase().split('%', 1)[0] as string).split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail ? tail.split(':') : []
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const groups = [...before, ...new Array<string>(zeros).fill('0'), ...after].slice(0, 4)
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`
}
