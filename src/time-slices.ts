// Work that would keep the event loop for long is done in slices, and other work comes between them.
//
// All of it in this process takes turns: with ten large deliveries at once, one turn of the loop still does no more than
// one slice. What is done within the first slice costs no turn at all, and a look at the clock now and then.

/** Of one turn of the event loop, for all sliced work together. */
const TURN_MS = 5
/** What one of several gets of a turn: a short piece of work is not kept waiting by as many turns as there are long ones. */
const SHARE_MS = 1

/** Work that can be paused. */
export interface SlicedWork<T> {
  /**
   * Goes on until it is done: true. Or until `isOver`, which it asks every fraction of a millisecond: false, and it goes
   * on from there with the next call.
   */
  run(isOver: () => boolean): boolean
  /** Once it is done. */
  result(): T
}

/** Called once a turn until it says that it is done. */
type Step = () => boolean

const waiting: Step[] = []
/** When this turn's time is used up; 0 where nobody has asked yet. */
let turnEnds = 0
let shareEnds = Number.POSITIVE_INFINITY

/** @returns a promise only where it takes longer than a slice; that rejects with what the work throws */
export function inSlices<T>(work: SlicedWork<T>): T | Promise<T> {
  if (work.run(isOver)) return work.result()
  return new Promise((resolve, reject) => {
    waiting.push(() => {
      try {
        const isDone = work.run(isOver)
        if (isDone) resolve(work.result())
        return isDone
      } catch (error) {
        reject(error)
        return true
      }
    })
  })
}

/** For where there is nobody else to wait. */
export function atOnce<T>(work: SlicedWork<T>): T {
  work.run(() => false)
  return work.result()
}

function isOver(): boolean {
  const now = performance.now()
  if (turnEnds === 0) {
    turnEnds = now + TURN_MS
    setImmediate(nextTurn)
  }
  return now >= turnEnds || now >= shareEnds
}

function nextTurn(): void {
  turnEnds = 0
  for (let step = waiting.shift(); step; step = waiting.shift()) {
    shareEnds = performance.now() + SHARE_MS
    if (!step()) waiting.push(step)
    shareEnds = Number.POSITIVE_INFINITY
    // Asking begins the turn.
    if (isOver()) return
  }
}
