// Answers that go on: server-sent events (HTML Living Standard, "Server-sent events") and streams of lines, with a bound
// on what waits for a slow reader.
import { Readable } from 'node:stream'

/** What our proxy, or nginx before it, must not keep back. */
export const STREAM_HEADERS: Record<string, string> = { 'x-accel-buffering': 'no' }
export const EVENT_STREAM = 'text/event-stream; charset=utf-8'

/** @param id where a reader goes on from who comes back with it as Last-Event-ID */
export function formatEvent(name: string, data: object, id?: string): string {
  return formatJsonEvent(name, JSON.stringify(data), id)
}

/** Of data that is JSON already, without line feeds. */
export function formatJsonEvent(name: string, json: string, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${json}\n\n`
}

/** Text on its way to one reader. Takes no more than so many bytes that he has not fetched. */
export class Outgoing extends Readable {
  readonly #limitBytes: number
  readonly #onRoom: () => void

  /** @param onRoom told when the reader has fetched all there was */
  constructor(limitBytes: number, onRoom: () => void) {
    super({ highWaterMark: limitBytes })
    this.#limitBytes = limitBytes
    this.#onRoom = onRoom
  }

  /** False where there is no room: it was not taken. What is longer than the limit goes where nothing waits. */
  offer(text: string): boolean {
    if (this.destroyed || this.readableEnded) return false
    const isFull = this.readableLength > 0 && this.readableLength + Buffer.byteLength(text) > this.#limitBytes
    if (isFull) return false
    this.push(text)
    return true
  }

  /** After what waits; taken whether there is room or not. */
  finish(text: string): void {
    if (this.destroyed) return
    if (text !== '') this.push(text)
    this.push(null)
  }

  override _read(): void {
    if (this.readableLength === 0) this.#onRoom()
  }
}

/** Long answers under way, so that an ending service can end them. */
export class OpenStreams {
  readonly #open = new Set<() => void>()
  #isEnding = false

  get isEnding(): boolean {
    return this.#isEnding
  }

  get size(): number {
    return this.#open.size
  }

  /** Returns what is to be called when the answer has ended by itself. */
  add(end: () => void): () => void {
    this.#open.add(end)
    return () => this.#open.delete(end)
  }

  endAll(): void {
    this.#isEnding = true
    for (const end of this.#open) end()
    this.#open.clear()
  }
}
