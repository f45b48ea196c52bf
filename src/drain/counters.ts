// What the drain room counts. Loss and oddities are data: each drop and each tolerated fault has a number.

import type { Delivery, Filed } from '../logs/log-store.ts'

export class DrainCounters {
  /** Deliveries answered 204, by what became of them. A spooled one counts again when it is replayed. */
  stored = 0
  duplicates = 0
  overQuota = 0
  spooled = 0
  /** Lines of stored deliveries, and the bytes of their bodies. */
  lines = 0
  bytes = 0
  /** Lines whose frame was not as the protocol says; kept all the same. */
  malformedFrames = 0
  /** Lines above those that are taken of one delivery; not kept, and a gap. */
  tooManyLines = 0
  /** Deliveries whose `Logplex-Msg-Count` differs from the lines found; kept all the same. */
  countMismatches = 0
  /** Deliveries of the spool that the store has taken. */
  replayed = 0
  /** Deliveries that the store refuses for their data; set aside, and tried again. */
  spoolRejected = 0
  /** Of those: stored later; lost, because there was no room for them. */
  spoolRejectedStored = 0
  spoolRejectedLost = 0
  /** Deliveries of the spool that failed while others were stored; tried again apart from these. */
  spoolPostponed = 0
  /** Deliveries of the spool whose resource had ended and whose lines had been deleted meanwhile; not stored. */
  spoolEnded = 0
  /** Places of the spool that could not be read: torn by a crash, or damaged. */
  spoolCorrupt = 0
  /** Deliveries answered 503 that the spool had no room for, or no working disk. */
  spoolFull = 0
  /** Deliveries on a token that nobody could tell the owner of: put aside and answered 204, and what became of them. */
  held = 0
  heldReleased = 0
  heldDropped = 0
  /** Tries to store a held delivery that the store refused for its data; it stays held. */
  heldRefused = 0
  /** Answered 503: their resource had no room left for held deliveries. */
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
