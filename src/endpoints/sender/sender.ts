// Sends lines on: what waits in a stream's feed, chosen and rendered, to the stream's endpoint.
//
// A stream is
//   WAITING   something is in its feed and nobody sends it: any process may claim it
//   CLAIMED   by one process, for some seconds at a time. It reads a page, sends it, and settles: in one statement the page
//             is deleted from the feed and the stream given back. So what was sent before a crash may come a second time,
//             and nothing is left out
//   RESTING   for a second and a half, so that what trickles in gathers; not where there was more than a page
//   PAUSED    after a failure, until its next try; twice as long each time
// Then it is WAITING again. A stream is claimed anew for each page, so a changed endpoint is read again, and processes share
// what there is to send.
//
// Streams go in company, because those who store lines wait for the same Postgres: a round claims all that wait in one
// statement, reads their pages in one for some six, and those that are done at about the same time settle in one. They
// start one after the other, some milliseconds apart.
// Between reading and settling each is on its own: a receiver that is slow or away holds nobody up.
//
// What cannot be sent for hours is given up, oldest first, and the receiver is told how much that was.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { pauseMs } from '../../back-off.ts'
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
  /** Asked for many resources in the same moment. */
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

/** Sent to at once by one process. Each holds a page of lines and a request; as many slow receivers are borne. */
export const MAX_STREAMS = 64
/** Read in one statement: so many streams, and about so many lines of all of them. */
const READ_STREAMS = 6
const READ_LINES = 500
/** Between one stream and the next: sent all at once, they would keep those waiting who deliver just then. */
const START_PAUSE_MS = 8
/** With the round that follows: a request each two seconds where lines trickle in. What comes after a silence need not wait. */
const REST_MS = 1_500
/** A lease is renewed before a request that might outlast it. */
const SETTLE_MARGIN_MS = 2_000
const AWAY = { firstMs: 1_000, longestMs: 60_000 }
/** Somebody has to change something first; it is looked at again all the same. */
const WRONG = { firstMs: 10_000, longestMs: 600_000 }
/** What has waited longer is given up. */
const MAX_LAG_MS = 6 * 3_600_000

/** A stream being sent. */
interface Flow {
  stream: Stream
  page: FeedPage
  apps: Apps
  /** By performance.now(). */
  leaseEndsAt: number
}

export class Sender {
  readonly #parts: SenderParts
  /** Whose leases are ours. */
  readonly #owner = randomUUID()
  readonly #flows = new Set<Promise<void>>()
  readonly #renderer = new Renderer()
  readonly #settling: Settling
  readonly #ending = new AbortController()
  #rounds: Promise<void> | null = null
  /** Another round is due when this one is over. */
  #isDue = false
  /** Streams that are claimed and not under way yet. */
  #toStart = 0
  /** Streams may be waiting for others to be done. */
  #isFull = false

  constructor(parts: SenderParts) {
    this.#parts = parts
    this.#settling = new Settling({
      write: (settlements) => this.#write(settlements),
      underWay: () => this.#flows.size + this.#toStart,
    })
  }

  /** Starts to send all that waits, or as much as can be sent at once; what is left is gone on with by itself. */
  round(): Promise<void> {
    this.#isDue = true
    this.#rounds ??= this.#goRound().finally(() => {
      this.#rounds = null
    })
    return this.#rounds
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
    while (this.#flows.size > 0 || this.#rounds !== null) {
      await Promise.allSettled([...this.#flows, this.#rounds])
    }
  }

  /** Nothing is begun any more, and what waits for an answer ends. It is sent again by whoever is next. */
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
        await this.#startGroup(claimed.slice(at, at + READ_STREAMS), leaseEndsAt)
      }
    } finally {
      this.#toStart = 0
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
    // Not before its whole group is under way: what is done at once settles together, too.
    const sending: Promise<void> = Promise.resolve()
      .then(() => this.#send(flow))
      .catch((error: unknown) => {
        // The lease runs out, and somebody else tries.
        log.error({ err: error, service: flow.stream.serviceId }, 'a log endpoint could not be sent to')
      })
      .finally(() => {
        this.#flows.delete(sending)
        // Should it fail, the clock's next round says so.
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
    // Somebody else has it: he reads the same page, and sends it too.
    if (doneLines === null) return
    went.items = page.items.filter(({ end }) => end <= doneLines).map(({ id }) => id)
    if (this.#ending.signal.aborted) went.againInMs = 0
    await this.#settling.settle(went)
  }

  /**
   * In as many requests as it takes, until one fails. Returns how many lines are done with, and writes into `went` how;
   * null where the lease is lost.
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

  /** Null where we are ending. */
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
    // What was answered before counts as an end of the failures.
    const failures = (went.failures ?? stream.failures) + 1
    const pause = pauseMs(failures, kind === 'wrong' ? WRONG : AWAY, random())
    Object.assign(went, { failures, error: why, againInMs: Math.max(pause, afterMs) })
    // Once: it goes on in the figures and in the viewer.
    if (failures === 1) log.warn({ service: stream.serviceId, code }, 'a log endpoint does not take lines')
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
      // The leases run out, and the same is sent again.
      log.error({ err: error, streams: settlements.length }, 'what was sent could not be written down')
    }
  }
}
