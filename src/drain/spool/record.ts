// The record of a spool segment: bytes in, bytes out. Pure, never throws on noise.
//
//   marker      8 bytes   the segment's own, random, part of its file name
//   length      u32 BE    bytes of header and body
//   headerSize  u32 BE    bytes of the header
//   crc         u32 BE    CRC-32 of the two numbers above, the header and the body
//   header      JSON
//   body        as the sender delivered it
//
// The marker is what a reader looks for behind a damaged record. It is random because a body is written by
// strangers: whoever could guess it could put a whole record into a log line, with another customer's drain in its
// header, and wait for a disk to flip a bit.
import { crc32 } from 'node:zlib'

export const MARKER_BYTES = 8
const LENGTH_AT = MARKER_BYTES
const HEADER_SIZE_AT = LENGTH_AT + 4
const CRC_AT = HEADER_SIZE_AT + 4
const PREFIX_BYTES = CRC_AT + 4

/** What is written of a record: all but the marker is known before the segment is. */
export interface EncodedRecord {
  /** Everything in front of the body, with eight bytes left free for the marker. */
  head: Buffer
  body: Buffer
  bytes: number
}

export interface DecodedRecord {
  header: Buffer
  body: Buffer
}

export interface DecodedSegment {
  /** In the order in which they were written. Their bytes are views into the segment's. */
  records: DecodedRecord[]
  /** Places where records are missing or unreadable: how many records that were cannot be known. */
  damages: number
  /** Bytes passed over there. */
  damagedBytes: number
}

export function encodeRecord(header: unknown, body: Buffer): EncodedRecord {
  const json = Buffer.from(JSON.stringify(header))
  const head = Buffer.alloc(PREFIX_BYTES + json.length)
  head.writeUInt32BE(json.length + body.length, LENGTH_AT)
  head.writeUInt32BE(json.length, HEADER_SIZE_AT)
  json.copy(head, PREFIX_BYTES)
  head.writeUInt32BE(checksum(head, json, body), CRC_AT)
  return { head, body, bytes: head.length + body.length }
}

/** Completes the record for the segment it goes to. */
export function markRecord({ head }: EncodedRecord, marker: Buffer): void {
  marker.copy(head, 0)
}

/** Every intact record of the bytes, which end where the writer's last sync ended, or where a crash cut them. */
export function decodeRecords(bytes: Buffer, marker: Buffer): DecodedSegment {
  const decoded: DecodedSegment = { records: [], damages: 0, damagedBytes: 0 }
  let at = 0
  while (at < bytes.length) {
    const end = endOfRecord(bytes, at, marker)
    if (end === -1) {
      const next = findRecord(bytes, at + 1, marker)
      decoded.damages++
      decoded.damagedBytes += next - at
      at = next
      continue
    }
    const bodyAt = at + PREFIX_BYTES + bytes.readUInt32BE(at + HEADER_SIZE_AT)
    decoded.records.push({
      header: bytes.subarray(at + PREFIX_BYTES, bodyAt),
      body: bytes.subarray(bodyAt, end),
    })
    at = end
  }
  return decoded
}

/** Behind the intact record at `at`, or -1. */
function endOfRecord(bytes: Buffer, at: number, marker: Buffer): number {
  const headerAt = at + PREFIX_BYTES
  if (headerAt > bytes.length || bytes.compare(marker, 0, MARKER_BYTES, at, at + MARKER_BYTES) !== 0)
    return -1
  const end = headerAt + bytes.readUInt32BE(at + LENGTH_AT)
  const bodyAt = headerAt + bytes.readUInt32BE(at + HEADER_SIZE_AT)
  if (bodyAt > end || end > bytes.length) return -1
  const head = bytes.subarray(at, headerAt)
  const expected = checksum(head, bytes.subarray(headerAt, bodyAt), bytes.subarray(bodyAt, end))
  return expected === head.readUInt32BE(CRC_AT) ? end : -1
}

function findRecord(bytes: Buffer, from: number, marker: Buffer): number {
  for (let at = bytes.indexOf(marker, from); at !== -1; at = bytes.indexOf(marker, at + 1)) {
    if (endOfRecord(bytes, at, marker) !== -1) return at
  }
  return bytes.length
}

function checksum(head: Buffer, header: Buffer, body: Buffer): number {
  return crc32(body, crc32(header, crc32(head.subarray(LENGTH_AT, CRC_AT))))
}
