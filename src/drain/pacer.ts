// Detects senders that are too slow. Time that a sender waits for us does not count.

export interface Pace {
  /** Time limit of the whole body. */
  timeoutMs: number
  /** After this, each period of `everyMs` must bring `leastBytes`. */
  graceMs: number
  everyMs: number
  leastBytes: number
}

export class Pacer {
  readonly #pace: Pace
  readonly #onSlow: () => void
  #timer: NodeJS.Timeout
  #since = performance.now()
  /** Before `since`. */
  #spentMs = 0
  #bytes = 0
  #isPaused = false

  constructor(pace: Pace, onSlow: () => void) {
    this.#pace = pace
    this.#onSlow = onSlow
    this.#timer = this.#start(Math.min(pace.graceMs, pace.timeoutMs))
  }

  count(bytes: number): void {
    this.#bytes += bytes
  }

  pause(): void {
    this.stop()
    this.#spentMs += performance.now() - this.#since
  }

  resume(): void {
    this.#isPaused = false
    this.#since = performance.now()
    this.#bytes = 0
    this.#timer = this.#start(this.#pace.everyMs)
  }

  stop(): void {
    this.#isPaused = true
    clearTimeout(this.#timer)
  }

  #start(ms: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      // One turn later: after a block of this process, bytes that came meanwhile are read first.
      setImmediate(() => {
        if (!this.#isPaused && this.#timer === timer) this.#look()
      })
    }, ms)
    return timer
  }

  #look(): void {
    const { timeoutMs, everyMs, leastBytes } = this.#pace
    const leftMs = timeoutMs - this.#spentMs - (performance.now() - this.#since)
    if (leftMs <= 0 || this.#bytes < leastBytes) {
      this.#onSlow()
      return
    }
    this.#bytes = 0
    this.#timer = this.#start(Math.min(everyMs, leftMs))
  }
}
