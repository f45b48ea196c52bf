// What the features know of where lines are kept. Postgres implements it (postgres/), a second engine can:
// test/logs/log-store-contract.ts is the suite that any implementation must pass.
import type { LineList, LogLine } from '../logplex/framed-line.ts'
import type { Apps } from '../query/line-view.ts'
import type { Query } from '../query/query.ts'
import { costOf } from './delivery-cost.ts'

/** The key of a delivery: 32 lower-case hex digits, remembered for a while. */
export interface FrameKey {
  id: string
  rememberSeconds: number
}

/** One batch as a sender delivered it. */
export interface Delivery {
  resourceNumber: number
  drainId: number
  /** Retention class: the plan's days at the time of receipt. */
  retentionDays: number
  /** The plan's volume of a UTC day, in bytes as delivery-cost.ts counts them. What comes above it is counted and not kept. */
  dailyBytes: number
  /** Lines that this delivery tells are missing. */
  losses: readonly Loss[]
  /** What makes a retry recognisable: the same for each try of a batch and for no other batch of the drain. */
  frameKey: FrameKey
  /** Microseconds since 1970 of the first line; the lines behind it count up, one each. */
  receivedAtMicros: number
  body: Buffer
  /** Those to be kept: what exclusion rules drop is not among them. */
  lines: LineList
  /** What rules dropped of it: does not count towards the volume, and is written down beside it. */
  excluded?: readonly Excluded[]
}

/** Lines that one exclusion rule dropped from a delivery, with their share of the body's bytes. */
export interface Excluded {
  /** A uuid in lower case. */
  exclusionId: string
  lines: number
  bytes: number
}

/** What a delivery counts towards the volume of its day: what it costs without the lines that rules dropped. */
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
 * `duplicate`: this drain has delivered this frame key before, and nothing was stored.
 * `over_quota`: the day's volume is used up; the lines were counted as dropped, and the frame key remembered.
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
  /** Which lines; `EVERYTHING` for all of them. */
  search: Query
  /** The names of the resource's apps by drain id, for `app:…`. */
  apps?: Apps
  /** Start behind this line, towards older ones (`before`) or newer ones (`after`). Neither: the newest. */
  before?: string
  after?: string
  /** The line of `before` or `after` itself belongs to the page. */
  including?: boolean
  /** Without a place to start behind: start at the oldest line that is kept, towards newer ones. */
  oldestFirst?: boolean
  limit: number
  /** How much is looked at for one page before it ends early; without it, about a second's work. */
  effort?: Effort
  /** Ends the search, in the database too. Then `read` throws the signal's reason. */
  signal?: AbortSignal
}

export interface Effort {
  /** About so many lines; at least one step is made. */
  lines: number
  ms: number
}

export interface LinePage {
  /** Newest first. May hold more than `limit` where the last ones share one place in the order. */
  lines: LogLine[]
  /** Pass as `before` for the next older page; null at the end of what is kept. */
  older: string | null
  /** Pass as `after` for the lines that come later than this page. Null where the page is empty and ends the search. */
  newer: string | null
  /**
   * Where the search paused before the page was full: no line between the start of the page and this time is missing
   * from it, and `older` (with `after`: `newer`) goes on from here. RFC 3339; null where the page is complete.
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
  /** Microseconds since 1970: where the step begins. */
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
   * Files the deliveries, all of them in one durable commit, in the order given. The answers are in that order.
   * The same (drain, frame key) must not be passed twice in one call.
   *
   * @throws when nothing of it was stored, or when it is not known whether it was: then pass the same deliveries
   *   again, and the frame keys tell.
   */
  append(deliveries: readonly Delivery[]): Promise<Filed[]>

  /** @throws AppError invalid_params for a cursor that this store never gave. */
  read(query: LineQuery): Promise<LinePage>

  /**
   * When the line of a cursor was sent: RFC 3339. The line need not be kept any more.
   *
   * @throws AppError invalid_params for a cursor that this store never gave.
   */
  timeOf(cursor: string): string

  /**
   * How many lines of a resource there are in each step of a span of time, by when they were sent. Steps without any
   * are left out; in no order.
   */
  countLines(query: CountQuery): Promise<LineCount[]>

  /** @param day the UTC day: 2026-11-21 */
  usage(resourceNumber: number, day: string): Promise<Usage>

  /** Resources that have stored so many bytes on a UTC day, or more. */
  heavyUsers(day: string, atLeastBytes: number): Promise<{ resourceNumber: number; bytes: number }[]>

  /** The usage of each day from `since` on that had any, oldest first. */
  usageSince(resourceNumber: number, since: string): Promise<({ day: string } & Usage)[]>

  /** What exclusion rules dropped since that day, by rule and day. */
  savedSince(resourceNumber: number, since: string): Promise<Saved[]>

  /** The gaps of a resource from `since` on, newest first, at most 1,000. */
  gaps(resourceNumber: number, since: Date): Promise<Gap[]>

  /** Writes down losses that no delivery carries, such as our own refusals. */
  recordLosses(resourceNumber: number, drainId: number, at: Date, losses: readonly Loss[]): Promise<void>

  /**
   * Moves what is kept of a resource into another retention class, after a plan change. Lines that the new class
   * would have dropped already are deleted. May be repeated, and runs beside reads and appends.
   *
   * @param signal ends it between two batches
   * @returns whether all is moved; false where the signal ended it
   */
  changeRetention(
    resourceNumber: number,
    retentionDays: number,
    now: Date,
    signal?: AbortSignal,
  ): Promise<boolean>

  /** Deletes everything of a resource. May be repeated. @returns whether all is gone; false where the signal ended it */
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
