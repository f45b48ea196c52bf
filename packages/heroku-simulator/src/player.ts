// Plays lines at the pace of their timestamps.
import type { TrafficLine } from './traffic-stage.ts'

/** Older lines are skipped, for example after the machine slept. */
const MAX_LAG_MS = 5_000

/** Pushes each line at its time. Returns a function that stops it. */
export function play(
  lines: Iterator<TrafficLine>,
  push: (line: TrafficLine) => void,
  clock: () => number = Date.now,
): () => void {
  let timer: NodeJS.Timeout | undefined
  let next = lines.next()

  function step(): void {
    const now = clock()
    while (!next.done && next.value.at / 1_000 <= now) {
      if (now - next.value.at / 1_000 < MAX_LAG_MS) push(next.value)
      next = lines.next()
    }
    if (!next.done) timer = setTimeout(step, Math.max(1, next.value.at / 1_000 - clock()))
  }
  step()
  return () => clearTimeout(timer)
}
