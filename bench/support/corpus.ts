// The bytes that are drained: lifelike lines from the simulated apps, cut into bodies whose times can be set anew.
// Pure, and the same for the same seed.
//
// Times are written at each sending, because a body that is sent again and again with its old times would make an
// index out of few distinct keys: Postgres keeps equal ones once, and the index would come out too small and too fast.
import { encodeFrame, type SimLine } from '../../packages/heroku-simulator/src/frame-encoder.ts'
import { toSimLine, traffic } from '../../packages/heroku-simulator/src/traffic.ts'

const APPS = 16
const LINES_PER_APP = 3_000
/** Enough for requests, jobs, stories and the metrics of dynos and databases to be in the mix. */
const LINES_PER_SECOND = 30
const START_AT = Date.UTC(2026, 10, 21, 12)

/** YYYY-MM-DDTHH:MM:SS */
const SECONDS_BYTES = 19
const OFFSET_BYTES = '+00:00'.length

/** A body of frames, to be sent by one connection at a time. */
export class Body {
  readonly bytes: Buffer
  readonly lines: number
  /** Where each line's time begins, and how many digits its fraction has. */
  readonly #timeAt: Uint32Array
  readonly #digits: Uint8Array

  constructor(lines: readonly SimLine[]) {
    const frames = lines.map(encodeFrame)
    this.bytes = Buffer.concat(frames)
    this.lines = lines.length
    this.#timeAt = new Uint32Array(lines.length)
    this.#digits = new Uint8Array(lines.length)
    let start = 0
    for (const [at, frame] of frames.entries()) {
      this.#timeAt[at] = start + frame.indexOf('>1 ') + 3
      this.#digits[at] = Math.max(0, (lines[at] as SimLine).time.length - SECONDS_BYTES - OFFSET_BYTES - 1)
      start += frame.length
    }
  }

  /** Spreads the times of the lines evenly over the span. Each keeps the number of its digits. */
  stamp(fromMicros: number, toMicros: number): void {
    const step = (toMicros - fromMicros) / this.lines
    for (let line = 0; line < this.lines; line++) {
      const micros = Math.floor(fromMicros + step * line)
      const second = Math.floor(micros / 1_000_000)
      const at = this.#timeAt[line] as number
      this.bytes.set(secondBytes(second), at)
      const digits = this.#digits[line] as number
      let fraction = Math.floor((micros - second * 1_000_000) / 10 ** (6 - digits))
      for (let digit = digits; digit > 0; digit--) {
        this.bytes[at + SECONDS_BYTES + digit] = 0x30 + (fraction % 10)
        fraction = Math.floor(fraction / 10)
      }
    }
  }
}

/** The bodies, each with lines of one app that followed each other; the corpus starts over when it is used up. */
export function* bodies(seed: number, linesPerBody: number): Generator<Body, never> {
  const apps = Array.from({ length: APPS }, (_, app) => appLines(`${seed}/${app}`))
  for (let round = 0; ; round++) {
    for (const lines of apps) {
      const start = (round * linesPerBody) % (lines.length - linesPerBody)
      yield new Body(lines.slice(start, start + linesPerBody))
    }
  }
}

function appLines(seed: string): SimLine[] {
  const lines: SimLine[] = []
  for (const line of traffic({ seed, startAt: START_AT, linesPerSecond: LINES_PER_SECOND })) {
    lines.push(toSimLine(line))
    if (lines.length === LINES_PER_APP) break
  }
  return lines
}

const remembered = { second: Number.NaN, bytes: new Uint8Array() }

function secondBytes(second: number): Uint8Array {
  if (remembered.second !== second) {
    remembered.second = second
    remembered.bytes = Buffer.from(new Date(second * 1_000).toISOString().slice(0, SECONDS_BYTES))
  }
  return remembered.bytes
}
