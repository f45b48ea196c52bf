// Renders the lines of one request when it is sent, so that memory holds only requests in flight. Streams render in turns
// and with pauses: at most a third of the process's time, some twenty thousand lines a second, because deliveries share
// the event loop.
import { setTimeout as sleep } from 'node:timers/promises'
import type { LogLine } from '../../logplex/framed-line.ts'
import { type Rendering, renderFrame } from './frames.ts'

export interface Batch {
  frames: Buffer[]
  cutLines: number
  /** Lines of the page up to the last one examined. */
  end: number
}

/** A batch closes at the first limit it reaches. */
const BATCH_FRAMES = 500
const BATCH_BYTES = 500_000
const SLICE_MS = 3
const PAUSE_MS = 6

export class Renderer {
  #turn: Promise<unknown> = Promise.resolve()
  #pauseAt = 0

  /** Renders lines from this one on, as many as one request may hold. */
  next(lines: readonly LogLine[], from: number, rendering: Rendering): Promise<Batch> {
    const batch = this.#turn.then(() => this.#render(lines, from, rendering))
    this.#turn = batch.catch(() => {})
    return batch
  }

  async #render(lines: readonly LogLine[], from: number, rendering: Rendering): Promise<Batch> {
    const batch: Batch = { frames: [], cutLines: 0, end: from }
    let bytes = 0
    while (batch.end < lines.length && batch.frames.length < BATCH_FRAMES && bytes < BATCH_BYTES) {
      if (performance.now() >= this.#pauseAt) await this.#pause()
      const rendered = renderFrame(lines[batch.end++] as LogLine, rendering)
      if (rendered === null) continue
      batch.frames.push(rendered.frame)
      bytes += rendered.frame.length
      if (rendered.wasCut) batch.cutLines++
    }
    return batch
  }

  async #pause(): Promise<void> {
    await sleep(PAUSE_MS)
    this.#pauseAt = performance.now() + SLICE_MS
  }
}
