// Parses HTTP responses as Logplex's client does (heroku/logplex src/cowboy_client.erl), which knows only Content-Length.
// It leaves a chunked body in the buffer and reads it as the next status line, so a receiver must not answer chunked. Pure.

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3}) /

export class ResponseReader {
  #buffer = Buffer.alloc(0)
  #bodyLeft = 0

  feed(bytes: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, bytes])
  }

  /** Drops the rest of the last body before the next request; false while bytes are missing. */
  skipBody(): boolean {
    const skipped = Math.min(this.#bodyLeft, this.#buffer.length)
    this.#buffer = this.#buffer.subarray(skipped)
    this.#bodyLeft -= skipped
    return this.#bodyLeft === 0
  }

  /**
   * The status of the next response once its header is complete, else null.
   *
   * @throws Error on what has no clause in cowboy_client: the client process crashes and the drain tries again.
   */
  readStatus(): number | null {
    let start = 0
    let status: number | null = null
    let bodyLeft = 0
    for (;;) {
      const end = this.#buffer.indexOf('\r\n', start)
      if (end === -1) return null
      const line = this.#buffer.toString('latin1', start, end)
      start = end + 2
      if (status === null) {
        const parts = STATUS_LINE.exec(line)
        if (parts === null) throw new Error(`not a status line: ${JSON.stringify(line)}`)
        status = Number(parts[1])
      } else if (line === '') {
        this.#buffer = this.#buffer.subarray(start)
        this.#bodyLeft = bodyLeft
        return status
      } else {
        bodyLeft = contentLength(line) ?? bodyLeft
      }
    }
  }
}

function contentLength(line: string): number | undefined {
  const [, name, value = ''] = /^([^:]*): ?(.*)$/s.exec(line) ?? []
  if (name === undefined) throw new Error(`not a header: ${JSON.stringify(line)}`)
  if (name.toLowerCase() !== 'content-length') return undefined
  // list_to_integer takes no spaces, and a negative length has no clause.
  if (!/^\+?\d+$/.test(value)) throw new Error(`not a length: ${JSON.stringify(value)}`)
  return Number(value)
}
