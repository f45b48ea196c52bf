// Batches settlements: fifty streams that finish within 100 ms are one statement, and none waits longer for a slow receiver.
import type { Settlement } from '../stream-store.ts'

export interface SettlingParts {
  /** Never rejects. */
  write(settlements: readonly Settlement[]): Promise<void>
  /** Streams in flight, those that are settling included. */
  underWay(): number
}

const GATHER_MS = 100

interface Waiting {
  settlement: Settlement
  resolve(): void
}

export class Settling {
  readonly #parts: SettlingParts
  #waiting: Waiting[] = []
  /** Streams whose settlements are in the statement in flight. */
  #writing = 0
  #timer: NodeJS.Timeout | undefined

  constructor(parts: SettlingParts) {
    this.#parts = parts
  }

  /** Resolves once the statement has succeeded or failed. */
  settle(settlement: Settlement): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ settlement, resolve })
      if (this.#waiting.length >= this.#parts.underWay() - this.#writing) void this.#write()
      else this.#timer ??= setTimeout(() => void this.#write(), GATHER_MS)
    })
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const written = this.#waiting
    this.#waiting = []
    this.#writing += written.length
    await this.#parts.write(written.map(({ settlement }) => settlement))
    this.#writing -= written.length
    for (const { resolve } of written) resolve()
  }
}
