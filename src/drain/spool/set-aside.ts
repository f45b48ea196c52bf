// Deliveries that are tried again by themselves, so that nothing waits for them. One file each.
//
//   REFUSED    The store refused its data. `….rejected`, bounded by itself, not a part of the spool.
//   POSTPONED  It failed, for whatever reason, while others were stored. `….segment`, a part of the spool: the next
//              process replays it as any other segment.
//
// When a file is tried next is in memory only: a new process tries each of them soon after its start.
import { unlink } from 'node:fs/promises'
import { type BackOff, pauseMs } from '../../back-off.ts'
import { decodeDelivery, encodeDelivery, type ReceivedDelivery } from './delivery-record.ts'
import { createSegment, readRecords, type Segment, writeRecords } from './segment.ts'

export interface SetAsideParts {
  directory: string
  /** Of refused deliveries. */
  limitBytes: number
  /** Microseconds since 1970, each one later than the one before. */
  nextName(): number
  now(): number
}

export interface AsideFile {
  readonly segment: Segment
  /** Null for a file of several resources, or one that was not read yet. */
  resourceNumber: number | null
  tries: number
  dueAt: number
}

export interface AsideFigures {
  files: number
  bytes: number
  /** Milliseconds since 1970; null where there is none. */
  oldestAt: number | null
}

/** Data that was refused is refused again, until a release or somebody at the database mends the reason. */
const REFUSED: BackOff = { firstMs: 1_000, longestMs: 3_600_000 }
const FAILED: BackOff = { firstMs: 1_000, longestMs: 60_000 }
/** A file takes whole blocks of a disk. */
const BLOCK_BYTES = 4_096
/** Of the bound, for the refused deliveries of one resource. */
const RESOURCE_SHARE = 1 / 4

export class SetAside {
  readonly #parts: SetAsideParts
  readonly #files = new Set<AsideFile>()
  /** With what is on its way to disk. */
  #refusedBytes = 0
  readonly #refusedOf = new Map<number, number>()
  #postponedBytes = 0

  constructor(parts: SetAsideParts) {
    this.#parts = parts
  }

  get postponedBytes(): number {
    return this.#postponedBytes
  }

  refused(): AsideFigures {
    const made = [...this.#files].flatMap(({ segment }) => (segment.isRejected ? [segment.madeAt] : []))
    const oldestAt = made.length === 0 ? null : made.reduce((a, b) => Math.min(a, b)) / 1000
    return { files: made.length, bytes: this.#refusedBytes, oldestAt }
  }

  /**
   * Resolves when the refused delivery is on disk, with false where there is no room for it.
   *
   * @throws what the disk says
   */
  async refuse(delivery: ReceivedDelivery): Promise<boolean> {
    const { limitBytes } = this.#parts
    const { resourceNumber } = delivery
    const bytes = diskBytes(encodeDelivery(delivery))
    const own = this.#refusedOf.get(resourceNumber) ?? 0
    if (this.#refusedBytes + bytes > limitBytes || own + bytes > limitBytes * RESOURCE_SHARE) return false
    await this.#write(delivery, true)
    return true
  }

  /** Resolves when the delivery is on disk. @throws what the disk says */
  async postpone(delivery: ReceivedDelivery): Promise<void> {
    await this.#write(delivery, false)
  }

  /** A segment whose records were refused, some of them or all. */
  take(segment: Segment): void {
    const file = { segment, resourceNumber: null, tries: 0, dueAt: this.#parts.now() }
    this.#files.add(file)
    this.#count(file, 1)
  }

  /** A file whose time has come. */
  due(): AsideFile | null {
    const now = this.#parts.now()
    for (const file of this.#files) if (file.dueAt <= now) return file
    return null
  }

  /** What can be read of it; null where it is gone: somebody gave it up. */
  async read(file: AsideFile): Promise<{ deliveries: ReceivedDelivery[]; damages: number } | null> {
    const { segment } = file
    try {
      const { records, damages } = await readRecords(segment, 0, segment.bytes)
      const decoded = records.map(decodeDelivery)
      const deliveries = decoded.filter((delivery) => delivery !== null)
      if (deliveries.length === 1 && file.resourceNumber === null) {
        this.#count(file, -1)
        file.resourceNumber = deliveries[0]?.resourceNumber ?? null
        this.#count(file, 1)
      }
      return { deliveries, damages: damages + decoded.length - deliveries.length }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      this.#forget(file)
      return null
    }
  }

  /** It failed again. */
  delay(file: AsideFile, why: 'refused' | 'failed'): void {
    file.tries++
    file.dueAt = this.#parts.now() + pauseMs(file.tries, why === 'refused' ? REFUSED : FAILED, 0)
  }

  /** One of them is stored at last: the reason may have gone for all. */
  hasten(): void {
    for (const file of this.#files) file.dueAt = Math.min(file.dueAt, this.#parts.now())
  }

  /** Each of the deliveries, which are what is left of the file, gets a file of its own instead. */
  async replace(file: AsideFile, rest: readonly ReceivedDelivery[]): Promise<void> {
    for (const delivery of rest) await this.#write(delivery, file.segment.isRejected)
    await this.remove(file)
  }

  async remove(file: AsideFile): Promise<void> {
    await unlink(file.segment.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    this.#forget(file)
  }

  async #write(delivery: ReceivedDelivery, isRejected: boolean): Promise<void> {
    const { directory, nextName, now } = this.#parts
    const record = encodeDelivery(delivery)
    const { resourceNumber } = delivery
    const reserved = { resourceNumber, segment: { isRejected, bytes: record.bytes } }
    this.#count(reserved, 1)
    try {
      const { segment, file } = await createSegment(directory, nextName(), isRejected)
      try {
        await writeRecords(segment, file, [record])
        this.#files.add({ segment, resourceNumber, tries: 1, dueAt: now() + REFUSED.firstMs })
      } catch (error) {
        await unlink(segment.path).catch(() => {})
        throw error
      } finally {
        await file.close().catch(() => {})
      }
    } catch (error) {
      this.#count(reserved, -1)
      throw error
    }
  }

  #forget(file: AsideFile): void {
    if (this.#files.delete(file)) this.#count(file, -1)
  }

  #count(
    {
      segment,
      resourceNumber,
    }: { segment: Pick<Segment, 'isRejected' | 'bytes'>; resourceNumber: number | null },
    sign: 1 | -1,
  ): void {
    if (!segment.isRejected) {
      this.#postponedBytes += sign * segment.bytes
      return
    }
    const bytes = sign * diskBytes(segment)
    this.#refusedBytes += bytes
    if (resourceNumber === null) return
    const own = (this.#refusedOf.get(resourceNumber) ?? 0) + bytes
    if (own > 0) this.#refusedOf.set(resourceNumber, own)
    else this.#refusedOf.delete(resourceNumber)
  }
}

function diskBytes({ bytes }: { bytes: number }): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES
}
