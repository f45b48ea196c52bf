// What a request has been let in with, and when it is given back: once nobody works on the delivery any more and the
// request is over. Either may be first: a sender may go away while its delivery waits for a commit, and what waits there
// is in memory as before.
import type { AdmittedDrain } from './admission.ts'
import type { Charge } from './byte-gate.ts'
import type { Hold } from './hold.ts'
import type { Newcomer } from './newcomers.ts'
import type { Room } from './read-body.ts'

export class Entry implements Room {
  readonly drain: AdmittedDrain | Newcomer
  readonly hold: Hold
  readonly #charge: Charge
  #users = 1

  constructor(drain: AdmittedDrain | Newcomer, charge: Charge, hold: Hold) {
    this.drain = drain
    this.hold = hold
    this.#charge = charge
  }

  /** As Charge.take, for as long as the delivery may be held. */
  take(bytes: number): Promise<void> | undefined {
    const room = this.#charge.take(bytes)
    return room && this.hold.over(room)
  }

  give(bytes: number): void {
    this.#charge.give(bytes)
  }

  /** What it costs in the end. */
  settle(bytes: number): Promise<void> | undefined {
    const room = this.#charge.settle(bytes)
    return room && this.hold.over(room)
  }

  /** Somebody else needs it, and leaves later. */
  use(): void {
    this.#users++
  }

  leave(): void {
    this.#users--
    if (this.#users > 0) return
    this.#charge.close()
    this.hold.release()
  }
}
