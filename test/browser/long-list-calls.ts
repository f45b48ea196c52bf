// What the test of a long list asks of the page that holds it (in-page/long-list.ts).

export interface LongList {
  /** Lines numbered from `from` on, oldest first, at the end or in front. */
  add(from: number, count: number): void
  prepend(from: number, count: number): void
  /** Scrolls over all of it, one step a frame. */
  scrollOver(steps: number): Promise<void>
  scrollTo(share: number): Promise<void>
  /** The first row that is wholly in sight: its number, and how far it is below the edge. */
  firstInSight(): { number: number; top: number }
  rowsInDocument(): number
  rows(): number
}
