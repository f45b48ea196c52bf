// Reads the body of a delivery: chunks of a stream in, one Buffer out, decompressed as it arrives, never above a bound.
import type { Readable } from 'node:stream'
import { createGunzip, type Gunzip } from 'node:zlib'
import { AppError } from '../errors.ts'
import { type Pace, Pacer } from './pacer.ts'

export interface BodyOptions {
  /** `Content-Encoding` of the request. */
  encoding: string | undefined
  /** Bound for the body as sent and as decompressed. */
  limitBytes: number
  room: Room
  pace: Pace
}

/** Accounts for the bytes. */
export interface Room {
  /** A promise pauses reading until it resolves; a rejection abandons the body. */
  take(bytes: number): Promise<void> | undefined
  give(bytes: number): void
}

/** Memory of zlib for one stream: window, tables, and a chunk on either side. */
const INFLATER_BYTES = 80_000
const CHUNK_BYTES = 32_768

/**
 * After a failure the rest of the body is discarded as it arrives, so that the answer can be sent. A sender that is too slow,
 * or whose plain body is too large, is cut off.
 *
 * @throws AppError body_too_large, unsupported_encoding, body_unreadable, body_too_slow; the stream's own error
 *   if the sender went away; the room's rejection
 */
export function readBody(stream: Readable, options: BodyOptions): Promise<Buffer> {
  const encoding = options.encoding?.trim().toLowerCase() || 'identity'
  if (encoding !== 'identity' && encoding !== 'gzip' && encoding !== 'x-gzip') {
    return Promise.reject(new AppError('unsupported_encoding'))
  }
  if (stream.destroyed) return Promise.reject(new Error('the sender went away'))
  return new Promise((resolve, reject) => {
    const reading = new Reading(stream, options, resolve, reject)
    if (encoding === 'identity') reading.plain()
    else reading.gzip()
  })
}

/** Events, because an iterator costs a dozen objects and turns for what is mostly a single chunk. */
class Reading {
  readonly #stream: Readable
  readonly #options: BodyOptions
  readonly #resolve: (body: Buffer) => void
  readonly #reject: (error: unknown) => void
  readonly #pieces = new Pieces()
  readonly #pacer: Pacer
  #inflater: Gunzip | null = null
  #isOver = false

  constructor(
    stream: Readable,
    options: BodyOptions,
    resolve: (body: Buffer) => void,
    reject: (error: unknown) => void,
  ) {
    this.#stream = stream
    this.#options = options
    this.#resolve = resolve
    this.#reject = reject
    this.#pacer = new Pacer(options.pace, () => this.#cut(new AppError('body_too_slow')))
    stream.on('error', (error) => this.#cut(error))
    stream.on('close', () => {
      if (!stream.readableEnded) this.#cut(new Error('the sender went away'))
    })
  }

  plain(): void {
    const stream = this.#stream
    stream.on('data', (chunk: Buffer) => {
      if (this.#isOver) return
      this.#pacer.count(chunk.length)
      if (this.#keep(chunk)) this.#waitForRoom(stream, chunk.length)
      else this.#cut(this.#tooLarge())
    })
    stream.on('end', () => this.#end())
  }

  gzip(): void {
    const stream = this.#stream
    stream.on('data', (chunk: Buffer) => {
      if (this.#isOver) return
      this.#pacer.count(chunk.length)
      this.#inflater ??= this.#startInflater()
      if (!this.#inflater.write(chunk)) stream.pause()
    })
    stream.on('end', () => {
      if (this.#inflater === null) this.#end()
      else this.#inflater.end()
    })
  }

  #startInflater(): Gunzip {
    const inflater = createGunzip({ chunkSize: CHUNK_BYTES })
    inflater.on('data', (chunk: Buffer) => {
      if (this.#isOver) return
      if (this.#keep(chunk)) this.#waitForRoom(inflater, chunk.length)
      else this.#fail(this.#tooLarge())
    })
    inflater.on('drain', () => this.#stream.resume())
    inflater.on('error', (error) => this.#fail(new AppError('body_unreadable', {}, { cause: error })))
    inflater.on('end', () => {
      this.#options.room.give(INFLATER_BYTES)
      this.#end()
    })
    this.#waitForRoom(inflater, INFLATER_BYTES)
    return inflater
  }

  /** False if that exceeds the limit. */
  #keep(chunk: Buffer): boolean {
    if (this.#pieces.length + chunk.length > this.#options.limitBytes) return false
    this.#pieces.add(chunk)
    return true
  }

  /** Keeps what has arrived and pauses the source until there is room. */
  #waitForRoom(source: Readable, bytes: number): void {
    const room = this.#options.room.take(bytes)
    if (room === undefined) return
    source.pause()
    this.#pacer.pause()
    const goOn = () => {
      if (this.#isOver) return
      this.#pacer.resume()
      source.resume()
    }
    room.then(goOn, (reason) => this.#fail(reason))
  }

  #end(): void {
    if (this.#stop()) this.#resolve(this.#pieces.whole())
  }

  #fail(error: unknown): void {
    if (!this.#stop()) return
    this.#reject(error)
    this.#stream.resume()
  }

  #cut(error: unknown): void {
    if (!this.#stop()) return
    this.#reject(error)
    this.#stream.destroy()
  }

  /** False if it had ended already. */
  #stop(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#pacer.stop()
    this.#inflater?.destroy()
    return true
  }

  #tooLarge(): AppError {
    return new AppError('body_too_large', { limit: this.#options.limitBytes })
  }
}

/** Smaller chunks are copied: each has some hundred bytes of overhead, and a sender may send single bytes. */
const SMALL_BYTES = 16_384
const BLOCK_BYTES = 65_536

/** Chunks into one Buffer. */
class Pieces {
  readonly #pieces: Buffer[] = []
  /** The last piece, if it has room. */
  #block: Buffer | null = null
  #blockUsed = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  add(chunk: Buffer): void {
    this.#length += chunk.length
    // Most bodies are one chunk.
    if (this.#pieces.length === 0) {
      this.#pieces.push(chunk)
      return
    }
    let from = 0
    if (this.#block !== null) {
      from = chunk.copy(this.#block, this.#blockUsed)
      this.#blockUsed += from
      if (this.#blockUsed === BLOCK_BYTES) this.#block = null
    }
    const rest = chunk.subarray(from)
    if (rest.length >= SMALL_BYTES) this.#pieces.push(rest)
    else if (rest.length > 0) this.#startBlock(rest)
  }

  whole(): Buffer {
    const [first = EMPTY] = this.#pieces
    // A small slice would retain its whole large buffer for as long as the delivery waits.
    if (this.#pieces.length <= 1 && first.length * 1.25 >= first.buffer.byteLength) return first
    return Buffer.concat(this.#pieces, this.#length)
  }

  #startBlock(rest: Buffer): void {
    this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES)
    this.#blockUsed = rest.copy(this.#block)
    this.#pieces.push(this.#block)
  }
}

const EMPTY = Buffer.alloc(0)
