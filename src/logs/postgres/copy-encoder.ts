// Lines of a delivery as rows of Postgres' binary COPY format (PostgreSQL manual: COPY, "Binary Format").
// The bytes of a message go from the request's body to the socket with one copy and without becoming a string.
import { type FramedLine, isBelieved } from '../../logplex/framed-line.ts'
import type { SlicedWork } from '../../time-slices.ts'
import type { Delivery } from '../log-store.ts'
import { type RowWriter, rowEncoding } from '../row-encoding.ts'
import { pieces, shownBytes, textPieces } from '../shown-text.ts'

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
const TWO_32 = 2 ** 32

// The fixed part of a row: the number of columns, then length and value of the seven before the texts. Each of these is
// where the value stands; its length is in the four bytes before it.
const SENT_AT = 6
const RECEIVED_AT = 18
const RESOURCE_NUMBER = 30
const DRAIN_ID = 38
const PRIORITY = 46
const FORM = 52
const RETENTION_DAYS = 58
const FIXED_BYTES = 60

/**
 * Encodes the deliveries as one complete COPY body, into `buffer` if it is large enough. The body is a part of the
 * buffer it was encoded into.
 */
export function encodeCopy(deliveries: readonly Delivery[], buffer?: Buffer): SlicedWork<Buffer> {
  const wanted = estimateBytes(deliveries)
  const writer = new CopyWriter(buffer && buffer.length >= wanted ? buffer : Buffer.allocUnsafeSlow(wanted))
  writer.bytes(SIGNATURE)
  return rowEncoding(deliveries, writer, () => {
    writer.bytes(TRAILER)
    return writer.finish()
  })
}

/** Enough for the usual; the writer grows for the rest. */
function estimateBytes(deliveries: readonly Delivery[]): number {
  let bytes = 64
  for (const { body, lines } of deliveries) bytes += body.length + lines.length * (FIXED_BYTES + 16)
  return bytes
}

// Written through a DataView, whose setters the compiler turns into single stores: two to five times as fast as bytes or
// Buffer's methods (docs/decisions/0004-group-commit.md).
class CopyWriter implements RowWriter {
  #buffer: Buffer
  #view: DataView
  #at = 0

  constructor(buffer: Buffer) {
    this.#buffer = buffer
    this.#view = viewOf(buffer)
  }

  row(delivery: Delivery, line: FramedLine, receivedAtMicros: number): void {
    const { body } = delivery
    // Four texts or bytes with their lengths; a message that is no text may grow threefold.
    this.#reserve(FIXED_BYTES + 16 + (line.end - line.start) * 4)
    const believed = this.#fixed(delivery, line, receivedAtMicros)
    this.#text(line, body, line.sourceStart, line.sourceEnd)
    this.#text(line, body, line.processStart, line.processEnd)
    this.#text(line, body, line.messageStart, line.messageEnd)
    if (line.reproducible && believed) this.#field(body, 0, 0)
    else this.#field(body, line.start, line.end)
  }

  *largeRow(delivery: Delivery, line: FramedLine, receivedAtMicros: number): Generator<void> {
    const { body } = delivery
    this.#reserve(FIXED_BYTES)
    const believed = this.#fixed(delivery, line, receivedAtMicros)
    yield* this.#largeField(textPieces(line, body, line.sourceStart, line.sourceEnd))
    yield* this.#largeField(textPieces(line, body, line.processStart, line.processEnd))
    yield* this.#largeField(textPieces(line, body, line.messageStart, line.messageEnd))
    const end = line.reproducible && believed ? line.start : line.end
    yield* this.#largeField(pieces(body, line.start, end))
  }

  /** All but the texts; whether the time of sending is believed. */
  #fixed(delivery: Delivery, line: FramedLine, receivedAtMicros: number): boolean {
    const believed = isBelieved(line, receivedAtMicros)
    const view = this.#view
    const at = this.#at
    view.setInt16(at, COPY_COLUMNS.length)
    view.setInt32(at + SENT_AT - 4, 8)
    setMicros(view, at + SENT_AT, believed ? line.sentAtMicros : receivedAtMicros)
    view.setInt32(at + RECEIVED_AT - 4, 8)
    setMicros(view, at + RECEIVED_AT, receivedAtMicros)
    view.setInt32(at + RESOURCE_NUMBER - 4, 4)
    view.setInt32(at + RESOURCE_NUMBER, delivery.resourceNumber)
    view.setInt32(at + DRAIN_ID - 4, 4)
    view.setInt32(at + DRAIN_ID, delivery.drainId)
    view.setInt32(at + PRIORITY - 4, 2)
    view.setInt16(at + PRIORITY, line.priority)
    view.setInt32(at + FORM - 4, 2)
    view.setInt16(at + FORM, line.form)
    view.setInt32(at + RETENTION_DAYS - 4, 2)
    view.setInt16(at + RETENTION_DAYS, delivery.retentionDays)
    this.#at += FIXED_BYTES
    return believed
  }

  bytes(source: Buffer): void {
    this.#reserve(source.length)
    source.copy(this.#buffer, this.#at)
    this.#at += source.length
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#at)
  }

  /** A text column. What Postgres cannot hold as text is shown by stand-ins; `original` has the bytes. */
  #text(line: FramedLine, body: Buffer, start: number, end: number): void {
    if (line.isText) {
      this.#field(body, start, end)
    } else {
      const shown = shownBytes(body, start, end)
      this.#field(shown, 0, shown.length)
    }
  }

  *#largeField(parts: Iterable<Buffer>): Generator<void> {
    this.#reserve(4)
    const lengthAt = this.#at
    this.#at += 4
    for (const part of parts) {
      this.bytes(part)
      yield
    }
    this.#view.setInt32(lengthAt, this.#at - lengthAt - 4)
  }

  #field(source: Buffer, start: number, end: number): void {
    const length = end - start
    const at = this.#at + 4
    this.#view.setInt32(at - 4, length)
    if (length <= SMALL_BYTES) copySmall(source, start, end, this.#buffer, at)
    else source.copy(this.#buffer, at, start, end)
    this.#at = at + length
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#at + bytes))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
    this.#view = viewOf(larger)
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
}

/** Below this, a loop is quicker than the call that copies. */
const SMALL_BYTES = 32

function copySmall(source: Buffer, start: number, end: number, target: Buffer, at: number): void {
  for (let from = start, to = at; from < end; from++, to++) target[to] = source[from] as number
}

/** Microseconds since 1970 as the int64 that Postgres counts from its own epoch. */
function setMicros(view: DataView, at: number, micros: number): void {
  const sinceEpoch = micros - POSTGRES_EPOCH_MICROS
  view.setInt32(at, Math.floor(sinceEpoch / TWO_32))
  view.setInt32(at + 4, sinceEpoch | 0)
}
