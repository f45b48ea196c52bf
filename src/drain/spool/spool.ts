// The spool: deliveries on local disk while the store is slow or away. Bounded, append-only, synced. A FIFO of
// segments, written at one end and replayed at the other; it knows nothing of why a delivery comes here.
//
// Many appends share one write and one sync: what arrives while the disk is busy goes out with the next.
//
// How far a segment has been replayed is not written down. After a crash it is replayed from its start, and the
// frame keys, claimed in the transaction that stored the lines, make every record that was stored before a
// duplicate. A position on disk would cost a sync for each group and could only ever be behind.
import type { FileHandle } from 'node:fs/promises'
import { unlink } from 'node:fs/promises'
import { basename } from 'node:path'
import { decodeDelivery, encodeDelivery, type ReceivedDelivery } from './delivery-record.ts'
import { type Home, openHome } from './home.ts'
import type { DecodedSegment, EncodedRecord } from './record.ts'
import { createSegment, readRecords, rejectSegment, type Segment, writeRecords } from './segment.ts'
import { SetAside } from './set-aside.ts'

export interface SpoolParts {
  /** The directory that all processes of the machine share for this. */
  directory: string
  limitBytes: number
  /** Of deliveries that the store refused; they are no part of the spool. */
  rejectedLimitBytes: number
  /** A segment is closed when it reaches this size; it is also what is read and replayed at once. */
  segmentBytes: number
  /** Told of what could not be read or done, for the log. */
  onTrouble(sentence: string, details: Record<string, unknown>): void
  now(): number
}

/** Why an append was refused. Nothing of it is on disk, as far as anybody can know. */
export class SpoolRefusal extends Error {
  override name = 'SpoolRefusal'
}

/** A run of records to replay. Pass it to `release` once they are stored. */
export interface Piece {
  deliveries: ReceivedDelivery[]
  /** Places that could not be read. */
  damages: number
  entry: Entry
  to: number
}

interface Entry extends Segment {
  /** Up to here its records are stored. */
  replayedTo: number
  /** Holds a record that the store refused and that could not be set aside: set aside as a whole. */
  kept: boolean
}

interface Pending {
  record: EncodedRecord
  resolve(): void
  reject(error: unknown): void
}

interface Recent {
  durable: Promise<void>
  expiresAtMicros: number
}

/** A full or broken disk is asked again after this long: each try is a write, and the callers have a way to go. */
const FAILING_MS = 1_000
/** They say nothing of the segment. Any other: the rest of it is set aside and not waited for. */
const PASSING_READ_ERRORS = ['EMFILE', 'ENFILE', 'ENOMEM', 'EINTR', 'EAGAIN']
/** Deliveries whose key is remembered, to recognise a sender's next try: those come within seconds. */
const RECENT_KEYS = 20_000

export class Spool {
  readonly #parts: SpoolParts
  readonly #home: Home
  /** Oldest first. */
  #entries: Entry[] = []
  /** The last of the entries, while it is being written to. */
  #active: { entry: Entry; file: FileHandle } | null = null
  #pending: Pending[] = []
  #pendingBytes = 0
  #flushing: Promise<void> | null = null
  #failingUntil = 0
  #lastName = 0
  readonly #recent = new Map<string, Recent>()
  readonly aside: SetAside

  private constructor(parts: SpoolParts, home: Home) {
    this.#parts = parts
    this.#home = home
    this.aside = new SetAside({
      directory: home.directory,
      limitBytes: parts.rejectedLimitBytes,
      nextName: () => this.#nextName(),
      now: parts.now,
    })
  }

  /** Opens a spool with what dead processes left behind. */
  static async open(parts: SpoolParts): Promise<Spool> {
    const spool = new Spool(parts, await openHome(parts.directory))
    await spool.adopt()
    return spool
  }

  get directory(): string {
    return this.#home.directory
  }

  /** On disk or on the way there, without what the store refused. */
  get bytes(): number {
    const besides = this.aside.postponedBytes + this.#pendingBytes
    return this.#entries.reduce((sum, entry) => sum + entry.bytes, besides)
  }

  /** To be replayed in their order. */
  get waitingBytes(): number {
    return this.#entries.reduce((sum, entry) => sum + entry.bytes - entry.replayedTo, this.#pendingBytes)
  }

  /** Nothing waits to be replayed, but for what is set aside; and nothing is on its way here. */
  get isDrained(): boolean {
    return this.#flushing === null && this.#entries.every(isReplayed)
  }

  /**
   * Resolves when the delivery is on disk: `duplicate` when it had come here before.
   *
   * @throws SpoolRefusal when the spool is full or its disk fails.
   */
  async append(delivery: ReceivedDelivery): Promise<'spooled' | 'duplicate'> {
    const key = `${delivery.drainId}:${delivery.frameKey.id}`
    const before = this.#recent.get(key)
    if (before && delivery.receivedAtMicros < before.expiresAtMicros) {
      await before.durable
      return 'duplicate'
    }
    if (this.#parts.now() < this.#failingUntil)
      throw new SpoolRefusal('The disk of the spool has just failed.')
    const record = encodeDelivery(delivery)
    if (this.bytes + record.bytes > this.#parts.limitBytes) throw new SpoolRefusal('The spool is full.')
    const durable = new Promise<void>((resolve, reject) => this.#pending.push({ record, resolve, reject }))
    this.#pendingBytes += record.bytes
    this.#remember(key, { durable, expiresAtMicros: expiry(delivery) })
    this.#startFlush()
    await durable
    return 'spooled'
  }

  /** The oldest records that are not replayed yet, at most a segment's; null when there are none on disk. */
  async next(): Promise<Piece | null> {
    const entry = this.#entries.find((candidate) => !isReplayed(candidate))
    if (entry === undefined) {
      await this.#flushing
      return this.#entries.every(isReplayed) ? null : this.next()
    }
    const to = entry.bytes
    const { records, damages, damagedBytes } = await this.#read(entry, to)
    const deliveries = records.map(decodeDelivery)
    const readable = deliveries.filter((delivery) => delivery !== null)
    const unreadable = damages + deliveries.length - readable.length
    if (unreadable > 0) {
      // A torn end is what a crash leaves of an append that nobody was told of. Anything else is a loss.
      const details = { segment: basename(entry.path), places: unreadable, bytes: damagedBytes, of: to }
      this.#parts.onTrouble('a part of the spool could not be read', details)
    }
    return { deliveries: readable, damages: unreadable, entry, to }
  }

  /** The piece is stored: its segment goes when all of it is. */
  async release(piece: Piece): Promise<void> {
    piece.entry.replayedTo = piece.to
    await this.#removeReplayed()
  }

  /** The first delivery that waits after the piece; null where there is none, or none that can be read. */
  async peekAfter({ entry, to }: Piece): Promise<ReceivedDelivery | null> {
    const at = this.#entries.indexOf(entry)
    const next = entry.bytes > to ? entry : this.#entries.slice(at + 1).find((one) => !isReplayed(one))
    if (next === undefined) return null
    try {
      const { records } = await readRecords(next, next === entry ? to : next.replayedTo, next.bytes)
      return records[0] === undefined ? null : decodeDelivery(records[0])
    } catch {
      return null
    }
  }

  /** Sets a record aside that the store refuses. Resolves with false where there is no room for it. */
  async refuse(piece: Piece, delivery: ReceivedDelivery): Promise<boolean> {
    try {
      return await this.aside.refuse(delivery)
    } catch (error) {
      // No room on the disk, say. All of the segment is set aside then, which takes none.
      piece.entry.kept = true
      this.#parts.onTrouble('a refused delivery stays in its segment', { err: error })
      return true
    }
  }

  /** Sets a record aside that fails while others are stored. Resolves with false where the disk does not take it. */
  async postpone(delivery: ReceivedDelivery): Promise<boolean> {
    try {
      await this.aside.postpone(delivery)
      return true
    } catch (error) {
      this.#parts.onTrouble('a delivery that fails stays in its segment', { err: error })
      return false
    }
  }

  /** Takes over what dead processes left. Returns the number of segments to be replayed. */
  async adopt(): Promise<number> {
    const adopted = await this.#home.adopt()
    for (const segment of adopted) if (segment.isRejected) this.aside.take(segment)
    const segments = adopted.filter(({ isRejected }) => !isRejected)
    this.#entries.push(...segments.map((segment) => ({ ...segment, replayedTo: 0, kept: false })))
    this.#entries.sort((a, b) => (basename(a.path) < basename(b.path) ? -1 : 1))
    await this.#removeReplayed() // empty ones
    return segments.length
  }

  /** After the last append and the last replay. What is left is for the next process. */
  async close(): Promise<void> {
    await this.#flushing
    await this.#removeReplayed()
    await this.#closeActive()
    await this.#home.leave()
  }

  async #read(entry: Entry, to: number): Promise<DecodedSegment> {
    try {
      return await readRecords(entry, entry.replayedTo, to)
    } catch (error) {
      if (PASSING_READ_ERRORS.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
      this.#parts.onTrouble('a segment of the spool cannot be read', { err: error })
      entry.kept = true
      return { records: [], damages: 1, damagedBytes: to - entry.replayedTo }
    }
  }

  #startFlush(): void {
    if (this.#flushing !== null || this.#pending.length === 0) return
    this.#flushing = this.#flush().finally(() => {
      this.#flushing = null
      this.#startFlush() // what came between its last look and now
    })
  }

  async #flush(): Promise<void> {
    while (this.#pending.length > 0) {
      let batch: Pending[] = []
      try {
        const { entry, file } = await this.#segmentWithRoom()
        batch = this.#takeBatch(this.#parts.segmentBytes - entry.bytes)
        await writeRecords(
          entry,
          file,
          batch.map(({ record }) => record),
        )
        this.#settle(batch, ({ resolve }) => resolve())
      } catch (error) {
        await this.#fail(error, batch)
      }
    }
  }

  async #segmentWithRoom(): Promise<{ entry: Entry; file: FileHandle }> {
    if (this.#active && this.#active.entry.bytes >= this.#parts.segmentBytes) await this.#closeActive()
    if (this.#active === null) {
      const { segment, file } = await createSegment(this.#home.directory, this.#nextName())
      this.#active = { entry: { ...segment, replayedTo: 0, kept: false }, file }
      this.#entries.push(this.#active.entry)
    }
    return this.#active
  }

  #takeBatch(roomBytes: number): Pending[] {
    let bytes = 0
    let count = 0
    while (count < this.#pending.length && (count === 0 || bytes < roomBytes)) {
      bytes += (this.#pending[count] as Pending).record.bytes
      count++
    }
    return this.#pending.splice(0, count)
  }

  /**
   * What a failed sync leaves of a file nobody can say, not even a second sync (a page that could not be written
   * passes for clean). So the segment ends where it was last known durable, and the next append begins another.
   */
  async #fail(error: unknown, batch: Pending[]): Promise<void> {
    this.#failingUntil = this.#parts.now() + FAILING_MS
    const failed = [...batch, ...this.#pending.splice(0)]
    this.#parts.onTrouble('the spool cannot write', { err: error, deliveries: failed.length })
    const active = this.#active
    await active?.file.truncate(active.entry.bytes).catch(() => {})
    await this.#closeActive()
    const refusal = new SpoolRefusal('The disk of the spool has just failed.', { cause: error })
    this.#settle(failed, ({ reject }) => reject(refusal))
    await this.#removeReplayed()
  }

  #settle(batch: readonly Pending[], settle: (pending: Pending) => void): void {
    for (const pending of batch) {
      this.#pendingBytes -= pending.record.bytes
      settle(pending)
    }
  }

  async #closeActive(): Promise<void> {
    const file = this.#active?.file
    this.#active = null
    await file?.close().catch(() => {})
  }

  async #removeReplayed(): Promise<void> {
    if (this.#active && isReplayed(this.#active.entry) && this.#flushing === null) await this.#closeActive()
    const gone = this.#entries.filter((entry) => isReplayed(entry) && entry !== this.#active?.entry)
    this.#entries = this.#entries.filter((entry) => !gone.includes(entry))
    for (const entry of gone) {
      try {
        if (entry.kept) this.aside.take(await rejectSegment(entry))
        else await unlink(entry.path)
      } catch (error) {
        // It will be replayed once more in our next life, and found stored.
        this.#parts.onTrouble('a replayed segment could not be removed', { err: error })
      }
    }
  }

  #remember(key: string, recent: Recent): void {
    this.#recent.set(key, recent)
    recent.durable.catch(() => this.#recent.delete(key))
    if (this.#recent.size <= RECENT_KEYS) return
    const oldest = this.#recent.keys().next().value
    if (oldest !== undefined) this.#recent.delete(oldest)
  }

  /** Later than any name before, whatever the clock does. */
  #nextName(): number {
    this.#lastName = Math.max(this.#parts.now() * 1000, this.#lastName + 1)
    return this.#lastName
  }
}

function isReplayed({ replayedTo, bytes }: Entry): boolean {
  return replayedTo >= bytes
}

function expiry({ receivedAtMicros, frameKey }: ReceivedDelivery): number {
  return receivedAtMicros + frameKey.rememberSeconds * 1_000_000
}
