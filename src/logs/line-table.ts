// Where the lines themselves are stored: in Postgres with everything else (postgres/), or in an engine of their own. Claims
// and counts are always in Postgres, whose transactions decide what is stored: a line is visible from the commit of its
// transaction on, whatever crashes.
import type { PoolClient } from 'pg'
import type { Statement } from '../database/round-trip.ts'
import type { LogLine } from '../logplex/framed-line.ts'
import type {
  CountQuery,
  Delivery,
  HousekeepingStep,
  LineCount,
  LinePage,
  LineQuery,
  LogStore,
} from './log-store.ts'

/** Identifies the lines of one transaction in an engine of its own. */
export interface LineBatch {
  writer: number
  batch: number
}

export interface Written {
  /** Null if each line carries its transaction. */
  batch: LineBatch | null
  /** Statements to run in the transaction before it commits; they store the lines in Postgres. */
  statements: readonly Statement[]
  /** Must be called at the end. @param committed whether the transaction is known to have committed */
  settle(hasCommitted: boolean): void
}

/** The lines that one transaction stored for one resource, described so that they can be found again. */
export interface StoredRef {
  resourceNumber: number
  /** Of its transaction. */
  xid: bigint
  batch: LineBatch | null
  /** The range of their times of receipt, inclusive, in microseconds since 1970. */
  from: number
  to: number
  /** Their times of sending, in bins of BIN_SECONDS since 1970. */
  bins: readonly number[]
}

export interface StoredLine {
  line: LogLine
  /** False if it is uncertain whether it is one of them: it may have moved to another partition. */
  isOwn: boolean
}

/** Resolution of times of sending that only serve to find lines again. */
export const BIN_SECONDS = 8

export interface LineTable {
  /**
   * Makes lines durable, together with the statements that it returns. They become visible when the transaction of `client`
   * commits, and never if it does not.
   *
   * @throws if they are not durable, or may not be: the transaction must not commit then
   */
  write(client: PoolClient, deliveries: readonly Delivery[]): Promise<Written>

  /** As LogStore.read. */
  read(query: LineQuery): Promise<LinePage>

  /** A page as of one pg_snapshot, which it returns: it contains nothing that commits later. */
  readHistory(query: LineQuery): Promise<{ page: LinePage; snapshot: string }>

  /** The lines of each item, in the order of receipt; all are of committed transactions. */
  readStored(refs: readonly StoredRef[]): Promise<StoredLine[][]>

  /** As LogStore.countLines. */
  countLines(query: CountQuery): Promise<LineCount[]>

  changeRetention: LogStore['changeRetention']

  /** Deletes the lines alone. */
  purge: LogStore['purge']

  makeTables: LogStore['makeTables']

  /** Makes what the deliveries need and is missing; after a write that found no table. Returns whether anything was. */
  makeTablesFor(deliveries: readonly Delivery[]): Promise<boolean>

  /** Of LogStore.housekeeping, what is done to the lines. */
  housekeeping: readonly HousekeepingStep[]
}
