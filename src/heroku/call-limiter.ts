// One limiter for every call to the Platform API: bounds calls in flight and calls waiting, and keeps to Heroku's rate.
// Whether Heroku counts its 4,500 calls an hour for each resource's token or for all of ours is not documented, so all
// resources share this limiter.
//
// Two kinds of callers: `urgent` ones have a delivery waiting, `background` ones retry later. Below a reserve the remaining
// calls are for urgent ones only.
import { HerokuError } from './heroku-error.ts'

export type Urgency = 'urgent' | 'background'

export interface CallLimiterOptions {
  callsAtOnce?: number
  /** For each kind of caller. */
  maxWaiting?: number
  now(): number
}

interface Waiting {
  start(): void
}

/** Calls left at Heroku; below this no background call starts. */
const RESERVE = 500
/** Below this every call waits for the refill of 75 a minute. */
const NEARLY_EMPTY = 20
const REFILL_MS = 800
const BACKGROUND_PAUSE_MS = 60_000
/** After a 429 without Retry-After. */
const DEFAULT_PAUSE_MS = 30_000
const LONGEST_PAUSE_MS = 600_000

export class CallLimiter {
  readonly #options: Required<CallLimiterOptions>
  readonly #waiting: Record<Urgency, Set<Waiting>> = { urgent: new Set(), background: new Set() }
  readonly #notBefore: Record<Urgency, number> = { urgent: 0, background: 0 }
  #inFlight = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: CallLimiterOptions) {
    this.#options = { callsAtOnce: 6, maxWaiting: 100, ...options }
  }

  get waiting(): number {
    return this.#waiting.urgent.size + this.#waiting.background.size
  }

  /** @throws HerokuError busy if too many calls wait; the signal's reason if it aborts before the start */
  async run<T>(urgency: Urgency, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(urgency, signal)
    try {
      return await work()
    } finally {
      this.#inFlight--
      this.#startNext()
    }
  }

  /** After a 429. */
  pause(retryAfter: string | null): void {
    const seconds = Number(retryAfter ?? Number.NaN)
    const at = Date.parse(retryAfter ?? '')
    const asked = Number.isFinite(seconds) ? seconds * 1_000 : at - this.#options.now()
    const pauseMs = Math.min(LONGEST_PAUSE_MS, Number.isFinite(asked) ? Math.max(0, asked) : DEFAULT_PAUSE_MS)
    this.#hold('urgent', pauseMs)
    this.#hold('background', pauseMs)
  }

  /** `RateLimit-Remaining` of any answer. */
  remaining(header: string | null): void {
    const left = header === null || header === '' ? Number.NaN : Number(header)
    if (left < RESERVE) this.#hold('background', BACKGROUND_PAUSE_MS)
    if (left < NEARLY_EMPTY) this.#hold('urgent', REFILL_MS)
  }

  #hold(urgency: Urgency, forMs: number): void {
    this.#notBefore[urgency] = Math.max(this.#notBefore[urgency], this.#options.now() + forMs)
  }

  #enter(urgency: Urgency, signal?: AbortSignal): Promise<void> {
    const queue = this.#waiting[urgency]
    if (queue.size >= this.#options.maxWaiting) {
      return Promise.reject(new HerokuError('busy', 'too many calls to the Platform API are waiting'))
    }
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const leave = () => {
        queue.delete(entry)
        reject(signal?.reason)
      }
      const entry = {
        start: () => {
          queue.delete(entry)
          signal?.removeEventListener('abort', leave)
          resolve()
        },
      }
      signal?.addEventListener('abort', leave, { once: true })
      queue.add(entry)
      this.#startNext()
    })
  }

  #startNext(): void {
    clearTimeout(this.#timer)
    const { callsAtOnce, now } = this.#options
    let nextAt = Number.POSITIVE_INFINITY
    for (const urgency of ['urgent', 'background'] as const) {
      for (const entry of this.#waiting[urgency]) {
        if (this.#inFlight >= callsAtOnce) return
        if (now() < this.#notBefore[urgency]) {
          nextAt = Math.min(nextAt, this.#notBefore[urgency])
          break
        }
        this.#inFlight++
        entry.start()
      }
    }
    if (nextAt === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => this.#startNext(), Math.max(1, nextAt - now()))
    this.#timer.unref()
  }
}
