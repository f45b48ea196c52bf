// The buffer in front of a drain: a bounded queue where the newest stay, the oldest go, and what went is counted.
// After heroku/logplex src/logplex_msg_buffer.erl. Pure.

export interface BufferedMessage<T> {
  item: T
  frame: Buffer
}

export interface Packet<T> {
  messages: BufferedMessage<T>[]
  /** Messages lost out of the buffer since the last packet. */
  lost: number
}

export class MessageBuffer<T> {
  #messages: BufferedMessage<T>[] = []
  #lost = 0
  #size: number
  readonly #onLost: (item: T) => void

  constructor(size: number, onLost: (item: T) => void) {
    this.#size = size
    this.#onLost = onLost
  }

  get length(): number {
    return this.#messages.length
  }

  push(message: BufferedMessage<T>): void {
    if (this.#messages.length >= this.#size) this.#lose(1)
    this.#messages.push(message)
  }

  /** Growing never hurts; shrinking loses the oldest. */
  resize(size: number): void {
    this.#size = size
    if (this.#messages.length > size) this.#lose(this.#messages.length - size)
  }

  /**
   * to_pkts/3: as many messages as stay below the target. A message that alone reaches the target (a "pig") is sent
   * all the same, after whatever was packed before it.
   */
  take(targetBytes: number): Packet<T> {
    let remaining = targetBytes
    let count = 0
    for (const { frame } of this.#messages) {
      remaining -= frame.length
      if (remaining > 0) {
        count++
        continue
      }
      if (frame.length >= targetBytes) count++
      break
    }
    const lost = this.#lost
    this.#lost = 0
    return { messages: this.#messages.splice(0, count), lost }
  }

  /** Empties the buffer without counting a loss: the drain is being stopped. */
  clear(): T[] {
    return this.#messages.splice(0).map(({ item }) => item)
  }

  #lose(count: number): void {
    for (const { item } of this.#messages.splice(0, count)) this.#onLost(item)
    this.#lost += count
  }
}
