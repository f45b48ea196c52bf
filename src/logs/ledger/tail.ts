// Live tail across processes. A process with subscribers registers the resource in `tail_watch`; every writer of lines
// records in `tail_news` which lines it stores, in the same transaction; and each process with subscribers polls the news
// a few times a second and fetches those lines, once for all of its subscribers of a resource.
//
// Snapshots decide what is new: news whose transaction the last poll could not see. So every line is delivered once, however
// late it is, whatever connection breaks, and in whatever order transactions commit; a failed poll repeats from the same
// snapshot. A new subscriber reads the past as of one snapshot, then what that snapshot could not see. Its position is a
// snapshot too, valid in any process.
//
// Why not LISTEN and NOTIFY: docs/decisions/0006-tails-by-snapshot.md. Without subscribers nothing runs, and a commit pays one
// look-up in an empty table.
//
// A resource is
//   WATCHED   from the first subscriber until a minute after the last renewal of any process. Processes renew every 10 s.
//   LAPSED    if this process could not renew for nearly a minute: writers may have stopped recording. Its subscribers are
//             disconnected and restart from history.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'pg'
import { isTransient } from '../../database/sqlstate.ts'
import { BIN_SECONDS, type LineTable } from '../line-table.ts'
import { type Following, type FollowQuery, joinSkipped, type LogTail } from '../log-tail.ts'
import { isVisible, readSnapshot, type Snapshot } from './snapshot.ts'
import {
  type Batch,
  begin,
  byPlace,
  end,
  type Follower,
  newFollower,
  offer,
  toPart,
} from './tail-follower.ts'
import {
  forgetNews,
  type Moment,
  type News,
  readMoment,
  readNews,
  WATCH_SECONDS,
  watch,
} from './tail-store.ts'

const LOOK_EVERY_MS = 250
/** Looks in a row that may fail before the resource that they fail for is left out. */
const MAX_FAILED_LOOKS = 8
const WATCH_EVERY_MS = 10_000
const FORGET_EVERY_MS = 30_000
/** Older news may be incomplete: writers stop recording WATCH_SECONDS after the last renewal. */
const RESUME_WITHIN_MS = (WATCH_SECONDS - WATCH_EVERY_MS / 1000 - 5) * 1000
/** Fetched of one resource in one poll. More is skipped, oldest first: 10,000 lines a second are unreadable. */
const MAX_LINES = 2_500
const MAX_BYTES = 4_000_000
/** For commits in flight when the first subscriber came, which did not see it. */
const SETTLE_MS = 2_000
/** A transaction that is still open after this is no longer waited for. */
const SETTLED_AFTER_MS = 5_000
const SETTLE_POLL_MS = 20

export interface TailOptions {
  pool: Pool
  lines: Pick<LineTable, 'readHistory' | 'readStored'>
  onFailure(error: unknown): void
}

export function createLogTail(options: TailOptions): LogTail {
  return new LedgerTail(options)
}

class LedgerTail implements LogTail {
  readonly #options: TailOptions
  readonly #pool: Pool
  readonly #followers = new Map<number, Set<Follower>>()
  /** Everything committed before it is delivered. Null without subscribers. */
  #seen: string | null = null
  #running: Promise<void> | null = null
  #watchedAt = 0
  #forgotAt = 0
  #failedLooks = 0
  readonly #closing = new AbortController()

  constructor(options: TailOptions) {
    this.#options = options
    this.#pool = options.pool
  }

  get followers(): number {
    let count = 0
    for (const followers of this.#followers.values()) count += followers.size
    return count
  }

  async follow(query: FollowQuery): Promise<Following> {
    const { resourceNumber, signal } = query
    const follower = newFollower()
    this.#add(resourceNumber, follower)
    try {
      signal.throwIfAborted()
      const watchedSince = await watch(this.#pool, [resourceNumber])
      const moment = await readMoment(this.#pool)
      // The next poll starts here or earlier.
      this.#seen ??= moment.snapshot
      this.#run()
      if (moment.now - watchedSince < SETTLED_AFTER_MS) await this.#settle(moment, signal)
      const resumed = await this.#resume(query, follower, watchedSince)
      if (resumed) return this.#following(resourceNumber, follower, null, resumed)
      const history = { ...query.history, resourceNumber, signal }
      const { page, snapshot } = await this.#options.lines.readHistory(history)
      begin(follower, snapshot)
      const position = positionOf({ snapshot, now: moment.now })
      return this.#following(resourceNumber, follower, page, position)
    } catch (error) {
      this.#remove(resourceNumber, follower)
      throw error
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    for (const followers of this.#followers.values()) for (const follower of followers) end(follower)
    this.#followers.clear()
    await this.#running
  }

  #following(
    resourceNumber: number,
    follower: Follower,
    history: Following['history'],
    position: string,
  ): Following {
    return {
      history,
      position,
      listen(onPart, onEnd) {
        follower.onPart = onPart
        follower.onEnd = onEnd
        for (const part of follower.waiting.splice(0)) onPart(part)
        if (follower.hasEnded) onEnd()
      },
      stop: () => this.#remove(resourceNumber, follower),
    }
  }

  #add(resourceNumber: number, follower: Follower): void {
    const followers = this.#followers.get(resourceNumber)
    if (followers) followers.add(follower)
    else this.#followers.set(resourceNumber, new Set([follower]))
  }

  #remove(resourceNumber: number, follower: Follower): void {
    const followers = this.#followers.get(resourceNumber)
    followers?.delete(follower)
    if (followers?.size === 0) this.#followers.delete(resourceNumber)
  }

  /** Waits for transactions that may not have seen the subscriber; the history then contains their lines. */
  async #settle({ snapshot }: Moment, signal: AbortSignal): Promise<void> {
    const { running } = readSnapshot(snapshot) as Snapshot
    const deadline = performance.now() + SETTLE_MS
    while (performance.now() < deadline) {
      const now = readSnapshot((await readMoment(this.#pool)).snapshot) as Snapshot
      if ([...running].every((xid) => isVisible(xid, now))) return
      await sleep(SETTLE_POLL_MS, undefined, { signal })
    }
  }

  /** Delivers what came since the subscriber's position, if that is known. @returns the new position */
  async #resume(
    { resourceNumber, since }: FollowQuery,
    follower: Follower,
    watchedSince: number,
  ): Promise<string | null> {
    const from = since === undefined ? null : readPosition(since)
    if (from === null || from.now < watchedSince) return null
    const moment = await readNews(this.#pool, from.snapshot, resourceNumber)
    if (moment.now - from.now > RESUME_WITHIN_MS || from.now > moment.now + WATCH_EVERY_MS) return null
    const batches = await this.#fetch(moment.news)
    const position = positionOf(moment)
    follower.waiting.push(toPart(batches, position))
    begin(follower, moment.snapshot)
    return position
  }

  #run(): void {
    this.#running ??= this.#lookAgainAndAgain().finally(() => {
      this.#running = null
      if (this.#followers.size > 0 && !this.#closing.signal.aborted) this.#run()
    })
  }

  async #lookAgainAndAgain(): Promise<void> {
    this.#watchedAt = performance.now()
    this.#forgotAt = Number.NEGATIVE_INFINITY
    const { signal } = this.#closing
    while (this.#followers.size > 0 && !signal.aborted) {
      try {
        await this.#look()
        this.#failedLooks = 0
      } catch (error) {
        this.#failedLooks++
        this.#options.onFailure(error)
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {})
    }
    this.#seen = null
  }

  async #look(): Promise<void> {
    if (performance.now() - this.#watchedAt > RESUME_WITHIN_MS) this.#lapse()
    if (performance.now() - this.#watchedAt >= WATCH_EVERY_MS) {
      const said = performance.now()
      await watch(this.#pool, [...this.#followers.keys()])
      this.#watchedAt = said
    }
    if (this.#seen === null) return
    const moment = await readNews(this.#pool, this.#seen)
    const byResource = new Map<number, News[]>()
    for (const item of moment.news) {
      const items = byResource.get(item.resourceNumber)
      if (items) items.push(item)
      else byResource.set(item.resourceNumber, [item])
    }
    const position = positionOf(moment)
    // Fetch everything before the first delivery, so that a failure leaves no subscriber with half of it.
    const fetched = new Map<number, Batch[]>()
    for (const [number, news] of byResource) {
      if (this.#followers.has(number)) await this.#fetchInto(fetched, number, news)
    }
    for (const [number, followers] of this.#followers) {
      for (const follower of followers) offer(follower, fetched.get(number) ?? [], position)
    }
    this.#seen = moment.snapshot
    if (performance.now() - this.#forgotAt < FORGET_EVERY_MS) return
    this.#forgotAt = performance.now()
    await forgetNews(this.#pool)
  }

  /**
   * What cannot be read of one resource, look after look, must not keep the tails of all others waiting: those that follow
   * it are ended, and begin again with history.
   */
  async #fetchInto(fetched: Map<number, Batch[]>, number: number, news: readonly News[]): Promise<void> {
    try {
      fetched.set(number, await this.#fetch(news))
    } catch (error) {
      if (isTransient(error) || this.#failedLooks < MAX_FAILED_LOOKS) throw error
      this.#options.onFailure(error)
      for (const follower of this.#followers.get(number) ?? []) end(follower)
      this.#followers.delete(number)
    }
  }

  /** Writers may not have told us everything. */
  #lapse(): void {
    for (const followers of this.#followers.values()) for (const follower of followers) end(follower)
    this.#followers.clear()
    this.#seen = null
    this.#watchedAt = performance.now()
  }

  /** The lines of these news, the newest up to a bound, in the order in which they were sent. */
  async #fetch(news: readonly News[]): Promise<Batch[]> {
    const batches = new Map<bigint, Batch>()
    const batchOf = (xid: bigint): Batch => {
      const batch = batches.get(xid) ?? { xid, lines: [], skipped: null }
      batches.set(xid, batch)
      return batch
    }
    const wanted: News[] = []
    let [lines, bytes] = [0, 0]
    for (const item of news.toSorted((a, b) => b.to - a.to)) {
      lines += item.lines
      bytes += item.bytes
      if (wanted.length === 0 || (lines <= MAX_LINES && bytes <= MAX_BYTES)) wanted.push(item)
      else skip(batchOf(item.xid), item)
    }
    if (wanted.length === 0) return []
    const stored = await this.#options.lines.readStored(wanted)
    for (const [at, item] of wanted.entries()) {
      const batch = batchOf(item.xid)
      const own = (stored[at] ?? []).filter(({ isOwn }) => isOwn)
      for (const { line } of own) batch.lines.push(line)
      // Stored but not found: moved to another retention class meanwhile.
      if (own.length < item.lines) skip(batch, { ...item, lines: item.lines - own.length })
    }
    for (const { lines } of batches.values()) lines.sort(byPlace)
    return [...batches.values()]
  }
}

function skip(batch: Batch, { lines, bins }: Pick<News, 'lines' | 'bins'>): void {
  const from = Math.min(...bins) * BIN_SECONDS * 1_000_000
  const to = (Math.max(...bins) + 1) * BIN_SECONDS * 1_000_000
  batch.skipped = joinSkipped(batch.skipped, { lines, from, to })
}

function positionOf({ snapshot, now }: Moment): string {
  return `${now}.${snapshot}`
}

/** Positions come from clients: anything that is not a position counts as none. */
function readPosition(position: string): Moment | null {
  const [, now, snapshot] = /^(\d{1,15})\.([\d:,]{1,4000})$/.exec(position) ?? []
  if (now === undefined || snapshot === undefined || !readSnapshot(snapshot)) return null
  return { now: Number(now), snapshot }
}
