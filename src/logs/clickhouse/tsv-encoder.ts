// Lines of a delivery as rows of ClickHouse's TabSeparated format (ClickHouse docs: Formats, "TabSeparated"). Text, because
// the engine inside the process takes no other. The bytes of a message are copied once and never become a string.
import { type FramedLine, isBelieved } from '../../logplex/framed-line.ts'
import type { SlicedWork } from '../../time-slices.ts'
import type { LineBatch } from '../line-table.ts'
import type { Delivery } from '../log-store.ts'
import type { StoredRow } from '../postgres/read-rows.ts'
import { type RowWriter, rowEncoding } from '../row-encoding.ts'
import { pieces, shownBytes, textPieces } from '../shown-text.ts'

const TAB = 0x09
const LINE_FEED = 0x0a
const ZERO = 0x30
const MINUS = 0x2d
const BACKSLASH = 0x5c
const LETTER_T = 0x74
const LETTER_N = 0x6e
/** What the numbers and tabs of a row take at the most. */
const FIXED_BYTES = 120

/** The columns of table.ts, in their order */
export function encodeTsv(deliveries: readonly Delivery[], batch: LineBatch): SlicedWork<Buffer> {
  const writer = new TsvWriter(batch, estimateBytes(deliveries))
  return rowEncoding(deliveries, writer, () => writer.finish())
}

/** Rows of one resource that were read from Postgres. */
export function encodeRows(resourceNumber: number, rows: readonly StoredRow[], batch: LineBatch): Buffer {
  const writer = new TsvWriter(batch, rows.length * FIXED_BYTES * 2)
  for (const row of rows) writer.stored(resourceNumber, row)
  return writer.finish()
}

/** Enough for the usual; the writer grows for the rest. */
function estimateBytes(deliveries: readonly Delivery[]): number {
  return deliveries.reduce((bytes, { body, lines }) => bytes + body.length + lines.length * FIXED_BYTES, 0)
}

const EMPTY = Buffer.alloc(0)

class TsvWriter implements RowWriter {
  #buffer: Buffer
  #at = 0
  readonly #batch: LineBatch

  constructor(batch: LineBatch, bytes: number) {
    this.#batch = batch
    this.#buffer = Buffer.allocUnsafe(bytes)
  }

  row(delivery: Delivery, line: FramedLine, receivedAtMicros: number): void {
    const { body } = delivery
    // Each byte may become two, and what is no text three before.
    this.#reserve(FIXED_BYTES + (line.end - line.start) * 8)
    const believed = this.#fixed(delivery, line, receivedAtMicros)
    this.#text(line, body, line.sourceStart, line.sourceEnd)
    this.#text(line, body, line.processStart, line.processEnd)
    this.#text(line, body, line.messageStart, line.messageEnd)
    if (line.reproducible && believed) this.#field(body, 0, 0)
    else this.#field(body, line.start, line.end)
    this.#end()
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
    this.#reserve(FIXED_BYTES)
    this.#end()
  }

  /** All but the texts; whether the time of sending is believed. */
  #fixed(delivery: Delivery, line: FramedLine, receivedAtMicros: number): boolean {
    const believed = isBelieved(line, receivedAtMicros)
    this.#number(delivery.resourceNumber)
    this.#number(believed ? line.sentAtMicros : receivedAtMicros)
    this.#number(receivedAtMicros)
    this.#number(delivery.drainId)
    this.#number(line.priority)
    this.#number(line.form)
    this.#number(delivery.retentionDays)
    return believed
  }

  stored(resourceNumber: number, row: StoredRow): void {
    const texts = [row.source, row.process, row.message].map((text) => Buffer.from(text))
    const fields = [...texts, row.original]
    this.#reserve(FIXED_BYTES + fields.reduce((bytes, { length }) => bytes + length * 2, 0))
    this.#number(resourceNumber)
    this.#number(Number(row.sent_micros))
    this.#number(Number(row.received_micros))
    this.#number(row.drain_id)
    this.#number(row.priority)
    this.#number(row.form)
    this.#number(row.retention_days)
    for (const field of fields) this.#field(field, 0, field.length)
    this.#end()
  }

  #end(): void {
    this.#number(this.#batch.writer)
    this.#number(this.#batch.batch)
    this.#buffer[this.#at - 1] = LINE_FEED
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#at)
  }

  #text(line: FramedLine, body: Buffer, start: number, end: number): void {
    if (line.isText) {
      this.#field(body, start, end)
    } else {
      const shown = shownBytes(body, start, end)
      this.#field(shown, 0, shown.length)
    }
  }

  *#largeField(parts: Iterable<Buffer>): Generator<void> {
    for (const part of parts) {
      this.#reserve(part.length * 2 + 1)
      this.#bytes(part, 0, part.length)
      yield
    }
    this.#reserve(1)
    this.#field(EMPTY, 0, 0)
  }

  #field(source: Buffer, start: number, end: number): void {
    this.#bytes(source, start, end)
    this.#buffer[this.#at++] = TAB
  }

  /** With what has a meaning in the format escaped. */
  #bytes(source: Buffer, start: number, end: number): void {
    const buffer = this.#buffer
    let to = this.#at
    for (let from = start; from < end; from++) {
      const byte = source[from] as number
      if (byte === TAB || byte === LINE_FEED || byte === BACKSLASH) {
        buffer[to++] = BACKSLASH
        buffer[to++] = byte === TAB ? LETTER_T : byte === LINE_FEED ? LETTER_N : BACKSLASH
      } else {
        buffer[to++] = byte
      }
    }
    this.#at = to
  }

  #number(value: number): void {
    const buffer = this.#buffer
    let at = this.#at
    let rest = value
    if (rest < 0) {
      buffer[at++] = MINUS
      rest = -rest
    }
    let digits = 1
    for (let power = 10; power <= rest; power *= 10) digits++
    for (let to = at + digits - 1; to >= at; to--) {
      const tenth = Math.floor(rest / 10)
      buffer[to] = ZERO + (rest - tenth * 10)
      rest = tenth
    }
    at += digits
    buffer[at++] = TAB
    this.#at = at
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}
