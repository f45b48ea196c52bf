// What goes into one request: rendered when it is to be sent, so that no more of it is held than is under way. Streams
// render one after the other and with pauses, so that it takes a third of the process's time at the most, however much
// waits: some twenty thousand lines a second. Those who deliver wait for the same event loop.
import { setTimeout as sleep } from 'node:timers/promises'
import type { LogLine } from '../../logplex/framed-line.ts'
import { type Rendering, renderFrame } from './frames.ts'

export interface Batch {
  frames: Buffer[]
  cutLines: number
  /** How many lines of the page there are up to the last one that was looked at. */
  end: number
}

/** A batch is closed at whichever comes first. */
const BATCH_FRAMES = 500
const BATCH_BYTES = 500_000
const SLICE_MS = 3
const PAUSE_MS = 6

export class Renderer {
  #turn: Promise<unknown> = Promise.resolve()
  #pauseAt = 0

  /** Of the lines from this one on as much as one request may hold. */
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
