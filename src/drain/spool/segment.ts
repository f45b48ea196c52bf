// A segment of the spool: one file of records, written by one process, made durable by fsync. What is in its
// records is record.ts' business, when it is made and deleted is spool.ts'.
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { type DecodedSegment, decodeRecords, type EncodedRecord, MARKER_BYTES, markRecord } from './record.ts'

/** Microseconds since 1970 of its making, so that names sort as the segments follow, and its marker. */
const NAME = /^(\d{16})-([0-9a-f]{16})\.(segment|rejected)$/
const FILE_MODE = 0o600

export interface Segment {
  path: string
  marker: Buffer
  /** Microseconds since 1970. */
  madeAt: number
  /** Its deliveries are set aside: the store refused them. */
  isRejected: boolean
  /** Synced to disk: the bytes that a reader may read. Always the end of a record, but in an adopted segment. */
  bytes: number
}

/** The segment of that file, or null where the name is not a segment's. */
export function segmentOf(directory: string, name: string, bytes: number): Segment | null {
  const [, madeAt, marker, ending] = NAME.exec(name) ?? []
  if (marker === undefined) return null
  return {
    path: join(directory, name),
    marker: Buffer.from(marker, 'hex'),
    madeAt: Number(madeAt),
    isRejected: ending === 'rejected',
    bytes,
  }
}

/** Sets all of it aside, under the same name with another ending. */
export async function rejectSegment(segment: Segment): Promise<Segment> {
  const path = segment.path.replace(/\.segment$/, '.rejected')
  await rename(segment.path, path)
  return { ...segment, path, isRejected: true }
}

/** Makes an empty segment that will still be there after a power cut. */
export async function createSegment(
  directory: string,
  nowMicros: number,
  isRejected = false,
): Promise<{ segment: Segment; file: FileHandle }> {
  const marker = randomBytes(MARKER_BYTES)
  const ending = isRejected ? 'rejected' : 'segment'
  const path = join(directory, `${String(nowMicros).padStart(16, '0')}-${marker.toString('hex')}.${ending}`)
  const file = await open(path, 'wx', FILE_MODE)
  try {
    await syncDirectory(directory)
  } catch (error) {
    await file.close()
    throw error
  }
  return { segment: { path, marker, madeAt: nowMicros, isRejected, bytes: 0 }, file }
}

/** Adds the records with one write and one sync. When it throws, none of them may be called durable. */
export async function writeRecords(
  segment: Segment,
  file: FileHandle,
  records: readonly EncodedRecord[],
): Promise<void> {
  const buffers: Buffer[] = []
  let bytes = 0
  for (const record of records) {
    markRecord(record, segment.marker)
    buffers.push(record.head, record.body)
    bytes += record.bytes
  }
  const { bytesWritten } = await file.writev(buffers, segment.bytes)
  // A full disk takes what still fits and says nothing until the next write.
  if (bytesWritten !== bytes) throw Object.assign(new Error('The disk took a part only.'), { code: 'ENOSPC' })
  // Enough for the size, too: what a reader needs to find the bytes is synced along (fdatasync(2)).
  await file.datasync()
  segment.bytes += bytes
}

/** The records between `from`, where an earlier read ended, and `to`. */
export async function readRecords(segment: Segment, from: number, to: number): Promise<DecodedSegment> {
  const file = await open(segment.path, constants.O_RDONLY)
  try {
    const bytes = Buffer.allocUnsafe(to - from)
    let read = 0
    while (read < bytes.length) {
      const { bytesRead } = await file.read(bytes, read, bytes.length - read, from + read)
      if (bytesRead === 0) break
      read += bytesRead
    }
    return decodeRecords(bytes.subarray(0, read), segment.marker)
  } finally {
    await file.close()
  }
}

/** A new name is durable once its directory is. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
