// How long a delivery may be held: until its answer is due.
//
// Not an AbortSignal: with one for each delivery a collection of new objects pauses longer, because most that a delivery
// leaves behind is copied by it (a group commit alone: 1.6 ms a pause with them, 0.6 without; 2 shared cores, Node 20.20).
import { AppError } from '../errors.ts'

export class Hold {
  readonly #timer: NodeJS.Timeout
  #waiting: (() => void)[] = []
  #isOver = false

  constructor(ms: number) {
    this.#timer = setTimeout(() => this.#end(), Math.max(0, ms))
  }

  /**
   * The promise, for as long as the delivery may be held.
   *
   * @param giveUp told where that was too short, before
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
      if (this.#isOver) leave()
      else this.#waiting.push(leave)
      promise.then(stay, stay)
      promise.then(resolve, reject)
    })
  }

  /** It has been answered. */
  release(): void {
    clearTimeout(this.#timer)
  }

  #end(): void {
    this.#isOver = true
    for (const leave of this.#waiting.splice(0)) leave()
  }
}
