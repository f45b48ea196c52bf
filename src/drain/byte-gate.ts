// Bounds the bytes of bodies that are held at once: a delivery asks for room before its body is read, so that the
// rest waits in the senders' sockets and not in our memory.

interface Waiting {
  bytes: number
  enter: () => void
}

export class ByteGate {
  readonly limitBytes: number
  #held = 0
  readonly #waiting: Waiting[] = []

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get heldBytes(): number {
    return this.#held
  }

  /**
   * Waits for room, first come first served. True when the bytes are held: call `leave` with the same number later.
   * False when there was no room within `timeoutMs`. A body larger than the whole gate is let in alone.
   */
  enter(bytes: number, timeoutMs: number): Promise<boolean> {
    if (this.#waiting.length === 0 && this.#hasRoom(bytes)) {
      this.#held += bytes
      return Promise.resolve(true)
    }
    return new Promise((resolve) => {
      const waiting: Waiting = {
        bytes,
        enter: () => {
          clearTimeout(timer)
          resolve(true)
        },
      }
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        resolve(false)
        this.#admit()
      }, timeoutMs)
      this.#waiting.push(waiting)
    })
  }

  leave(bytes: number): void {
    this.#held -= bytes
    this.#admit()
  }

  #hasRoom(bytes: number): boolean {
    return this.#held === 0 || this.#held + bytes <= this.limitBytes
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && this.#hasRoom(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#held += next.bytes
      next.enter()
    }
  }
}
