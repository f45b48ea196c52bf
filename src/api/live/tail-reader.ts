// One live reader: what was committed comes in, what he searches goes out.
//
// Both ends are bounded. Lines that wait to be looked at are at most MAX_WAITING_LINES, and what he has not fetched at
// most MAX_OUTGOING_BYTES; what is beyond is skipped, and he is told how many and from when as soon as there is room.
import type { LogLine } from '../../logplex/framed-line.ts'
import { asSkipped, joinSkipped, type SkippedLines, type TailPart } from '../../logs/log-tail.ts'
import { Outgoing } from './event-stream.ts'
import type { SharedLines } from './shared-lines.ts'
import type { TailCounters } from './tail-counters.ts'
import type { Pulse, TailForm, ToldGap } from './tail-form.ts'

const MAX_WAITING_LINES = 5_000
const MAX_OUTGOING_BYTES = 1_000_000
/** Lines in one event: about as many as a screen or two. */
const MAX_EVENT_LINES = 250
/** `lines_per_second` is of the last so many pulses. */
const RATE_PULSES = 5

export interface TailReaderParts {
  form: TailForm
  matches(line: LogLine): boolean
  shared(): SharedLines
  counters: TailCounters
  lastReceivedAt: string | null
}

export class TailReader {
  readonly out: Outgoing
  readonly #parts: TailReaderParts
  readonly #waiting: TailPart[] = []
  #waitingLines = 0
  /** Where in the first waiting part the next line is. */
  #next = 0
  #found: LogLine[] = []
  #skipped: SkippedLines | null = null
  #position: string
  #lastReceivedAt: string | null
  #linesSincePulse = 0
  readonly #rates: number[] = []

  constructor(parts: TailReaderParts, position: string) {
    this.#parts = parts
    this.#position = position
    this.#lastReceivedAt = parts.lastReceivedAt
    this.out = new Outgoing(MAX_OUTGOING_BYTES, () => this.#tellSkipped())
  }

  /** The past, with which he begins. */
  begin(lines: readonly LogLine[], older: string | null): void {
    const { form, shared } = this.#parts
    this.out.offer(form.lines(lines, shared().alone(), this.#position, older))
    this.#parts.counters.tailLines += lines.length
  }

  take(part: TailPart): void {
    this.#linesSincePulse += part.lines.length + (part.skipped?.lines ?? 0)
    for (const { receivedAt } of part.lines) {
      if (this.#lastReceivedAt === null || receivedAt > this.#lastReceivedAt)
        this.#lastReceivedAt = receivedAt
    }
    this.#skip(part.skipped)
    this.#waiting.push(part)
    this.#waitingLines += part.lines.length
    while (this.#waitingLines > MAX_WAITING_LINES && this.#waiting.length > 1) {
      const first = this.#waiting.shift() as TailPart
      this.#skip(asSkipped(first.lines.slice(this.#next)))
      this.#waitingLines -= first.lines.length
      this.#next = 0
    }
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Looks at what waits, until all is looked at or it is that late. */
  look(until: number): void {
    for (let part = this.#waiting[0]; part !== undefined; part = this.#waiting[0]) {
      while (this.#next < part.lines.length) {
        const line = part.lines[this.#next++] as LogLine
        if (this.#parts.matches(line)) this.#found.push(line)
        if (this.#found.length >= MAX_EVENT_LINES) this.#send()
        if (performance.now() >= until && this.#next < part.lines.length) return
      }
      this.#waiting.shift()
      this.#waitingLines -= part.lines.length
      this.#next = 0
      // Only now: a client that resumes from this position gets nothing of the part again.
      this.#position = part.position
      this.#send()
      if (performance.now() >= until) return
    }
  }

  gap(gap: ToldGap): void {
    this.out.offer(this.#parts.form.gap(gap))
  }

  pulse(now: Date, seconds: number): void {
    this.#tellSkipped()
    this.#rates.push(this.#linesSincePulse / seconds)
    this.#linesSincePulse = 0
    if (this.#rates.length > RATE_PULSES) this.#rates.shift()
    const rate = this.#rates.reduce((sum, each) => sum + each, 0) / this.#rates.length
    const pulse: Pulse = {
      last_received_at: this.#lastReceivedAt,
      lines_per_second: Math.round(rate * 10) / 10,
      server_time: now.toISOString(),
    }
    // Says nothing new to one who has not even fetched what there is.
    if (this.out.readableLength === 0) this.out.offer(this.#parts.form.pulse(pulse, this.#position))
  }

  end(reason: string): void {
    this.#tellSkipped()
    this.out.finish(this.#parts.form.end(reason))
  }

  #send(): void {
    const lines = this.#found
    if (lines.length === 0) return
    this.#found = []
    const { form, shared, counters } = this.#parts
    this.#tellSkipped()
    if (this.#skipped === null && this.out.offer(form.lines(lines, shared(), this.#position))) {
      counters.tailLines += lines.length
    } else {
      this.#skip(asSkipped(lines))
    }
  }

  #skip(skipped: SkippedLines | null): void {
    this.#parts.counters.tailSkipped += skipped?.lines ?? 0
    this.#skipped = joinSkipped(this.#skipped, skipped)
  }

  #tellSkipped(): void {
    if (this.#skipped === null || !this.out.offer(this.#parts.form.skipped(this.#skipped))) return
    this.#skipped = null
  }
}
