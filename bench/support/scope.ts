// What a benchmark opens, closed in the reverse order, whether it ends well, throws or is interrupted.

export class Scope {
  readonly #closers: (() => unknown)[] = []
  #closing: Promise<void> = Promise.resolve()
  static #hasEnded = false

  /** Hands the value through. @throws where the run was interrupted; then the value is closed at once */
  add<T>(value: T, close: (value: T) => unknown): T {
    this.#closers.push(() => close(value))
    if (!Scope.#hasEnded) return value
    void this.close()
    throw new Error('interrupted')
  }

  /** Closes all of it, and whatever any scope is given from now on. */
  end(): Promise<void> {
    Scope.#hasEnded = true
    return this.close()
  }

  /** Closes all of it, even where some of it cannot be closed. May be called again, also while it closes. */
  close(): Promise<void> {
    this.#closing = this.#closing.then(() => this.#closeAll())
    return this.#closing
  }

  async #closeAll(): Promise<void> {
    for (let close = this.#closers.pop(); close; close = this.#closers.pop()) {
      try {
        await close()
      } catch (error) {
        process.stderr.write(`while tidying up: ${(error as Error).message}\n`)
      }
    }
  }
}
