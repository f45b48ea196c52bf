// log-shuttle, the other sender: in Shield Private Spaces it runs in the dyno and posts directly to the drain URL.
// No frame id, no drain token, no Content-Length, and structured data in every line. After heroku/log-shuttle
// (http_outlet.go, logplex_formatter.go, gzip_formatter.go).
import { Agent } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import { gzipSync } from 'node:zlib'
import { callHttp, type HttpCall, splitCredentials } from './http-call.ts'
import type { Random } from './random.ts'

export const LOG_SHUTTLE_DEFAULTS = {
  batchLines: 500,
  batchMs: 250,
  outlets: 4,
  /** Batches that may wait for an outlet; further lines are dropped and reported in an L12. */
  backBuffer: 50,
  attempts: 3,
  /** Multiplied by the number of the attempt. Real log-shuttle waits a tenth of it after an EOF. */
  retryMs: 1_000,
  timeoutMs: 5_000,
  maxLineBytes: 10_000,
}

export interface ShuttleLine {
  /** Microseconds since 1970. */
  sentAtMicros: number
  /** As read from the program, line end included. */
  text: string | Uint8Array
}

export interface SettledBatch {
  requestId: string
  lines: ShuttleLine[]
  /** Any status ends a batch, even 500: only a missing answer is retried. */
  result: { kind: 'status'; status: number } | { kind: 'lost' }
}

export interface LogShuttleOptions {
  url: string
  random: Random
  clock?: () => number
  gzip?: boolean
  deliverTo?: string
  userAgent?: string
  hostname?: string
  appName?: string
  processId?: string
  requestId?: () => string
  settings?: Partial<typeof LOG_SHUTTLE_DEFAULTS>
  onSettled?: (batch: SettledBatch) => void
}

interface Batch {
  id: string
  lines: ShuttleLine[]
}
type Loss = { count: number; since: number }

export class LogShuttle {
  readonly #options: LogShuttleOptions
  readonly #settings: typeof LOG_SHUTTLE_DEFAULTS
  readonly #clock: () => number
  readonly #agent: Agent
  #open: ShuttleLine[] = []
  #batchTimer: NodeJS.Timeout | undefined
  readonly #waiting: Batch[] = []
  #busyOutlets = 0
  #dropped: Loss = { count: 0, since: 0 }
  #lost: Loss = { count: 0, since: 0 }
  #idleWaiters: (() => void)[] = []

  constructor(options: LogShuttleOptions) {
    this.#options = options
    this.#settings = { ...LOG_SHUTTLE_DEFAULTS, ...options.settings }
    this.#clock = options.clock ?? Date.now
    const isTls = (options.deliverTo ?? options.url).startsWith('https:')
    this.#agent = new (isTls ? TlsAgent : Agent)({ keepAlive: true, maxSockets: this.#settings.outlets })
  }

  push(line: ShuttleLine): void {
    this.#open.push(line)
    if (this.#open.length >= this.#settings.batchLines) this.flush()
    else this.#batchTimer ??= setTimeout(() => this.flush(), this.#settings.batchMs)
  }

  /** Ends the open batch before it is full or 250 ms old. */
  flush(): void {
    clearTimeout(this.#batchTimer)
    this.#batchTimer = undefined
    const lines = this.#open.splice(0)
    if (lines.length === 0) return
    if (this.#waiting.length >= this.#settings.backBuffer) {
      this.#dropped = this.#addLoss(this.#dropped, lines.length)
      return
    }
    this.#waiting.push({ id: this.#options.requestId?.() ?? this.#options.random.uuid(), lines })
    this.#pump()
  }

  whenIdle(): Promise<void> {
    this.flush()
    if (this.#busyOutlets === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idleWaiters.push(resolve))
  }

  stop(): void {
    clearTimeout(this.#batchTimer)
    this.#waiting.length = 0
    this.#agent.destroy()
  }

  #pump(): void {
    if (this.#busyOutlets >= this.#settings.outlets) return
    const batch = this.#waiting.shift()
    if (batch === undefined) return
    this.#busyOutlets++
    void this.#post(batch).finally(() => {
      this.#busyOutlets--
      this.#pump()
      if (this.#busyOutlets === 0) for (const resolve of this.#idleWaiters.splice(0)) resolve()
    })
  }

  async #post(batch: Batch): Promise<void> {
    const losses = [this.#dropped, this.#lost]
    this.#dropped = { count: 0, since: 0 }
    this.#lost = { count: 0, since: 0 }
    const call = this.#call(batch, losses)
    for (let attempt = 1; attempt <= this.#settings.attempts; attempt++) {
      try {
        const { status } = await callHttp(call)
        this.#options.onSettled?.({
          requestId: batch.id,
          lines: batch.lines,
          result: { kind: 'status', status },
        })
        return
      } catch {
        if (attempt === this.#settings.attempts) break
        await new Promise((resolve) => setTimeout(resolve, attempt * this.#settings.retryMs))
      }
    }
    this.#lost = this.#addLoss(this.#lost, batch.lines.length)
    this.#options.onSettled?.({ requestId: batch.id, lines: batch.lines, result: { kind: 'lost' } })
  }

  /** Go writes its own header fields first, then the others in alphabetical order, then those of the transport. */
  #call(batch: Batch, [dropped, lost]: Loss[]): HttpCall {
    const { gzip, userAgent, deliverTo } = this.#options
    const { url, authorization } = splitCredentials(this.#options.url)
    const frames: Buffer[] = []
    if (dropped?.count) frames.push(this.#lossFrame('L12', 'dropped', dropped))
    if (lost?.count) frames.push(this.#lossFrame('L13', 'lost', lost))
    for (const line of batch.lines) frames.push(...this.#lineFrames(line))
    const headers: HttpCall['headers'] = [
      ['User-Agent', userAgent ?? 'log-shuttle/0.22.0 (go1.19.8; linux; amd64; gc)'],
      ['Transfer-Encoding', 'chunked'],
    ]
    if (authorization !== null) headers.push(['Authorization', authorization])
    if (gzip) headers.push(['Content-Encoding', 'gzip'])
    headers.push(['Content-Type', 'application/logplex-1'])
    if (dropped?.count) headers.push(['Logplex-Drop-Count', String(dropped.count)])
    if (lost?.count) headers.push(['Logplex-Lost-Count', String(lost.count)])
    headers.push(
      ['Logplex-Msg-Count', String(frames.length)],
      ['X-Request-Id', batch.id],
      ['Accept-Encoding', 'gzip'],
    )
    const body = gzip ? gzipPieces(Buffer.concat(frames)) : frames
    const { timeoutMs } = this.#settings
    return { method: 'POST', url, headers, body, timeoutMs, deliverTo, agent: this.#agent }
  }

  /** Lines over 10,000 bytes are split at a byte, even inside a character (splitLine). */
  #lineFrames({ sentAtMicros, text }: ShuttleLine): Buffer[] {
    const { hostname = 'shuttle', appName = 'token', processId = 'shuttle' } = this.#options
    const bytes = Buffer.from(text as Uint8Array)
    const head = `<190>1 ${sixDigits(sentAtMicros)} ${hostname} ${appName} ${processId} - - `
    const frames: Buffer[] = []
    for (let at = 0; at === 0 || at < bytes.length; at += this.#settings.maxLineBytes) {
      const piece = bytes.subarray(at, at + this.#settings.maxLineBytes)
      frames.push(Buffer.concat([Buffer.from(`${head.length + piece.length} ${head}`), piece]))
    }
    return frames
  }

  #lossFrame(code: string, what: string, { count, since }: Loss): Buffer {
    const { appName = 'token' } = this.#options
    const now = sixDigits(this.#clock() * 1_000)
    const message = `Error ${code}: ${count} messages ${what} since ${sixDigits(since * 1_000)}\n`
    const line = `<172>1 ${now} heroku ${appName} log-shuttle - - ${message}`
    return Buffer.from(`${line.length} ${line}`)
  }

  #addLoss(loss: Loss, count: number): Loss {
    return { count: loss.count + count, since: loss.count === 0 ? this.#clock() : loss.since }
  }
}

/** Go layout 2006-01-02T15:04:05.000000+00:00: always six digits. */
function sixDigits(micros: number): string {
  const seconds = new Date(Math.floor(micros / 1_000)).toISOString().slice(0, 19)
  return `${seconds}.${String(micros % 1_000_000).padStart(6, '0')}+00:00`
}

/** In the pieces that Go's gzip writer flushes: header without time and with system 255, data, trailer. */
function gzipPieces(body: Buffer): Buffer[] {
  const whole = gzipSync(body)
  const header = Buffer.from(whole.subarray(0, 10))
  header[9] = 255
  return [header, whole.subarray(10, -8), whole.subarray(-8)]
}
