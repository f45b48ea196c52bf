// The text of a line's field, as whoever reads or asks for it sees it: what Postgres cannot hold as text is shown by
// stand-ins, U+2400 for NUL and U+FFFD for bytes that are not UTF-8. Pure.
import { isUtf8 } from 'node:buffer'
import type { FramedLine } from '../logplex/framed-line.ts'

const NUL_STANDS_AS = [0xe2, 0x90, 0x80]

/** A field of a line as it is stored and read back. */
export function shownText(body: Buffer, { isText }: FramedLine, start: number, end: number): string {
  return isText ? body.toString('utf8', start, end) : shownBytes(body, start, end).toString()
}

/** The same as UTF-8, of bytes that are not text. */
export function shownBytes(body: Buffer, start: number, end: number): Buffer {
  const bytes = body.subarray(start, end)
  const text = isUtf8(bytes) ? bytes : Buffer.from(bytes.toString('utf8'))
  return text.includes(0) ? withoutNuls(text) : text
}

/** So much is shown, or copied, at once of a field that may be large. */
const PIECE_BYTES = 16_384

/** A field as it is stored, in pieces: together they are what it would be as one. */
export function textPieces(line: FramedLine, body: Buffer, start: number, end: number): Iterable<Buffer> {
  return line.isText ? pieces(body, start, end) : shownPieces(body, start, end)
}

export function* pieces(body: Buffer, start: number, end: number): Generator<Buffer> {
  for (let from = start; from < end; from += PIECE_BYTES) {
    yield body.subarray(from, Math.min(from + PIECE_BYTES, end))
  }
}

function* shownPieces(body: Buffer, start: number, end: number): Generator<Buffer> {
  for (let from = start; from < end; ) {
    const to = from + PIECE_BYTES >= end ? end : betweenCharacters(body, from + PIECE_BYTES)
    yield shownBytes(body, from, to)
    from = to
  }
}

/** `at`, or up to three bytes before it, where no character is cut: a longer run of its bytes is none. */
function betweenCharacters(body: Buffer, at: number): number {
  for (let back = 0; back <= 3; back++) {
    if (((body[at - back] as number) & 0xc0) !== 0x80) return at - back
  }
  return at
}

function withoutNuls(text: Buffer): Buffer {
  let nuls = 0
  for (let at = 0; at < text.length; at++) if (text[at] === 0) nuls++
  const shown = Buffer.allocUnsafe(text.length + nuls * (NUL_STANDS_AS.length - 1))
  for (let at = 0, to = 0; at < text.length; at++) {
    const byte = text[at] as number
    if (byte !== 0) shown[to++] = byte
    else for (const stand of NUL_STANDS_AS) shown[to++] = stand
  }
  return shown
}
