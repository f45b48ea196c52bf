// One drain of one Logplex node: the bytes on the wire, and the reaction to each answer of the receiver. After heroku/logplex src/logplex_http_drain.erl and src/logplex_drain_buffer.erl; production is
// a closed successor that kept framing and headers, while the numbers below are certain for the published source only.
import { DrainConnection, type TryResult } from './drain-connection.ts'
import { encodeDrainRequest } from './drain-request.ts'
import { type DrainTarget, readDrainUrl } from './drain-url.ts'
import { encodeFrame, type SimLine } from './frame-encoder.ts'
import { MessageBuffer } from './message-buffer.ts'
import type { Random } from './random.ts'

export const LOGPLEX_DEFAULTS = {
  connectTimeoutMs: 3_000,
  requestTimeoutMs: 5_000,
  /** One try and http_frame_retries = 2. */
  triesPerFrame: 3,
  bufferMessages: 1_024,
  targetBytes: 102_400,
  /** The buffer of a drain that has failed for shrinkAfterMs. */
  shrunkMessages: 10,
  shrinkAfterMs: 300_000,
  reconnectMs: 10,
  maxReconnectSlot: 10,
  idleMs: 144_000,
  idleFuzzMs: 15_000,
  maxTtlMs: 18_000_000,
}
export type LogplexSettings = typeof LOGPLEX_DEFAULTS

/** A frame that Logplex has finished with, and its result. */
export interface SettledFrame<L> {
  frameId: string
  /** The lines, without the L10 that Logplex adds. */
  lines: L[]
  /**
   * acknowledged: answered 2xx. refused: every try was answered with another status. ambiguous: at least one try had no
   * answer, so that the receiver may or may not have stored the lines.
   */
  result: 'acknowledged' | 'refused' | 'ambiguous'
  tries: TryResult[]
}

export interface LogplexDrainOptions<L extends SimLine = SimLine> {
  /** The log_drain_url of the add-on's answer. */
  url: string
  /** d.<uuid> */
  token: string
  random: Random
  /** Milliseconds since 1970. */
  clock?: () => number
  /** An origin to connect to instead of that of `url`, which stays in the Host header. For development. */
  deliverTo?: string
  userAgent?: string
  /** The wording of the L10: that of the published source, or that of production. */
  overflowWording?: 'published' | 'production'
  settings?: Partial<LogplexSettings>
  /** 32 upper-case hex digits, new for each frame. */
  frameId?: () => string
  onSettled?: (frame: SettledFrame<L>) => void
  /** A line that the full buffer dropped before it was sent. */
  onOverflow?: (line: L) => void
}

interface Frame<L> {
  id: string
  lines: L[]
  frames: Buffer[]
  lost: number
  triesLeft: number
  tries: TryResult[]
}

/**
 * State machine. The buffer has a mode, as in logplex_drain_buffer.erl:
 *   notify   empty; the next line wakes the drain.
 *   passive  collects lines; the drain is connecting, sending or waiting to reconnect.
 *   active   empty and connected; the next line is sent at once, alone.
 * The drain is disconnected, waiting for its reconnect timer, or connected. `#run` is the one flow that connects and
 * sends; it is under way only in mode passive and ends by going active (nothing left) or by `#fail` (reconnect).
 * There is never more than one request in flight and nothing lingers: what gathered during a request is the next one.
 */
export class LogplexDrain<L extends SimLine = SimLine> {
  /** In lines, except for requests, retries and connects. */
  readonly counts = {
    sent: 0,
    acknowledged: 0,
    dropped: 0,
    overflowed: 0,
    requests: 0,
    retried: 0,
    connects: 0,
    failedConnects: 0,
  }
  readonly token: string
  readonly #options: LogplexDrainOptions<L>
  readonly #settings: LogplexSettings
  readonly #target: DrainTarget
  readonly #dialled: DrainTarget
  readonly #clock: () => number
  readonly #buffer: MessageBuffer<L>
  #mode: 'notify' | 'passive' | 'active' = 'notify'
  readonly #queue: Frame<L>[] = []
  #inFlight: Frame<L> | null = null
  #connection: DrainConnection | null = null
  #connectedAt = 0
  #failedConnects = 0
  #reconnectTimer: NodeJS.Timeout | undefined
  #closeTimer: NodeJS.Timeout | undefined
  #isCloseDue = false
  /** Lines of dropped frames that no L10 has reported yet, and since when. */
  #dropped: { since: number; lines: number } | null = null
  #lastGoodAt: number | null = null
  #isShrunk = false
  #isStopped = false
  #idleWaiters: (() => void)[] = []

  constructor(options: LogplexDrainOptions<L>) {
    this.#options = options
    this.#settings = { ...LOGPLEX_DEFAULTS, ...options.settings }
    this.#target = readDrainUrl(options.url)
    this.#dialled = options.deliverTo === undefined ? this.#target : readDrainUrl(options.deliverTo)
    this.token = options.token
    this.#clock = options.clock ?? Date.now
    this.#buffer = new MessageBuffer(this.#settings.bufferMessages, (line) => {
      this.counts.overflowed++
      options.onOverflow?.(line)
    })
  }

  /** Queues a line without waiting: a full buffer drops its oldest line. */
  push(line: L): void {
    if (this.#isStopped) return
    this.#buffer.push({ item: line, frame: encodeFrame(line) })
    if (this.#mode === 'passive') return
    if (this.#mode === 'active') this.#takeFrame()
    this.#mode = 'passive'
    this.#start()
  }

  /** Resolves once every line so far is settled or lost. */
  whenIdle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve()
    return new Promise((resolve) => this.#idleWaiters.push(resolve))
  }

  /** Closes at once, like a node that is shut down. Returns the lines that were never sent. */
  stop(): { unsent: L[] } {
    if (this.#isStopped) return { unsent: [] }
    this.#isStopped = true
    clearTimeout(this.#reconnectTimer)
    this.#disconnect()
    const unsent: L[] = []
    const frames = [...(this.#inFlight === null ? [] : [this.#inFlight]), ...this.#queue.splice(0)]
    for (const frame of frames) {
      if (frame === this.#inFlight) frame.tries.push({ kind: 'broken', reason: 'drain stopped' })
      if (frame.tries.length === 0) unsent.push(...frame.lines)
      else this.#settle(frame)
    }
    this.#inFlight = null
    unsent.push(...this.#buffer.clear())
    this.#mode = 'notify'
    this.#announceIdle()
    return { unsent }
  }

  #start(): void {
    clearTimeout(this.#reconnectTimer)
    this.#run().catch((error: unknown) => {
      // Nothing in #run throws on what a receiver does.
      queueMicrotask(() => {
        throw error
      })
    })
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      if (this.#connection === null && !(await this.#connect())) return this.#fail()
      if (this.#isStopped || this.#connection === null) return

      const frame = this.#queue.shift()
      if (frame !== undefined) {
        const canGoOn = await this.#send(frame, this.#connection)
        if (!canGoOn) return this.#fail()
        if (this.#isCloseDue) this.#closeIfDue()
      } else if (this.#buffer.length > 0) {
        this.#takeFrame()
      } else {
        this.#mode = 'active'
        return this.#announceIdle()
      }
    }
  }

  async #connect(): Promise<boolean> {
    try {
      const connection = await DrainConnection.open(this.#dialled, this.#settings.connectTimeoutMs)
      if (this.#isStopped) {
        connection.close()
        return true
      }
      this.#connection = connection
      this.counts.connects++
      this.#failedConnects = 0
      this.#connectedAt = this.#clock()
      this.#startCloseTimer()
      return true
    } catch {
      this.counts.failedConnects++
      return false
    }
  }

  #takeFrame(): void {
    const { messages, lost } = this.#buffer.take(this.#settings.targetBytes)
    const id = this.#options.frameId ?? (() => this.#options.random.hex(32).toUpperCase())
    this.#queue.push({
      // MD5 of node, process and time, made when the batch is queued: the same on every try.
      id: id(),
      lines: messages.map(({ item }) => item),
      frames: messages.map(({ frame }) => frame),
      lost,
      triesLeft: this.#settings.triesPerFrame,
      tries: [],
    })
  }

  /** try_send/2 and handle_response_status/4. False: the connection is closed and the next one waits for the timer. */
  async #send(frame: Frame<L>, connection: DrainConnection): Promise<boolean> {
    this.counts.requests++
    if (frame.tries.length > 0) this.counts.retried++
    else this.counts.sent += frame.lines.length
    this.#inFlight = frame
    const result = await connection.request(this.#request(frame), this.#settings.requestTimeoutMs)
    if (this.#isStopped) return true
    this.#inFlight = null
    frame.tries.push(result)

    if (result.kind === 'status' && result.status >= 200 && result.status < 300) {
      this.#dropped = null
      this.#markGood()
      this.#settle(frame)
      return true
    }
    if (result.kind === 'status' && result.status >= 400 && result.status < 500 && result.status !== 429) {
      this.#drop(frame)
      return true
    }
    frame.triesLeft--
    if (frame.triesLeft > 0) this.#queue.unshift(frame)
    else this.#drop(frame)
    return false
  }

  #request(frame: Frame<L>): Buffer {
    const now = this.#clock()
    return encodeDrainRequest({
      target: this.#target,
      drainToken: this.token,
      frameId: frame.id,
      userAgent: this.#options.userAgent ?? 'Logplex/v74',
      frames: frame.frames,
      lost: frame.lost + (this.#dropped?.lines ?? 0),
      lostSince: this.#dropped?.since ?? now,
      overflowWording: this.#options.overflowWording ?? 'published',
      now,
    })
  }

  #drop(frame: Frame<L>): void {
    this.#dropped ??= { since: this.#clock(), lines: 0 }
    this.#dropped.lines += frame.lines.length + frame.lost
    this.counts.dropped += frame.lines.length
    this.#settle(frame)
  }

  #settle(frame: Frame<L>): void {
    const last = frame.tries.at(-1)
    let result: SettledFrame<L>['result'] = 'refused'
    if (last?.kind === 'status' && last.status >= 200 && last.status < 300) result = 'acknowledged'
    else if (frame.tries.some(({ kind }) => kind !== 'status')) result = 'ambiguous'
    if (result === 'acknowledged') this.counts.acknowledged += frame.lines.length
    this.#options.onSettled?.({ frameId: frame.id, lines: frame.lines, result, tries: frame.tries })
  }

  /** http_fail/1: always closes, and always waits for the timer, whose first delay is 0. */
  #fail(): void {
    if (this.#isStopped) return
    this.#disconnect()
    this.#shrinkIfFailing()
    const delayMs = this.#backoffMs()
    this.#failedConnects++
    this.#reconnectTimer = setTimeout(() => this.#reconnect(), delayMs)
  }

  #reconnect(): void {
    if (this.#queue.length > 0 || this.#buffer.length > 0) {
      this.#start()
    } else {
      this.#mode = 'notify'
      this.#announceIdle()
    }
  }

  /** backoff_slot/1: 10 ms x trunc((2^rand(1..n) - 1) / 2). A successful connect resets the count. */
  #backoffMs(): number {
    if (this.#failedConnects === 0) return 0
    const slot = Math.min(this.#settings.maxReconnectSlot, this.#failedConnects)
    return this.#settings.reconnectMs * Math.trunc((2 ** this.#options.random.int(1, slot) - 1) / 2)
  }

  #markGood(): void {
    this.#lastGoodAt = this.#clock()
    if (this.#isShrunk) this.#buffer.resize(this.#settings.bufferMessages)
    this.#isShrunk = false
  }

  /** maybe_shrink/1. A drain that never succeeded since it was idle does not shrink: that clause only sets a flag. */
  #shrinkIfFailing(): void {
    if (this.#isShrunk || this.#lastGoodAt === null) return
    if (this.#clock() - this.#lastGoodAt <= this.#settings.shrinkAfterMs) return
    this.#isShrunk = true
    this.#buffer.resize(this.#settings.shrunkMessages)
  }

  #startCloseTimer(): void {
    clearTimeout(this.#closeTimer)
    const { idleMs, idleFuzzMs } = this.#settings
    this.#isCloseDue = false
    this.#closeTimer = setTimeout(
      () => {
        this.#isCloseDue = true
        if (this.#inFlight === null) this.#closeIfDue()
      },
      idleMs + this.#options.random.int(1, Math.max(1, idleFuzzMs)),
    )
    this.#closeTimer.unref()
  }

  /** handle_close_timeout_msg/2: closes a connection that is idle or too old, else checks again later. */
  #closeIfDue(): void {
    const now = this.#clock()
    if (now - (this.#lastGoodAt ?? this.#connectedAt) > this.#settings.idleMs) {
      this.#disconnect()
      this.#lastGoodAt = null
    } else if (now - this.#connectedAt > this.#settings.maxTtlMs) {
      this.#disconnect()
    } else {
      this.#startCloseTimer()
    }
  }

  #disconnect(): void {
    clearTimeout(this.#closeTimer)
    this.#isCloseDue = false
    this.#connection?.close()
    this.#connection = null
  }

  #isIdle(): boolean {
    return (
      this.#isStopped || (this.#mode !== 'passive' && this.#queue.length === 0 && this.#buffer.length === 0)
    )
  }

  #announceIdle(): void {
    for (const resolve of this.#idleWaiters.splice(0)) resolve()
  }
}
