// One connection of a drain to its receiver: a bare socket, because Node's own client would add headers, read chunked
// bodies and notice a closed connection early. Logplex does none of these (heroku/logplex src/logplex_http_client.erl).
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { DrainTarget } from './drain-url.ts'
import { ResponseReader } from './response-reader.ts'

/** The result of one try. Only a status says what the receiver did. */
export type TryResult =
  | { kind: 'status'; status: number }
  | { kind: 'timeout' }
  | { kind: 'broken'; reason: string }

export class DrainConnection {
  readonly #socket: Socket
  readonly #reader = new ResponseReader()
  #closedReason: string | null = null
  #onActivity: () => void = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes) => {
      this.#reader.feed(bytes)
      this.#onActivity()
    })
    const closed = (reason: string) => {
      this.#closedReason ??= reason
      this.#onActivity()
    }
    socket.on('error', (error) => closed(error.message))
    socket.on('end', () => closed('closed'))
    socket.on('close', () => closed('closed'))
  }

  /** @throws Error if the connection is refused or times out. Neither uses up a try of the frame. */
  static open(target: DrainTarget, timeoutMs: number): Promise<DrainConnection> {
    return new Promise((resolve, reject) => {
      const socket = dial(target)
      const connection = new DrainConnection(socket)
      const settle = (failure: string | null) => {
        clearTimeout(timer)
        connection.#onActivity = () => {}
        if (failure === null) return resolve(connection)
        socket.destroy()
        reject(new Error(failure))
      }
      const timer = setTimeout(() => settle('connect timeout'), timeoutMs)
      connection.#onActivity = () => {
        if (connection.#closedReason !== null) settle(connection.#closedReason)
      }
      socket.once(target.tls ? 'secureConnect' : 'connect', () => settle(null))
    })
  }

  /**
   * Sends one request and waits for its status. A connection that the receiver closed meanwhile is only found out
   * here: Logplex reads its socket only while it waits for an answer, so the discovery costs a try.
   */
  request(bytes: Buffer, timeoutMs: number): Promise<TryResult> {
    return new Promise((resolve) => {
      let isSent = false
      const settle = (result: TryResult) => {
        clearTimeout(timer)
        this.#onActivity = () => {}
        resolve(result)
      }
      const timer = setTimeout(() => settle({ kind: 'timeout' }), timeoutMs)
      this.#onActivity = () => {
        try {
          if (!isSent && this.#reader.skipBody()) {
            isSent = true
            if (this.#socket.writable) this.#socket.write(bytes)
          }
          const status = isSent ? this.#reader.readStatus() : null
          if (status !== null) settle({ kind: 'status', status })
          else if (this.#closedReason !== null) settle({ kind: 'broken', reason: this.#closedReason })
        } catch (error) {
          settle({ kind: 'broken', reason: (error as Error).message })
        }
      }
      this.#onActivity()
    })
  }

  close(): void {
    this.#socket.destroy()
  }
}

/** IPv4 only, and no certificate is checked: no `inet6` and no verify option is passed (cowboy_client:connect/4). */
function dial({ tls, host, port }: DrainTarget): Socket {
  const peer = { host, port, family: 4, noDelay: true }
  if (!tls) return connectTcp({ ...peer, allowHalfOpen: true })
  return connectTls({ ...peer, rejectUnauthorized: false, ...(isIP(host) === 0 && { servername: host }) })
}
