// Sends the lines of each stream's feed, filtered and rendered, to the stream's endpoint.
//
// A stream is
//   WAITING   its feed has lines and no process has it: any process may claim it
//   CLAIMED   leased to one process. It reads a page, sends it and settles: one statement deletes the page from the feed and
//             ends the lease. After a crash a page may be sent twice; none is left out
//   RESTING   for 1.5 s, so that a trickle of lines gathers; skipped if more than a page was waiting
//   PAUSED    after a failure, until the next try; doubled each time
// Then it is WAITING again. Each page needs a new claim, so a changed endpoint takes effect and processes share the work.
//
// Streams are claimed, read and settled in batches, because deliveries need the same Postgres: a round claims all waiting
// streams in one statement, reads pages in groups of six, and settles those that finish together in one. Starts are
// staggered by some milliseconds. Between reading and settling streams are independent: a slow receiver delays no other.
//
// Lines that cannot be sent for hours expire, oldest first, and the receiver gets their count.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { pauseMs } from '../../back-off.ts'
import { isTransient } from '../../database/sqlstate.ts'
import type { FeedPage, LineFeeds } from '../../logs/line-feed.ts'
import type { Outbound } from '../../outbound/outbound.ts'
import type { Apps } from '../../query/line-view.ts'
import { compileFormat } from '../format/compile.ts'
import { LEASE_MS, type Settlement, type Stream, type StreamStore } from '../stream-store.ts'
import { compileCondition } from '../vcl/condition.ts'
import type { EndpointCounters } from './counters.ts'
import { lossFrame, type Rendering } from './frames.ts'
import { type Outcome, POST_TIMEOUT_MS, post } from './post.ts'
import { Renderer } from './renderer.ts'
import { Settling } from './settling.ts'

export interface SenderParts {
  streams: StreamStore
  feeds: LineFeeds
  outbound: Outbound
  /** Called for many resources at once. */
  appNames(resourceNumber: number): Promise<Apps>
  /** The add-on's slug. */
  addonId: string
  /** Identifies our own requests, should they return through a drain. */
  origin: string
  counters: EndpointCounters
  log: Pick<FastifyBaseLogger, 'warn' | 'error'>
  /** Milliseconds since 1970. */
  now(): number
  /** In [0, 1). */
  random(): number
}

/** Streams in flight in one process, so the upper bound on slow receivers. Each holds a page of lines and a request. */
export const MAX_STREAMS = 64
/** Streams, and about how many lines of all of them, that one statement reads. */
const READ_STREAMS = 6
const READ_LINES = 500
/** Stagger stream starts so that a burst of sends does not delay deliveries in flight. */
const START_PAUSE_MS = 8
/** With the next round: one request every two seconds for a trickle of lines. The first line after a silence does not wait. */
const REST_MS = 1_500
/** A lease is renewed before a request that may outlast it. */
const SETTLE_MARGIN_MS = 2_000
const AWAY = { firstMs: 1_000, longestMs: 60_000 }
/** The endpoint has to be changed first; a rare retry finds out. */
const WRONG = { firstMs: 10_000, longestMs: 600_000 }
/** Lines older than this expire. */
const MAX_LAG_MS = 6 * 3_600_000

/** A stream in flight. */
interface Flow {
  stream: Stream
  page: FeedPage
  apps: Apps
  /** From performance.now(). */
  leaseEndsAt: number
}

export class Sender {
  readonly #parts: SenderParts
  /** The owner of our leases. */
  readonly #owner = randomUUID()
  readonly #flows = new Set<Promise<void>>()
  readonly #renderer = new Renderer()
  readonly #settling: Settling
  readonly #ending = new AbortController()
  #rounds: Promise<void> | null = null
  /** Another round follows this one. */
  #isDue = false
  /** Claimed streams that have not started yet. */
  #toStart = 0
  /** Streams may be waiting for a free place. */
  #isFull = false

  constructor(parts: SenderParts) {
    this.#parts = parts
    this.#settling = new Settling({
      write: (settlements) => this.#write(settlements),
      underWay: () => this.#flows.size + this.#toStart,
    })
  }

  /** Starts all waiting streams, up to the limit; the rest starts as places become free. */
  round(): Promise<void> {
    this.#isDue = true
    this.#rounds ??= this.#goRound().finally(() => {
      this.#rounds = null
    })
    return this.#rounds
  }

  /** Expires lines that have waited too long. */
  async giveUp(): Promise<void> {
    const { feeds, streams, counters, now } = this.#parts
    const lost = await feeds.giveUp(new Date(now() - MAX_LAG_MS))
    for (const lines of lost.values()) counters.lostLines += lines
    if (lost.size > 0) await streams.lost(lost)
  }

  /** Resolves when no stream is in flight. */
  async settled(): Promise<void> {
    while (this.#flows.size > 0 || this.#rounds !== null) {
      await Promise.allSettled([...this.#flows, this.#rounds])
    }
  }

  /** Starts nothing more and aborts requests in flight; the next process sends them again. */
  end(): void {
    this.#ending.abort(new Error('the service is ending'))
  }

  async #goRound(): Promise<void> {
    while (this.#isDue && !this.#ending.signal.aborted) {
      this.#isDue = false
      await this.#startAll()
    }
  }

  async #startAll(): Promise<void> {
    const { streams, feeds } = this.#parts
    const waiting = await feeds.waiting()
    const room = MAX_STREAMS - this.#flows.size
    this.#isFull = room === 0
    if (waiting.length === 0 || room === 0) return
    const leaseEndsAt = performance.now() + LEASE_MS
    const claimed = await streams.claim(waiting, this.#owner, room)
    this.#isFull = claimed.length === room
    this.#toStart = claimed.length
    try {
      for (let at = 0; at < claimed.length; at += READ_STREAMS) {
        await this.#startGroupOrEach(claimed.slice(at, at + READ_STREAMS), leaseEndsAt)
      }
    } finally {
      this.#toStart = 0
    }
  }

  /** What cannot be read of one stream must not keep the others of its group from being sent, try after try. */
  async #startGroupOrEach(group: readonly Stream[], leaseEndsAt: number): Promise<void> {
    try {
      await this.#startGroup(group, leaseEndsAt)
    } catch (error) {
      if (isTransient(error)) throw error
      for (const stream of group) {
        await this.#startGroup([stream], leaseEndsAt).catch((reason: unknown) => {
          this.#toStart--
          this.#parts.log.error(
            { err: reason, service: stream.serviceId },
            'a log endpoint could not be read for',
          )
        })
      }
    }
  }

  async #startGroup(group: readonly Stream[], leaseEndsAt: number): Promise<void> {
    const { feeds, appNames } = this.#parts
    const [pages, ...apps] = await Promise.all([
      feeds.next(
        group.map(({ feedId }) => feedId),
        READ_LINES,
      ),
      ...group.map(({ resourceNumber }) => appNames(resourceNumber)),
    ])
    for (const [at, stream] of group.entries()) {
      const page = pages.get(stream.feedId) ?? { lines: [], items: [], isMore: false }
      this.#toStart--
      this.#start({ stream, page, apps: apps[at] as Apps, leaseEndsAt })
      if (page.lines.length > 0 && this.#toStart > 0) await sleep(START_PAUSE_MS)
    }
  }

  #start(flow: Flow): void {
    const { log } = this.#parts
    // Wait until the whole group has started, so that streams that finish together settle together.
    const sending: Promise<void> = Promise.resolve()
      .then(() => this.#send(flow))
      .catch((error: unknown) => {
        // The lease expires, and another process tries.
        log.error({ err: error, service: flow.stream.serviceId }, 'log endpoint send failed')
      })
      .finally(() => {
        this.#flows.delete(sending)
        // If it fails, the next scheduled round logs it.
        if (flow.page.isMore || this.#isFull) this.round().catch(() => {})
      })
    this.#flows.add(sending)
  }

  async #send(flow: Flow): Promise<void> {
    const { stream, page } = flow
    const went: Settlement = {
      serviceId: stream.serviceId,
      name: stream.name,
      items: [],
      sentLines: 0,
      cutLines: 0,
      droppedLines: 0,
      toldLines: 0,
      failures: null,
      error: null,
      againInMs: page.isMore ? 0 : REST_MS,
    }
    const doneLines = page.lines.length === 0 ? 0 : await this.#sendPage(flow, went)
    // Another process holds the lease and will send the same page.
    if (doneLines === null) return
    went.items = page.items.filter(({ end }) => end <= doneLines).map(({ id }) => id)
    if (this.#ending.signal.aborted) went.againInMs = 0
    await this.#settling.settle(went)
  }

  /**
   * Sends a page in as many requests as it takes, until one fails.
   *
   * @param went receives the outcome
   * @returns how many lines are finished; null if the lease is lost
   */
  async #sendPage(flow: Flow, went: Settlement): Promise<number | null> {
    const { stream, page } = flow
    const { signal } = this.#ending
    const rendering = this.#renderingOf(flow)
    let doneLines = 0
    while (doneLines < page.lines.length && !signal.aborted) {
      const { frames, cutLines, end } = await this.#renderer.next(page.lines, doneLines, rendering)
      if (frames.length > 0) {
        if (!(await this.#holdLease(flow))) return null
        const untoldLines = stream.untoldLines + went.droppedLines - went.toldLines
        const outcome = await this.#post(stream, [...this.#tellLoss(untoldLines, rendering), ...frames])
        if (outcome === null) break
        if (outcome.kind === 'wrong' || outcome.kind === 'away') {
          this.#fail(stream, went, outcome)
          break
        }
        went.failures = 0
        if (outcome.kind === 'taken') {
          went.sentLines += frames.length
          went.cutLines += cutLines
          went.toldLines += untoldLines
        } else {
          went.droppedLines += frames.length
          went.error = outcome.why
        }
      }
      doneLines = end
    }
    return doneLines
  }

  #renderingOf({ stream, apps }: Flow): Rendering {
    const { serviceId, name, endpoint, statement } = stream
    return {
      serviceId,
      name,
      addonId: this.#parts.addonId,
      format: compileFormat(endpoint.format, endpoint.formatVersion),
      condition: statement === null ? null : compileCondition(statement),
      apps,
    }
  }

  #tellLoss(lines: number, rendering: Rendering): Buffer[] {
    return lines > 0 ? [lossFrame(lines, this.#parts.now() * 1000, rendering)] : []
  }

  async #holdLease(flow: Flow): Promise<boolean> {
    const begun = performance.now()
    if (begun + POST_TIMEOUT_MS + SETTLE_MARGIN_MS <= flow.leaseEndsAt) return true
    flow.leaseEndsAt = begun + LEASE_MS
    return this.#parts.streams.renew(flow.stream, this.#owner)
  }

  /** Null while the service is closing. */
  async #post({ endpoint }: Stream, frames: readonly Buffer[]): Promise<Outcome | null> {
    const { outbound, addonId, origin, counters } = this.#parts
    const { signal } = this.#ending
    const { url, token } = endpoint
    const userAgent = `${addonId} (culvert)`
    try {
      const outcome = await post(outbound, { url, token, frames, userAgent, origin, signal })
      if (outcome.kind === 'taken') counters.posts++
      else counters.failed(outcome.code)
      return outcome
    } catch (error) {
      if (signal.aborted) return null
      throw error
    }
  }

  #fail(stream: Stream, went: Settlement, outcome: Exclude<Outcome, { kind: 'taken' }>): void {
    const { random, log } = this.#parts
    const { kind, code, why, afterMs = 0 } = outcome
    // An accepted request before this failure ends the row of failures.
    const failures = (went.failures ?? stream.failures) + 1
    const pause = pauseMs(failures, kind === 'wrong' ? WRONG : AWAY, random())
    Object.assign(went, { failures, error: why, againInMs: Math.max(pause, afterMs) })
    // Logged once; metrics and the page show the rest.
    if (failures === 1) log.warn({ service: stream.serviceId, code }, 'log endpoint does not accept lines')
  }

  async #write(settlements: readonly Settlement[]): Promise<void> {
    const { streams, counters, log } = this.#parts
    for (const { sentLines, cutLines, droppedLines } of settlements) {
      counters.sentLines += sentLines
      counters.cutLines += cutLines
      counters.lostLines += droppedLines
    }
    try {
      await streams.settle(settlements, this.#owner)
    } catch (error) {
      // The leases expire, and the same lines are sent again.
      log.error({ err: error, streams: settlements.length }, 'settling log endpoints failed')
    }
  }
}
