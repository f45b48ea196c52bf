// An admitted request: its drain, its charge and its hold. Released once the request is over and no work on the delivery is
// left, in either order: a sender may go away while its delivery waits for a commit, still in memory.
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

  /** Like Charge.take, for as long as the delivery may be held. */
  take(bytes: number): Promise<void> | undefined {
    const room = this.#charge.take(bytes)
    return room && this.hold.over(room)
  }

  give(bytes: number): void {
    this.#charge.give(bytes)
  }

  /** Sets the final cost. */
  settle(bytes: number): Promise<void> | undefined {
    const room = this.#charge.settle(bytes)
    return room && this.hold.over(room)
  }

  /** Another user of the charge, which leaves later. */
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
