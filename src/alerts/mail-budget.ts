// Limits e-mails of a resource: its people can enter any address into an alert, without consent of its owner.

const PER_HOUR = 30
const HOUR_MS = 3_600_000

/** Of one process. */
export class MailBudget {
  readonly #now: () => number
  readonly #sent = new Map<number, number[]>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** @returns 0 where one may be sent, and takes it; else the milliseconds until one may be */
  take(resourceNumber: number): number {
    const now = this.#now()
    const recent = (this.#sent.get(resourceNumber) ?? []).filter((at) => at > now - HOUR_MS)
    const [first] = recent
    if (recent.length >= PER_HOUR && first !== undefined) return first + HOUR_MS - now
    // Behind the others, so that what is in front is what sent nothing for longest.
    this.#sent.delete(resourceNumber)
    this.#sent.set(resourceNumber, [...recent, now])
    this.#forget(now)
    return 0
  }

  #forget(now: number): void {
    for (const [resourceNumber, sent] of this.#sent) {
      if ((sent.at(-1) ?? 0) > now - HOUR_MS) return
      this.#sent.delete(resourceNumber)
    }
  }
}
