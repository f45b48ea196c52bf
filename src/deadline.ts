// A time limit on one piece of work that may also be called off.
//
// Not AbortSignal.any(): in Node a signal that lives as long as the process remembers each signal that was ever made of it
// (nodejs/node#54614, #64476; on 20.20 20,000 of 20,000 were left after a collection), and whoever sends lines on makes
// dozens a second.
import { setMaxListeners } from 'node:events'

export interface Deadline {
  /** Aborted when the time is up, or with the reason of what it is called off by. */
  signal: AbortSignal
  readonly isPast: boolean
  /** The work is over. To be called in any case. */
  end(): void
}

export function startDeadline(timeoutMs: number, calledOffBy?: AbortSignal): Deadline {
  const controller = new AbortController()
  let isPast = false
  const timer = setTimeout(() => {
    isPast = true
    controller.abort(new DOMException('the time is up', 'TimeoutError'))
  }, timeoutMs)
  const callOff = () => controller.abort(calledOffBy?.reason)
  if (calledOffBy?.aborted) callOff()
  else if (calledOffBy) {
    // As many as there are calls under way: no leak, whatever Node makes of more than ten.
    setMaxListeners(0, calledOffBy)
    calledOffBy.addEventListener('abort', callOff, { once: true })
  }
  return {
    signal: controller.signal,
    get isPast() {
      return isPast
    },
    end() {
      clearTimeout(timer)
      calledOffBy?.removeEventListener('abort', callOff)
    },
  }
}

/**
 * The result of `work`, which continues without a listener where it takes longer.
 *
 * @throws what `late` makes where it takes longer
 */
export function withinMs<T>(
  timeoutMs: number,
  work: Promise<T>,
  late: () => Error = () => new DOMException('the time is up', 'TimeoutError'),
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), timeoutMs)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
