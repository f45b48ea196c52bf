// Sends lines on: what waits in a stream's feed, chosen and rendered, to the stream's endpoint.
//
// A stream is
//   WAITING   something is in its feed and nobody sends it: any process may claim it
//   CLAIMED   by one process, for some seconds at a time. It reads a page, sends it, then deletes it from the feed; so what was
//             sent before a crash may come a second time, and nothing is left out
//   PAUSED    after a failure, until its next try; twice as long each time
// It goes back to WAITING when its feed is empty, and after some seconds in any case, so that a changed endpoint is read
// again and a process with much to send leaves some of it to the others.
//
// What cannot be sent for hours is given up, oldest first, and the receiver is told how much that was.
import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import { pauseMs } from '../../heroku/back-off.ts'
import type { LineFeeds } from '../../logs/line-feed.ts'
import type { Apps } from '../../logs/query/searched-line.ts'
import type { Outbound } from '../../outbound/outbound.ts'
import { compileFormat } from '../format/compile.ts'
import type { Stream, StreamStore } from '../stream-store.ts'
import { compileCondition } from '../vcl/condition.ts'
import type { EndpointCounters } from './counters.ts'
import { lossFrame, type Rendering, renderFrame } from './frames.ts'
import { type Outcome, post } from './post.ts'

export interface SenderParts {
  streams: StreamStore
  feeds: LineFeeds
  outbound: Outbound
  appNames(resourceNumber: number): Promise<Apps>
  /** The slug. */
  addonId: string
  /** How requests of ours are known if they come back. */
  origin: string
  counters: EndpointCounters
  log: Pick<FastifyBaseLogger, 'warn' | 'error'>
  /** Milliseconds since 1970. */
  now(): number
  /** In [0, 1). */
  random(): number
}

/** Streams that one process sends at once: each holds a page in memory, and takes turns of the event loop. */
const MAX_FLOWS = 8
/** About so many lines at once, and as frames so many bytes in a request. */
const PAGE_LINES = 300
const POST_FRAMES = 500
const POST_BYTES = 1_000_000
/** A stream is claimed anew after this. */
const TURN_MS = 5_000
/** Nothing waits any more: for so long, what comes is let gather. */
const REST_MS = 500
/** Other requests wait while lines are rendered: they are let through this often. */
const SLICE_MS = 10
const AWAY = { firstMs: 1_000, longestMs: 60_000 }
/** Somebody has to change something first; it is looked at again all the same. */
const WRONG = { firstMs: 10_000, longestMs: 600_000 }
/** What has waited longer is given up. */
const MAX_LAG_MS = 6 * 3_600_000

export class Sender {
  readonly #parts: SenderParts
  /** Whose leases are ours. */
  readonly #owner = randomUUID()
  readonly #flows = new Set<Promise<void>>()
  readonly #ending = new AbortController()

  constructor(parts: SenderParts) {
    this.#parts = parts
  }

  /** Starts to send all that waits. Waits itself only where there are more streams than can be sent at once. */
  async round(): Promise<void> {
    const { streams, feeds } = this.#parts
    while (!this.#ending.signal.aborted) {
      const room = MAX_FLOWS - this.#flows.size
      if (room === 0) {
        await Promise.race(this.#flows)
        continue
      }
      const waiting = await feeds.waiting()
      const claimed = waiting.length === 0 ? [] : await streams.claim(waiting, this.#owner, room)
      for (const stream of claimed) this.#start(stream)
      if (claimed.length < room) return
    }
  }

  #start(stream: Stream): void {
    const { streams, log } = this.#parts
    const flow: Promise<void> = this.#send(stream)
      .catch(async (error: unknown) => {
        if (this.#ending.signal.aborted) return streams.release(stream, this.#owner, 0)
        // The lease runs out, and somebody else tries.
        log.error({ err: error, service: stream.serviceId }, 'a log endpoint could not be sent to')
      })
      .catch(() => {})
      .finally(() => {
        this.#flows.delete(flow)
      })
    this.#flows.add(flow)
  }

  /** Gives up what has waited for too long. */
  async giveUp(): Promise<void> {
    const { feeds, streams, counters, now } = this.#parts
    const lost = await feeds.giveUp(new Date(now() - MAX_LAG_MS))
    for (const lines of lost.values()) counters.lostLines += lines
    if (lost.size > 0) await streams.lost(lost)
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#flows.size > 0) await Promise.all(this.#flows)
  }

  /** Nothing is begun any more, and what waits for an answer ends. It is sent again by whoever is next. */
  end(): void {
    this.#ending.abort(new Error('the service is ending'))
  }

  async #send(stream: Stream): Promise<void> {
    const { streams, feeds, appNames, addonId, now } = this.#parts
    const { signal } = this.#ending
    const rendering: Rendering = {
      serviceId: stream.serviceId,
      name: stream.name,
      addonId,
      format: compileFormat(stream.endpoint.format, stream.endpoint.formatVersion),
      condition: stream.statement === null ? null : compileCondition(stream.statement),
      apps: await appNames(stream.resourceNumber),
    }
    const turnEndsAt = now() + TURN_MS
    let { untoldLines } = stream
    let restMs = 0
    while (!signal.aborted && now() < turnEndsAt) {
      const page = await feeds.next(stream.feedId, PAGE_LINES)
      restMs = page?.isMore ? 0 : REST_MS
      if (page === null) break
      const { frames, lines, cutLines } = await this.#render(page.lines, rendering)
      const loss =
        untoldLines > 0 && frames.length > 0 ? [lossFrame(untoldLines, now() * 1000, rendering)] : []
      const outcome = await this.#postAll(stream, [...loss, ...frames])
      // Somebody else has it: he reads the same page, and sends it too.
      if (outcome === null) return
      if (outcome.kind === 'wrong' || outcome.kind === 'away') {
        if (!signal.aborted) return this.#failed(stream, outcome)
        break
      }
      const isTaken = outcome.kind === 'taken'
      const progress = {
        sentLines: isTaken ? lines : 0,
        cutLines: isTaken ? cutLines : 0,
        droppedLines: isTaken ? 0 : lines,
        toldLines: isTaken && loss.length > 0 ? untoldLines : 0,
        error: isTaken ? null : outcome.why,
      }
      this.#count(progress)
      if (!(await streams.progress(stream, this.#owner, progress))) return
      untoldLines += progress.droppedLines - progress.toldLines
      await feeds.done(page.items)
      // What came meanwhile is looked at soon enough.
      if (!page.isMore) break
    }
    await streams.release(stream, this.#owner, signal.aborted ? 0 : restMs)
  }

  async #render(lines: Parameters<typeof renderFrame>[0][], rendering: Rendering) {
    const frames: Buffer[] = []
    let cutLines = 0
    let pauseAt = performance.now() + SLICE_MS
    for (const line of lines) {
      const rendered = renderFrame(line, rendering)
      if (rendered !== null) {
        frames.push(rendered.frame)
        if (rendered.wasCut) cutLines++
      }
      if (performance.now() < pauseAt) continue
      await new Promise((resolve) => setImmediate(resolve))
      pauseAt = performance.now() + SLICE_MS
    }
    return { frames, lines: frames.length, cutLines }
  }

  /** In as many requests as it takes; ends with the first that is not taken. Null where the lease is lost. */
  async #postAll(stream: Stream, frames: readonly Buffer[]): Promise<Outcome | null> {
    const { streams, outbound, addonId, origin, counters } = this.#parts
    for (const [at, batch] of [...batches(frames)].entries()) {
      if (at > 0 && !(await streams.renew(stream, this.#owner))) return null
      const outcome = await post(outbound, {
        url: stream.endpoint.url,
        token: stream.endpoint.token,
        frames: batch,
        userAgent: `${addonId} (culvert)`,
        origin,
        signal: this.#ending.signal,
      })
      if (outcome.kind !== 'taken') {
        counters.failed(outcome.code)
        return outcome
      }
      counters.posts++
    }
    return { kind: 'taken' }
  }

  async #failed(stream: Stream, outcome: Exclude<Outcome, { kind: 'taken' }>): Promise<void> {
    const { streams, random, log } = this.#parts
    const { kind, code, why, afterMs = 0 } = outcome
    const pause = pauseMs(stream.failures + 1, kind === 'wrong' ? WRONG : AWAY, random())
    await streams.failed(stream, this.#owner, why, Math.max(pause, afterMs))
    // Once: it goes on in the figures and in the viewer.
    if (stream.failures === 0)
      log.warn({ service: stream.serviceId, code }, 'a log endpoint does not take lines')
  }

  #count({
    sentLines,
    cutLines,
    droppedLines,
  }: {
    sentLines: number
    cutLines: number
    droppedLines: number
  }) {
    const { counters } = this.#parts
    counters.sentLines += sentLines
    counters.cutLines += cutLines
    counters.lostLines += droppedLines
  }
}

function* batches(frames: readonly Buffer[]): Generator<Buffer[]> {
  let batch: Buffer[] = []
  let bytes = 0
  for (const frame of frames) {
    if (batch.length >= POST_FRAMES || (batch.length > 0 && bytes + frame.length > POST_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(frame)
    bytes += frame.length
  }
  if (batch.length > 0) yield batch
}
