// What the drain room counts. Loss and oddities are data: each drop and each tolerated fault has a number.

export class DrainCounters {
  /** Deliveries answered 204, by what became of them. */
  stored = 0
  duplicates = 0
  overQuota = 0
  /** Lines of stored deliveries, and the bytes of their bodies. */
  lines = 0
  bytes = 0
  /** Lines whose frame was not as the protocol says; kept all the same. */
  malformedFrames = 0
  /** Deliveries whose `Logplex-Msg-Count` differs from the lines found; kept all the same. */
  countMismatches = 0
  /** Deliveries answered with an error, by its code. */
  readonly refused = new Map<string, number>()

  refuse(code: string): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1)
  }
}
