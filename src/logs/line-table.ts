// Where the lines themselves are kept: in Postgres beside everything else (postgres/), or in an engine of their own.
// What is claimed and counted of them is in Postgres in any case, and its transactions decide what is stored: lines are
// seen from the commit of the transaction that stores them on, whatever crashes.
import type { PoolClient } from 'pg'
import type { Statement } from '../database/round-trip.ts'
import type { LogLine } from '../logplex/framed-line.ts'
import type { CountQuery, Delivery, HousekeepingStep, LineCount, LinePage, LineQuery } from './log-store.ts'

/** What the lines of one transaction are called in an engine of its own. */
export interface LineBatch {
  writer: number
  batch: number
}

export interface Written {
  /** Null where a line itself tells the transaction that stored it. */
  batch: LineBatch | null
  /** What is still to be run in the transaction, before it commits: by these the lines get into Postgres. */
  statements: readonly Statement[]
  /** Must be called at the end: whether the transaction is known to have committed. */
  settle(hasCommitted: boolean): void
}

/** Lines that one transaction stored of one resource, told so that they can be found again. */
export interface StoredRef {
  resourceNumber: number
  /** Of the transaction. */
  xid: bigint
  batch: LineBatch | null
  /** The times of receipt that they lie between, inclusive, in microseconds since 1970. */
  from: number
  to: number
  /** When they were sent, in bins of BIN_SECONDS since 1970. */
  bins: readonly number[]
}

export interface StoredLine {
  line: LogLine
  /** False where it cannot be told for certain whether it is one of them: it may have been moved to another partition. */
  isOwn: boolean
}

/** Times of sending are told that coarsely where they need only be found again. */
export const BIN_SECONDS = 8

export interface LineTable {
  /**
   * Makes lines durable, with the statements that it returns, that shall be seen when the transaction of `client` commits,
   * and never if it does not.
   *
   * @throws where they are not, or may not be: then the transaction must not commit
   */
  write(client: PoolClient, deliveries: readonly Delivery[]): Promise<Written>

  /** As LogStore.read. */
  read(query: LineQuery): Promise<LinePage>

  /** A page as of one moment, and the pg_snapshot that tells which moment: what commits later is in no part of it. */
  readHistory(query: LineQuery): Promise<{ page: LinePage; snapshot: string }>

  /** The lines of each, in the order of their receipt. All of one or more transactions that have committed. */
  readStored(refs: readonly StoredRef[]): Promise<StoredLine[][]>

  /** As LogStore.countLines. */
  countLines(query: CountQuery): Promise<LineCount[]>

  /** As LogStore.changeRetention. */
  changeRetention(
    resourceNumber: number,
    retentionDays: number,
    now: Date,
    signal?: AbortSignal,
  ): Promise<boolean>

  /** As LogStore.purge, of the lines alone. */
  purge(resourceNumber: number, signal?: AbortSignal): Promise<boolean>

  /** As LogStore.makeTables. */
  makeTables(retentionClasses: readonly number[], now: Date): Promise<void>

  /** Makes what the deliveries need and is missing; after a write that found no table. Returns whether anything was. */
  makeTablesFor(deliveries: readonly Delivery[]): Promise<boolean>

  /** Of LogStore.housekeeping, what is done to the lines. */
  housekeeping: readonly HousekeepingStep[]
}
