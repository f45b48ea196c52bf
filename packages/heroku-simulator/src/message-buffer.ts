// The buffer of a drain: a bounded queue that drops its oldest messages and counts them. After heroku/logplex src/logplex_msg_buffer.erl. Pure.

export interface BufferedMessage<T> {
  item: T
  frame: Buffer
}

export interface Packet<T> {
  messages: BufferedMessage<T>[]
  /** Messages that the buffer dropped since the last packet. */
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

  /** Shrinking drops the oldest messages. */
  resize(size: number): void {
    this.#size = size
    if (this.#messages.length > size) this.#lose(this.#messages.length - size)
  }

  /**
   * to_pkts/3: as many messages as stay below the target. A message that alone reaches the target (a "pig") is also
   * sent, after those packed before it.
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

  /** Empties the buffer of a drain that stops, without counting a loss. */
  clear(): T[] {
    return this.#messages.splice(0).map(({ item }) => item)
  }

  #lose(count: number): void {
    for (const { item } of this.#messages.splice(0, count)) this.#onLost(item)
    this.#lost += count
  }
}
