// Lines of a delivery as rows of Postgres' binary COPY format (PostgreSQL manual: COPY, "Binary Format").
// The bytes of a message go from the request's body to the socket with one copy and without becoming a string.
import type { FramedLine } from '../line.ts'
import type { Delivery } from '../log-store.ts'

/** The columns in the order in which rows are written. */
export const COPY_COLUMNS = [
  'sent_at',
  'received_at',
  'resource_number',
  'drain_id',
  'priority',
  'form',
  'retention_days',
  'source',
  'process',
  'message',
  'original',
]

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const TRAILER = Buffer.from([0xff, 0xff])

/** Postgres counts microseconds from 2000-01-01. */
const POSTGRES_EPOCH_MICROS = 946_684_800_000_000
/** A line may say it was sent this much later than we received it; beyond, clocks lie and receipt counts. */
const MAX_AHEAD_MICROS = 3_600_000_000
const TWO_32 = 2 ** 32

// The fixed part of a row: field count, then length and value of the seven columns before the texts.
const SENT_AT = 6
const RECEIVED_AT = 18
const RESOURCE_NUMBER = 30
const DRAIN_ID = 38
const PRIORITY = 46
const FORM = 52
const RETENTION_DAYS = 58
const FIXED_BYTES = 60

const FIXED = Buffer.alloc(FIXED_BYTES)
FIXED.writeInt16BE(COPY_COLUMNS.length, 0)
for (const at of [SENT_AT, RECEIVED_AT]) FIXED.writeInt32BE(8, at - 4)
for (const at of [RESOURCE_NUMBER, DRAIN_ID]) FIXED.writeInt32BE(4, at - 4)
for (const at of [PRIORITY, FORM, RETENTION_DAYS]) FIXED.writeInt32BE(2, at - 4)

/** Encodes the deliveries as one complete COPY body. */
export function encodeCopy(deliveries: readonly Delivery[]): Buffer {
  const writer = new CopyWriter(estimateBytes(deliveries))
  writer.bytes(SIGNATURE, 0, SIGNATURE.length)
  for (const delivery of deliveries) {
    let receivedAt = delivery.receivedAtMicros
    for (const line of delivery.lines) writer.row(delivery, line, receivedAt++)
  }
  writer.bytes(TRAILER, 0, TRAILER.length)
  return writer.finish()
}

/** Enough for the usual; the writer grows for the rest. */
function estimateBytes(deliveries: readonly Delivery[]): number {
  let bytes = 64
  for (const { body, lines } of deliveries) bytes += body.length + lines.length * (FIXED_BYTES + 16)
  return bytes
}

class CopyWriter {
  #buffer: Buffer
  #at = 0

  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafe(capacity)
  }

  row(delivery: Delivery, line: FramedLine, receivedAtMicros: number): void {
    const { body } = delivery
    const believed = line.sentAtMicros - receivedAtMicros <= MAX_AHEAD_MICROS
    this.#reserve(FIXED_BYTES)
    const at = this.#at
    FIXED.copy(this.#buffer, at)
    this.#micros(at + SENT_AT, believed ? line.sentAtMicros : receivedAtMicros)
    this.#micros(at + RECEIVED_AT, receivedAtMicros)
    this.#buffer.writeInt32BE(delivery.resourceNumber, at + RESOURCE_NUMBER)
    this.#buffer.writeInt32BE(delivery.drainId, at + DRAIN_ID)
    this.#buffer.writeInt16BE(line.priority, at + PRIORITY)
    this.#buffer.writeInt16BE(line.form, at + FORM)
    this.#buffer.writeInt16BE(delivery.retentionDays, at + RETENTION_DAYS)
    this.#at += FIXED_BYTES
    this.#text(line, body, line.sourceStart, line.sourceEnd)
    this.#text(line, body, line.processStart, line.processEnd)
    this.#text(line, body, line.messageStart, line.messageEnd)
    if (line.reproducible && believed) this.#field(body, 0, 0)
    else this.#field(body, line.start, line.end)
  }

  bytes(source: Buffer, start: number, end: number): void {
    this.#reserve(end - start)
    source.copy(this.#buffer, this.#at, start, end)
    this.#at += end - start
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#at)
  }

  /** A text column. What Postgres cannot hold as text is shown by stand-ins; `original` has the bytes. */
  #text(line: FramedLine, body: Buffer, start: number, end: number): void {
    if (line.isText) {
      this.#field(body, start, end)
    } else {
      const shown = Buffer.from(body.toString('utf8', start, end).replaceAll('\0', '\u2400'))
      this.#field(shown, 0, shown.length)
    }
  }

  #field(source: Buffer, start: number, end: number): void {
    this.#reserve(4)
    this.#buffer.writeInt32BE(end - start, this.#at)
    this.#at += 4
    this.bytes(source, start, end)
  }

  #micros(at: number, micros: number): void {
    const sinceEpoch = micros - POSTGRES_EPOCH_MICROS
    this.#buffer.writeInt32BE(Math.floor(sinceEpoch / TWO_32), at)
    this.#buffer.writeInt32BE(sinceEpoch | 0, at + 4)
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}
