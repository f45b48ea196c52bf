// The two shapes of a log line: as it arrives, offsets into the bytes of a delivery, and as it is read back.
// The parser that makes the first and the store that makes the second do not know each other.

/**
 * One line of a delivery, as byte offsets into the delivery's body. Nothing is copied before the store encodes it.
 * Ends are exclusive; an absent field has start === end.
 */
export interface FramedLine {
  /** The frame without its octet count: `<190>1 …`. */
  start: number
  end: number
  /** Syslog PRI 0 to 191, or -1. */
  priority: number
  /** Microseconds since 1970, or NaN where the line carries no readable time. */
  sentAtMicros: number
  sourceStart: number
  sourceEnd: number
  processStart: number
  processEnd: number
  /** The message without its line end. */
  messageStart: number
  messageEnd: number
  /** How the frame was written; see frame-form.ts. */
  form: number
  /** True where the columns and `form` give the frame back byte for byte, so that its bytes need not be kept. */
  reproducible: boolean
  /** True where the whole frame is UTF-8 without NUL, so that its fields can be stored as text as they are. */
  isText: boolean
}

/** A line may say it was sent this much later than we received it; beyond, clocks lie and receipt counts. */
const MAX_AHEAD_MICROS = 3_600_000_000

/** Whether the time that a line carries is taken for the time it was sent; else that is the time of its receipt. */
export function isBelieved({ sentAtMicros }: FramedLine, receivedAtMicros: number): boolean {
  return sentAtMicros - receivedAtMicros <= MAX_AHEAD_MICROS
}

/** Lines in their order; an array is one, so are PackedLines. */
export interface LineList extends Iterable<FramedLine> {
  readonly length: number
  at(index: number): FramedLine | undefined
}

/** One line as it is read back. */
export interface LogLine {
  /** The line's place in the order; opaque outside the store. */
  cursor: string
  /** RFC 3339 with six digits and Z. */
  sentAt: string
  receivedAt: string
  /** The drain that brought it: stands for one attached app. */
  drainId: number
  priority: number | null
  source: string | null
  process: string | null
  message: string
  /** The frame as it came, without its octet count. */
  frame: Uint8Array
}
