// The store of lines as the features see it. Every implementation must pass test/logs/log-store-contract.ts.
import type { LineList, LogLine } from '../logplex/framed-line.ts'
import type { Apps } from '../query/line-view.ts'
import type { Query } from '../query/query.ts'
import { costOf } from './delivery-cost.ts'

/** The key of a delivery: 32 lower-case hex digits, stored for a while. */
export interface FrameKey {
  id: string
  rememberSeconds: number
}

/** One batch of a sender. */
export interface Delivery {
  resourceNumber: number
  drainId: number
  /** Retention class: the plan's days at receipt. */
  retentionDays: number
  /** The plan's volume of a UTC day, in bytes as delivery-cost.ts counts them. More is counted and not stored. */
  dailyBytes: number
  /** Lines that this delivery reports as missing. */
  losses: readonly Loss[]
  /** Identifies a batch of the drain: the same in each retry. */
  frameKey: FrameKey
  /** Microseconds since 1970 of the first line; each next line counts up by one. */
  receivedAtMicros: number
  body: Buffer
  /** The lines to store, without those that exclusion rules drop. */
  lines: LineList
  /** What rules dropped: counted, but not towards the volume. */
  excluded?: readonly Excluded[]
}

/** Lines that one exclusion rule dropped from a delivery, with their share of the body's bytes. */
export interface Excluded {
  /** A uuid in lower case. */
  exclusionId: string
  lines: number
  bytes: number
}

/** What a delivery adds to the volume of its day: its cost without the lines that rules dropped. */
export function countedBytes({
  body,
  lines,
  excluded = [],
}: Pick<Delivery, 'body' | 'lines' | 'excluded'>): number {
  return costOf(
    excluded.reduce((bytes, one) => bytes - one.bytes, body.length),
    lines.length,
  )
}

/**
 * `duplicate`: this drain has delivered this frame key before; nothing is stored.
 * `over_quota`: the day's volume is used up; the lines are counted as dropped, and the frame key is stored.
 */
export type Filed = 'stored' | 'duplicate' | 'over_quota'

export type LossKind =
  | 'logplex_overflow'
  | 'shuttle_overflow'
  | 'shuttle_loss'
  | 'count_mismatch'
  | 'quota'
  | 'unavailable'
  | 'too_many_lines'

export interface Loss {
  kind: LossKind
  lines: number
}

/** Lines known to be missing from a drain in one minute. */
export interface Gap extends Loss {
  drainId: number
  /** RFC 3339, to the minute. */
  minute: string
}

/** What a resource has received in a UTC day. */
export interface Usage {
  lines: number
  bytes: number
  droppedLines: number
  droppedBytes: number
}

export interface LineQuery {
  resourceNumber: number
  /** Which lines; `EVERYTHING` for all. */
  search: Query
  /** The names of the resource's apps by drain id, for `app:…`. */
  apps?: Apps
  /** Starts after this line, towards older ones (`before`) or newer ones (`after`). Neither: the newest. */
  before?: string
  after?: string
  /** Includes the line of `before` or `after` itself. */
  including?: boolean
  /** Without `before` and `after`: starts at the oldest stored line, towards newer ones. */
  oldestFirst?: boolean
  limit: number
  /** The work for one page before it ends early; by default about a second. */
  effort?: Effort
  /** Aborts the search, in the database too; `read` then throws the signal's reason. */
  signal?: AbortSignal
}

export interface Effort {
  /** About this many lines; at least one step. */
  lines: number
  ms: number
}

export interface LinePage {
  /** Newest first. More than `limit` if the last ones share one place in the order. */
  lines: LogLine[]
  /** Pass as `before` for the next older page; null at the oldest stored line. */
  older: string | null
  /** Pass as `after` for lines later than this page. Null if the page is empty and ends the search. */
  newer: string | null
  /**
   * Where the search paused before the page was full: the page is complete up to this time, and `older` (with `after`:
   * `newer`) continues from here. RFC 3339; null if the page is complete.
   */
  searchedTo: string | null
}

export interface CountQuery {
  resourceNumber: number
  /** Microseconds since 1970: from, inclusive, and to, exclusive. Whole steps since 1970. */
  from: number
  to: number
  stepSeconds: number
  signal?: AbortSignal
}

export interface LineCount {
  /** Start of the step, in microseconds since 1970. */
  at: number
  lines: number
}

/** What an exclusion rule has dropped in a UTC day. */
export interface Saved {
  /** As in Delivery. */
  exclusionId: string
  day: string
  lines: number
  bytes: number
}

export interface LogStore {
  /**
   * Stores the deliveries in one durable commit, in the order given. The results are in that order. A call must not contain
   * the same (drain, frame key) twice.
   *
   * @throws if nothing was stored, or if that is unknown: call again with the same deliveries, the frame keys decide
   */
  append(deliveries: readonly Delivery[]): Promise<Filed[]>

  /** @throws AppError invalid_params for a cursor that this store never gave. */
  read(query: LineQuery): Promise<LinePage>

  /**
   * When the line of a cursor was sent, RFC 3339; also if the line is deleted by now.
   *
   * @throws AppError invalid_params for a cursor that this store never gave.
   */
  timeOf(cursor: string): string

  /**
   * Counts the lines of a resource in each step of a time span, by time of sending. Without empty steps; in no order.
   */
  countLines(query: CountQuery): Promise<LineCount[]>

  /** @param day the UTC day: 2026-11-21 */
  usage(resourceNumber: number, day: string): Promise<Usage>

  /** Resources that have stored at least this many bytes on a UTC day. */
  heavyUsers(day: string, atLeastBytes: number): Promise<{ resourceNumber: number; bytes: number }[]>

  /** The usage of each day from `since` on, days without any left out, oldest first. */
  usageSince(resourceNumber: number, since: string): Promise<({ day: string } & Usage)[]>

  /** What exclusion rules dropped since that day, by rule and day. */
  savedSince(resourceNumber: number, since: string): Promise<Saved[]>

  /** The gaps of a resource from `since` on, newest first, at most 1,000. */
  gaps(resourceNumber: number, since: Date): Promise<Gap[]>

  /** Records losses that no delivery reports, such as our own refusals. */
  recordLosses(resourceNumber: number, drainId: number, at: Date, losses: readonly Loss[]): Promise<void>

  /**
   * Moves the lines of a resource into another retention class, after a plan change. Deletes lines that are past the new
   * retention. Idempotent, and safe during reads and appends.
   *
   * @param signal stops it between two batches
   * @returns false if the signal stopped it before all was moved
   */
  changeRetention(
    resourceNumber: number,
    retentionDays: number,
    now: Date,
    signal?: AbortSignal,
  ): Promise<boolean>

  /** Deletes everything of a resource. Idempotent. @returns false if the signal stopped it before the end */
  purge(resourceNumber: number, signal?: AbortSignal): Promise<boolean>

  /**
   * Makes the tables of the coming days for each retention class. Safe in any number of processes. Ahead of time, so
   * that no delivery has to wait for it; `append` makes what is missing all the same.
   */
  makeTables(retentionClasses: readonly number[], now: Date): Promise<void>

  /** Dropping what is past its retention, and what is kept for a while beside the lines. */
  housekeeping: readonly HousekeepingStep[]
}

/** Work on stored lines for a scheduled job. May be repeated. */
export interface HousekeepingStep {
  /** As a job's: `drop-expired-tables`. */
  name: string
  /** Stops soon after the signal aborts. */
  run(now: Date, signal: AbortSignal): Promise<void>
}
