// Counters of the drain module: every drop and every tolerated fault has one.

import type { Delivery, Filed } from '../logs/log-store.ts'

export class DrainCounters {
  /** Deliveries answered 204, by outcome. A spooled one counts again at its replay. */
  stored = 0
  duplicates = 0
  overQuota = 0
  spooled = 0
  /** Lines of stored deliveries, and the bytes of their bodies. */
  lines = 0
  bytes = 0
  /** Lines with a malformed frame; stored nevertheless. */
  malformedFrames = 0
  /** Lines beyond the bound of one delivery; not stored, shown as a gap. */
  tooManyLines = 0
  /** Deliveries whose `Logplex-Msg-Count` differs from the lines found; stored nevertheless. */
  countMismatches = 0
  /** Spooled deliveries stored by the replay. */
  replayed = 0
  /** Deliveries that the store refuses for their data; set aside and retried. */
  spoolRejected = 0
  /** Of those: stored later; lost for want of room. */
  spoolRejectedStored = 0
  spoolRejectedLost = 0
  /** Spooled deliveries that failed while others were stored; retried separately. */
  spoolPostponed = 0
  /** Spooled deliveries of a resource whose lines are deleted by now; not stored. */
  spoolEnded = 0
  /** Unreadable places of the spool: torn by a crash, or damaged. */
  spoolCorrupt = 0
  /** Deliveries answered 503 because the spool was full or its disk failed. */
  spoolFull = 0
  /** Deliveries with an unknown token that were held and answered 204, and their outcome. */
  held = 0
  heldReleased = 0
  heldDropped = 0
  /** Failed tries to store a held delivery whose data the store refuses; it stays held. */
  heldRefused = 0
  /** Answered 503 because their resource was at its bound of held deliveries. */
  heldFull = 0
  /** Deliveries answered with an error, by its code. */
  readonly refused = new Map<string, number>()

  kept(delivery: Delivery, as: Filed | 'spooled' | 'set_aside'): void {
    if (as === 'duplicate') this.duplicates++
    else if (as === 'over_quota') this.overQuota++
    else if (as === 'spooled') this.spooled++
    else if (as === 'stored') {
      this.stored++
      this.lines += delivery.lines.length
      this.bytes += delivery.body.length
    }
  }

  refuse(code: string): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1)
  }
}
