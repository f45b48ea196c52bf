// Endless lifelike log lines of one app, ordered by time, the same for the same seed. Pure: the start time is an argument.
import { formatMicros, type SimLine } from './frame-encoder.ts'
import { createRandom } from './random.ts'
import { databaseMetrics, dynoMetrics } from './traffic-metrics.ts'
import { webRequest, workerJob } from './traffic-requests.ts'
import type { TrafficLine, TrafficStage } from './traffic-stage.ts'
import { nextStory } from './traffic-stories.ts'

export interface TrafficOptions {
  seed: number | string
  /** Milliseconds since 1970. */
  startAt: number
  /** On average, including bursts and stories. */
  linesPerSecond: number
  app?: string
}

const SECOND = 1_000_000
/** On average, measured over an hour of traffic. */
const LINES_PER_REQUEST = 2.75
const LINES_PER_STORY = 24
const METRIC_LINES_PER_SECOND = 0.32
const STORY_SHARE = 0.07

export function* traffic(options: TrafficOptions): Generator<TrafficLine, never> {
  const start = Math.round(options.startAt * 1_000)
  const schedule = new Schedule()
  const random = createRandom(options.seed)
  let now = start
  const stage: TrafficStage = {
    random,
    app: options.app ?? 'tidy-river-41233',
    state: { release: random.int(20, 90), memoryMegabytes: 220, stories: [] },
    emit: (afterMicros, line) => schedule.add(now + Math.round(afterMicros), { ...line, at: 0 }),
  }

  for (const { first, next } of actors(options.linesPerSecond, start, stage)) {
    const act = () => schedule.add(now + Math.max(1, Math.round(next())), act)
    schedule.add(start + Math.round(first), act)
  }
  for (;;) {
    const { at, what } = schedule.take()
    now = at
    if (typeof what === 'function') what()
    else yield { ...what, at }
  }
}

/** The lines of `[from, to)`, milliseconds since 1970. */
export function backlog(
  options: Omit<TrafficOptions, 'startAt'> & { from: number; to: number },
): TrafficLine[] {
  const lines: TrafficLine[] = []
  for (const line of traffic({ ...options, startAt: options.from })) {
    if (line.at >= options.to * 1_000) break
    lines.push(line)
  }
  return lines
}

/** As its source would send it, with a newline, which Logplex counts and passes on. */
export function toSimLine(line: TrafficLine): SimLine {
  const { priority, source, process, message } = line
  return { priority, source, process, time: formatMicros(line.at), message: `${message}\n` }
}

interface Actor {
  /** Microseconds until it first acts. */
  first: number
  /** Acts, and returns the microseconds until it acts again. */
  next: () => number
}

function actors(linesPerSecond: number, start: number, stage: TrafficStage): Actor[] {
  const { random } = stage
  const requestLines = linesPerSecond * (1 - STORY_SHARE) - METRIC_LINES_PER_SECOND
  const requestsPerSecond = Math.max(requestLines, linesPerSecond / 10) / LINES_PER_REQUEST
  // A burst has five times the requests, for a tenth of the time.
  const calm = requestsPerSecond / 1.4
  let isBurst = false
  const meanWait = () => SECOND / (isBurst ? calm * 5 : calm)
  // Stories are as frequent as their share of lines, so that a slow app does not consist of stories.
  const storyWait = () => (SECOND * LINES_PER_STORY) / STORY_SHARE / linesPerSecond

  const dyno = (process: string, first: number): Actor => ({
    first: first * SECOND,
    next: () => {
      dynoMetrics(stage, process)
      return 20 * SECOND + random.int(-80_000, 80_000)
    },
  })
  return [
    {
      first: random.exponential(meanWait()),
      next: () => {
        if (random.chance(0.12)) workerJob(stage)
        else webRequest(stage)
        return random.exponential(meanWait())
      },
    },
    {
      first: 12 * SECOND,
      next: () => {
        isBurst = !isBurst
        return (isBurst ? 4 : 36) * SECOND * (0.5 + random.next())
      },
    },
    {
      first: storyWait() / 6,
      next: () => {
        nextStory(stage)
        return storyWait() * (0.7 + 0.6 * random.next())
      },
    },
    dyno('web.1', 3.2),
    dyno('web.2', 9.7),
    dyno('worker.1', 15.1),
    {
      // Add-ons write whole seconds.
      first: SECOND - (start % SECOND),
      next: () => {
        databaseMetrics(stage)
        return 60 * SECOND
      },
    },
  ]
}

/** Entries by time, earliest first; entries with equal times in the order of insertion. */
class Schedule {
  readonly #entries: { at: number; what: TrafficLine | (() => void) }[] = []

  add(at: number, what: TrafficLine | (() => void)): void {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#entries[middle]?.at ?? 0) > at) low = middle + 1
      else high = middle
    }
    // Latest first, so that the earliest is popped off the end.
    this.#entries.splice(low, 0, { at, what })
  }

  take() {
    const entry = this.#entries.pop()
    if (entry === undefined) throw new Error('BUG: the traffic came to an end')
    return entry
  }
}
