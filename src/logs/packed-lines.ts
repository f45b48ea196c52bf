// The lines of a delivery that waits for its commit, as numbers in one array. A delivery waits for a tenth of a second,
// which is long for a garbage collector: as objects its lines outlive the young generation, and collecting them took
// a sixth of the service's time at the peak (2 shared cores, Node 20, 2026-11-21).
import type { FramedLine, LineList } from '../logplex/framed-line.ts'

const FIELDS = 13

export class PackedLines implements LineList {
  readonly length: number
  readonly #numbers: Float64Array

  constructor(lines: LineList) {
    this.length = lines.length
    const numbers = new Float64Array(lines.length * FIELDS)
    for (let index = 0, at = 0; index < lines.length; index++) {
      const line = lines.at(index) as FramedLine
      numbers[at] = line.start
      numbers[at + 1] = line.end
      numbers[at + 2] = line.priority
      numbers[at + 3] = line.sentAtMicros
      numbers[at + 4] = line.sourceStart
      numbers[at + 5] = line.sourceEnd
      numbers[at + 6] = line.processStart
      numbers[at + 7] = line.processEnd
      numbers[at + 8] = line.messageStart
      numbers[at + 9] = line.messageEnd
      numbers[at + 10] = line.form
      numbers[at + 11] = line.reproducible ? 1 : 0
      numbers[at + 12] = line.isText ? 1 : 0
      at += FIELDS
    }
    this.#numbers = numbers
  }

  /** The line at this place, made anew. */
  at(index: number): FramedLine {
    const at = index * FIELDS
    const numbers = this.#numbers
    return {
      start: numbers[at] as number,
      end: numbers[at + 1] as number,
      priority: numbers[at + 2] as number,
      sentAtMicros: numbers[at + 3] as number,
      sourceStart: numbers[at + 4] as number,
      sourceEnd: numbers[at + 5] as number,
      processStart: numbers[at + 6] as number,
      processEnd: numbers[at + 7] as number,
      messageStart: numbers[at + 8] as number,
      messageEnd: numbers[at + 9] as number,
      form: numbers[at + 10] as number,
      reproducible: numbers[at + 11] === 1,
      isText: numbers[at + 12] === 1,
    }
  }
}
