// The lines of a delivery as numbers in one array, 44 bytes a line. As objects they take five times that, outlive the
// young generation while the delivery waits for its commit, and collecting them took a sixth of the service's time at
// the peak (2 shared cores, Node 20, 2026-11-21).
import type { FramedLine, LineList } from './framed-line.ts'

const FIELDS = 11
const TWO_32 = 2 ** 32
/** In the upper half of a time: there is none. */
const NO_TIME = -(2 ** 31)

// The last number but two: PRI + 1, which is 0 to 192, then `form`, then two flags.
const FORM_SHIFT = 8
const REPRODUCIBLE = 1 << 24
const IS_TEXT = 1 << 25

export class PackedLines implements LineList {
  readonly length: number
  readonly #numbers: Int32Array

  /** @param numbers as a LinePacker writes them */
  constructor(numbers: Int32Array, length: number) {
    this.#numbers = numbers
    this.length = length
  }

  /** The line at this place, a new object each time. */
  at(index: number): FramedLine | undefined {
    if (index >= this.length) return undefined
    const at = index * FIELDS
    const numbers = this.#numbers
    const bits = numbers[at + 8] as number
    const high = numbers[at + 9] as number
    return {
      start: numbers[at] as number,
      end: numbers[at + 1] as number,
      priority: (bits & 0xff) - 1,
      sentAtMicros: high === NO_TIME ? Number.NaN : high * TWO_32 + ((numbers[at + 10] as number) >>> 0),
      sourceStart: numbers[at + 2] as number,
      sourceEnd: numbers[at + 3] as number,
      processStart: numbers[at + 4] as number,
      processEnd: numbers[at + 5] as number,
      messageStart: numbers[at + 6] as number,
      messageEnd: numbers[at + 7] as number,
      form: (bits >>> FORM_SHIFT) & 0xffff,
      reproducible: (bits & REPRODUCIBLE) !== 0,
      isText: (bits & IS_TEXT) !== 0,
    }
  }

  *[Symbol.iterator](): Generator<FramedLine> {
    for (let index = 0; index < this.length; index++) yield this.at(index) as FramedLine
  }
}

/** Lines one after the other into a PackedLines. */
export class LinePacker {
  #numbers: Int32Array
  #length = 0

  /** @param lines room for about so many; more makes it grow */
  constructor(lines: number) {
    this.#numbers = new Int32Array(Math.max(1, lines) * FIELDS)
  }

  get length(): number {
    return this.#length
  }

  add(line: FramedLine): void {
    const at = this.#length * FIELDS
    if (at === this.#numbers.length) this.#grow()
    const numbers = this.#numbers
    const high = Math.floor(line.sentAtMicros / TWO_32)
    const hasTime = !Number.isNaN(high)
    numbers[at] = line.start
    numbers[at + 1] = line.end
    numbers[at + 2] = line.sourceStart
    numbers[at + 3] = line.sourceEnd
    numbers[at + 4] = line.processStart
    numbers[at + 5] = line.processEnd
    numbers[at + 6] = line.messageStart
    numbers[at + 7] = line.messageEnd
    numbers[at + 8] =
      (line.priority + 1) |
      (line.form << FORM_SHIFT) |
      (line.reproducible ? REPRODUCIBLE : 0) |
      (line.isText ? IS_TEXT : 0)
    numbers[at + 9] = hasTime ? high : NO_TIME
    numbers[at + 10] = hasTime ? line.sentAtMicros - high * TWO_32 : 0
    this.#length++
  }

  /** What was added. Nothing may be added afterwards. */
  pack(): PackedLines {
    const used = this.#length * FIELDS
    // Growing leaves up to half of the room free, for as long as the delivery waits.
    const isTight = used * 1.25 >= this.#numbers.length
    return new PackedLines(isTight ? this.#numbers : this.#numbers.slice(0, used), this.#length)
  }

  #grow(): void {
    const larger = new Int32Array(this.#numbers.length * 2)
    larger.set(this.#numbers)
    this.#numbers = larger
  }
}
