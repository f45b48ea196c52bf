// How long a delivery may be held: until its answer is due.
//
// Not an AbortSignal: one for each delivery lengthens the pauses of young-generation collections (a group commit alone: 1.6 ms
// a pause with them, 0.6 without; 2 shared cores, Node 20.20).
import { AppError } from '../errors.ts'

export class Hold {
  readonly #timer: NodeJS.Timeout
  readonly #endsAt: number
  #waiting: (() => void)[] = []
  #hasEnded = false

  constructor(ms: number) {
    this.#endsAt = performance.now() + ms
    this.#timer = setTimeout(() => this.#end(), Math.max(0, ms))
  }

  /** By the clock, because a timer is late after the process was blocked. */
  get isOver(): boolean {
    return this.#hasEnded || performance.now() >= this.#endsAt
  }

  /**
   * The promise, for as long as the delivery may be held.
   *
   * @param giveUp called first if the time runs out
   * @throws AppError store_unavailable then
   */
  over<T>(promise: Promise<T>, giveUp?: (reason: AppError) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        const reason = new AppError('store_unavailable')
        giveUp?.(reason)
        reject(reason)
      }
      const stay = () => {
        this.#waiting = this.#waiting.filter((waiting) => waiting !== leave)
      }
      if (this.isOver) leave()
      else this.#waiting.push(leave)
      promise.then(stay, stay)
      promise.then(resolve, reject)
    })
  }

  /** The same for work that does not start once the answer is due: what has not started needs no withdrawal. */
  start<T>(work: () => Promise<T>, giveUp?: (reason: AppError) => void): Promise<T> {
    return this.isOver ? Promise.reject(new AppError('store_unavailable')) : this.over(work(), giveUp)
  }

  /** After the answer. */
  release(): void {
    clearTimeout(this.#timer)
  }

  #end(): void {
    this.#hasEnded = true
    for (const leave of this.#waiting.splice(0)) leave()
  }
}
