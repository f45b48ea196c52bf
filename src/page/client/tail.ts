// The live end of the logs, over server-sent events. What arrives is handed on once a frame, however many events there
// were, so that a burst costs one drawing. Reconnects: by the browser while it can, which resumes without a hole for a
// short while; otherwise from the start, and the caller is told to check for one.
import type { Line } from '../reading/line.ts'
import { ApiError, address, get, listen } from './api.ts'
import { gapText } from './gap-text.ts'

export interface TailHandlers {
  /** The newest lines of history, oldest first: at the start, and again where a connection could not be resumed. */
  onHistory(lines: Line[], older: string | null): void
  onLines(lines: Line[]): void
  onSkipped(lines: number, from: string, to: string): void
  onGap(text: string, lines: number, minute: string): void
  onStatus(): void
  onSessionOver(): void
}

export type Connection = 'connecting' | 'open' | 'waiting' | 'ended'

export interface TailStatus {
  connection: Connection
  /** Milliseconds since 1970 by this browser's clock; null before any. */
  lastReceivedAt: number | null
  linesPerSecond: number
}

interface LinesEvent {
  lines: Line[]
  older?: string | null
}
interface Pulse {
  last_received_at: string | null
  lines_per_second: number
  server_time: string
}

const HISTORY_LINES = 200
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000]
/** Three pulses missed: the connection is dead, whatever the browser believes. */
const SILENCE_MS = 15_000
/** A background tab draws no frames; then lines are handed on by this clock. */
const HIDDEN_MS = 1_000

export class Tail {
  readonly status: TailStatus = { connection: 'connecting', lastReceivedAt: null, linesPerSecond: 0 }
  readonly #q: string
  readonly #handlers: TailHandlers
  #closeSource: (() => void) | null = null
  #waiting: Line[] = []
  #frame = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #watchdog: ReturnType<typeof setTimeout> | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  #tries = 0
  /** Where the service can go on for a connection that takes the place of this one. */
  #position = ''
  #isClosed = false

  constructor(q: string, handlers: TailHandlers) {
    this.#q = q
    this.#handlers = handlers
  }

  open(): void {
    if (this.#isClosed) return
    this.#closeSource?.()
    this.#setConnection('connecting')
    this.#alive()
    this.#closeSource = listen(
      address('/tail', { q: this.#q, last: HISTORY_LINES, since: this.#position }),
      {
        lines: (event: LinesEvent, id: string) => {
          this.#position = id
          this.#lines(event)
        },
        skipped: (event: { lines: number; from: string; to: string }) => {
          this.#alive()
          this.#flush()
          this.#handlers.onSkipped(event.lines, event.from, event.to)
        },
        gap: (event: { kind: string; lines: number; minute: string }) => {
          this.#alive()
          this.#flush()
          this.#handlers.onGap(gapText(event.kind, event.lines), event.lines, event.minute)
        },
        pulse: (pulse: Pulse, id: string) => {
          this.#position = id
          this.#pulse(pulse)
        },
        end: ({ reason }: { reason: string }) => {
          this.#flush()
          if (reason === 'signed_out') this.#over()
          else this.#again()
        },
      },
      { onBroken: () => void this.#broken(), onWaiting: () => this.#setConnection('waiting') },
    )
  }

  close(): void {
    this.#isClosed = true
    this.#closeSource?.()
    cancelAnimationFrame(this.#frame)
    clearTimeout(this.#timer)
    clearTimeout(this.#retry)
    clearTimeout(this.#watchdog)
  }

  #lines(event: LinesEvent): void {
    this.#alive()
    this.#tries = 0
    this.#setConnection('open')
    if (event.older !== undefined) {
      this.#flush()
      // Until the first pulse tells better, by this browser's clock.
      const last = event.lines.at(-1)
      if (last !== undefined) this.status.lastReceivedAt ??= Date.parse(last.received_at)
      this.#handlers.onHistory(event.lines, event.older)
      return
    }
    if (event.lines.length > 0) this.status.lastReceivedAt = Date.now()
    for (const line of event.lines) this.#waiting.push(line)
    if (this.#frame !== 0) return
    this.#frame = requestAnimationFrame(() => this.#flush())
    this.#timer = setTimeout(() => this.#flush(), HIDDEN_MS)
  }

  #flush(): void {
    cancelAnimationFrame(this.#frame)
    clearTimeout(this.#timer)
    this.#frame = 0
    if (this.#waiting.length > 0) this.#handlers.onLines(this.#waiting.splice(0))
  }

  #pulse(pulse: Pulse): void {
    this.#alive()
    this.#setConnection('open')
    // By the service's own clock, so that a wrong one here does not matter.
    if (pulse.last_received_at !== null) {
      const age = Date.parse(pulse.server_time) - Date.parse(pulse.last_received_at)
      this.status.lastReceivedAt = Date.now() - Math.max(0, age)
    }
    this.status.linesPerSecond = pulse.lines_per_second
    this.#handlers.onStatus()
  }

  #alive(): void {
    clearTimeout(this.#watchdog)
    this.#watchdog = setTimeout(() => this.open(), SILENCE_MS)
  }

  /** Refused, or not what it should be: why, tells an ordinary request. */
  async #broken(): Promise<void> {
    this.#setConnection('waiting')
    try {
      await get('/about')
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return this.#over()
    }
    this.#again()
  }

  #again(): void {
    if (this.#isClosed) return
    this.#closeSource?.()
    this.#setConnection('waiting')
    clearTimeout(this.#watchdog)
    clearTimeout(this.#retry)
    const wait = RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)]
    this.#retry = setTimeout(() => this.open(), wait)
  }

  #over(): void {
    if (this.#isClosed) return
    this.close()
    this.#setConnection('ended')
    this.#handlers.onSessionOver()
  }

  #setConnection(connection: Connection): void {
    if (this.status.connection === connection) return
    this.status.connection = connection
    this.#handlers.onStatus()
  }
}
