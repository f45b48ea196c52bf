// What watching alerts counts.

export class AlertCounters {
  evaluated = 0
  /** Too much to count in time, or an error on the way. */
  undecided = 0
  fired = 0
  recovered = 0
  delivered = 0
  /** Tries that failed; the message is tried again. */
  deliveriesFailed = 0
  /** Messages undelivered after an hour, or refused by their receiver. */
  givenUp = 0
}
