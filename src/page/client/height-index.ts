// The heights of rows, and which row is where: sums over blocks, so that a row in 100,000 is found at once and one that
// turns out taller costs little. Pure.

const BLOCK = 256

export class HeightIndex {
  #heights: number[] = []
  /** Of whole blocks; valid below #valid. */
  #sums: number[] = []
  #valid = 0
  /** What a row that was never measured counts. */
  estimate: number

  constructor(estimate: number) {
    this.estimate = estimate
  }

  get length(): number {
    return this.#heights.length
  }

  get total(): number {
    return this.top(this.#heights.length)
  }

  height(index: number): number {
    return this.#heights[index] ?? 0
  }

  /** Rows that go and rows that come, at one place; the new ones count as the estimate. */
  splice(at: number, removed: number, inserted: number): void {
    // In portions: a spread of 100,000 arguments overflows the stack.
    if (inserted <= 1_000) {
      this.#heights.splice(at, removed, ...new Array<number>(inserted).fill(this.estimate))
    } else {
      const behind = this.#heights.slice(at + removed)
      this.#heights.length = at
      for (let count = 0; count < inserted; count++) this.#heights.push(this.estimate)
      for (const height of behind) this.#heights.push(height)
    }
    this.#invalidate(at)
  }

  /** True where that is news. */
  set(index: number, height: number): boolean {
    if (this.#heights[index] === height) return false
    this.#heights[index] = height
    this.#invalidate(index)
    return true
  }

  /** Where the row begins; with the number of rows, where the last one ends. */
  top(index: number): number {
    this.#sumUp()
    const block = Math.floor(index / BLOCK)
    let top = 0
    for (let at = 0; at < block; at++) top += this.#sums[at] ?? 0
    for (let at = block * BLOCK; at < index; at++) top += this.#heights[at] ?? 0
    return top
  }

  /** The row at this height; the last one for anything below it. */
  find(y: number): number {
    this.#sumUp()
    let top = 0
    let block = 0
    while (block < this.#sums.length && top + (this.#sums[block] as number) <= y)
      top += this.#sums[block++] as number
    let index = block * BLOCK
    while (index < this.#heights.length && top + (this.#heights[index] as number) <= y) {
      top += this.#heights[index++] as number
    }
    return Math.max(0, Math.min(index, this.#heights.length - 1))
  }

  #invalidate(index: number): void {
    this.#valid = Math.min(this.#valid, Math.floor(index / BLOCK))
  }

  #sumUp(): void {
    const blocks = Math.ceil(this.#heights.length / BLOCK)
    for (let block = this.#valid; block < blocks; block++) {
      let sum = 0
      const end = Math.min((block + 1) * BLOCK, this.#heights.length)
      for (let at = block * BLOCK; at < end; at++) sum += this.#heights[at] as number
      this.#sums[block] = sum
    }
    this.#sums.length = blocks
    this.#valid = blocks
  }
}
