// The list that shows 100,000 rows with a hundred elements: only what is in sight, and a screen around it, is in the
// document. Rows may be of any height and may change it.
//
// Either it follows, and its end stays in sight, or it is held, and the first row in sight stays where it is, whatever
// comes above or below. What a reader does with wheel, finger, keys or scroll bar holds it at once; arriving at the end
// lets it follow again. All work is done once a frame.
import { HeightIndex } from './height-index.ts'

export interface ListParts<R extends { id: number }> {
  /** Scrolls; has nothing in it but the list. */
  scroller: HTMLElement
  /** Makes the element of a row; `before` is the row above, for what depends on it. */
  render(row: R, at: number): HTMLElement
  /** Whether reaching the end means to follow. */
  canFollow(): boolean
  onFollow(follows: boolean): void
  /** After each frame in which something moved. */
  onMoved(): void
}

export interface Anchor {
  id: number
  /** How far its top is above the top edge, in pixels. */
  offset: number
}

const FIRST_ESTIMATE = 22
const OVERSCAN_PX = 700
/** Nearer to the end than this is at the end. */
const END_PX = 6

export class VirtualList<R extends { id: number }> {
  readonly #parts: ListParts<R>
  readonly #space: HTMLElement
  readonly #window: HTMLElement
  #rows: readonly R[] = []
  #heights = new HeightIndex(FIRST_ESTIMATE)
  #elements = new Map<number, HTMLElement>()
  #stale = new Set<number>()
  #follows = true
  #anchorAt = 0
  #anchorOffset = 0
  #range = { from: 0, to: 0 }
  #setTop = 0
  #frame = 0
  #width = 0

  constructor(parts: ListParts<R>) {
    this.#parts = parts
    this.#window = document.createElement('div')
    this.#window.className = 'window'
    this.#space = document.createElement('div')
    this.#space.className = 'space'
    this.#space.append(this.#window)
    const { scroller } = parts
    scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true })
    scroller.addEventListener('wheel', (event) => event.deltaY < 0 && this.hold(), { passive: true })
    scroller.addEventListener(
      'touchmove',
      () => this.#parts.scroller.scrollTop < this.#setTop - 2 && this.hold(),
      {
        passive: true,
      },
    )
    new ResizeObserver(() => {
      // Other widths wrap otherwise: nothing that was measured holds.
      if (scroller.clientWidth !== this.#width) this.remeasure()
      else this.schedule()
    }).observe(scroller)
  }

  get follows(): boolean {
    return this.#follows
  }

  get scroller(): HTMLElement {
    return this.#parts.scroller
  }

  /** Shows other rows from now on. Without an anchor it follows, or starts at the end. */
  show(rows: readonly R[], anchor: Anchor | null): void {
    const { scroller } = this.#parts
    if (!this.#space.isConnected) {
      // The server's first paint was here until now.
      scroller.classList.remove('first-paint')
      scroller.replaceChildren(this.#space)
      this.#width = scroller.clientWidth
    }
    this.#rows = rows
    this.#heights = new HeightIndex(this.#heights.estimate)
    this.#heights.splice(0, 0, rows.length)
    for (const element of this.#elements.values()) element.remove()
    this.#elements.clear()
    const at = anchor === null ? -1 : rows.findIndex((row) => row.id === anchor.id)
    if (anchor === null || at === -1) {
      this.#anchorAt = Math.max(0, rows.length - 1)
      this.#anchorOffset = 0
      this.#setFollows(this.#parts.canFollow())
      if (!this.#follows) this.#anchorOffset = Number.MAX_SAFE_INTEGER / 2
    } else {
      this.#setFollows(false)
      this.#anchorAt = at
      this.#anchorOffset = anchor.offset
    }
    this.schedule()
  }

  /** To call after the rows were changed: at `at`, so many went and so many came. */
  spliced(at: number, removed: number, inserted: number): void {
    this.#heights.splice(at, removed, inserted)
    if (at + removed <= this.#anchorAt) this.#anchorAt += inserted - removed
    else if (at <= this.#anchorAt && removed > 0) this.#anchorAt = Math.max(0, at + inserted - 1)
    // The neighbour of what changed may show a date, or show it no more.
    const next = this.#rows[at + inserted]
    if (next !== undefined) this.#stale.add(next.id)
    this.schedule()
  }

  changed(row: R): void {
    this.#stale.add(row.id)
    this.schedule()
  }

  /** Draws every row anew. */
  redraw(): void {
    for (const row of this.#rows.slice(this.#range.from, this.#range.to)) this.#stale.add(row.id)
    this.remeasure()
  }

  remeasure(): void {
    this.#captureAnchor()
    this.#width = this.#parts.scroller.clientWidth
    this.#heights = new HeightIndex(FIRST_ESTIMATE)
    this.#heights.splice(0, 0, this.#rows.length)
    this.schedule()
  }

  hold(): void {
    if (!this.#follows) return
    this.#captureAnchor()
    this.#setFollows(false)
  }

  follow(): void {
    if (this.#parts.canFollow()) this.#setFollows(true)
    this.#anchorAt = Math.max(0, this.#rows.length - 1)
    this.#anchorOffset = Number.MAX_SAFE_INTEGER / 2
    this.schedule()
  }

  /** Brings a row into sight; `where` in the middle, or just so that all of it is seen. */
  reveal(at: number, where: 'middle' | 'nearest'): void {
    const { scroller } = this.#parts
    const height = scroller.clientHeight
    const top = this.#heights.top(at)
    const own = this.#heights.height(at)
    if (where === 'nearest') {
      const edge = 8
      const above = top < scroller.scrollTop + edge
      const below = top + own > scroller.scrollTop + height - edge
      if (!above && !below) return
      this.#anchorOffset = above ? -edge : own - height + edge
    } else {
      this.#anchorOffset = own - height / 2
    }
    this.#anchorAt = at
    this.#setFollows(false)
    this.schedule()
  }

  anchor(): Anchor | null {
    if (this.#follows) return null
    this.#captureAnchor()
    const row = this.#rows[this.#anchorAt]
    return row === undefined ? null : { id: row.id, offset: this.#anchorOffset }
  }

  /** The first and the last row in sight. */
  inSight(): { first: number; last: number } {
    const { scrollTop, clientHeight } = this.#parts.scroller
    return { first: this.#heights.find(scrollTop), last: this.#heights.find(scrollTop + clientHeight - 1) }
  }

  isNearTop(): boolean {
    return this.#parts.scroller.scrollTop < OVERSCAN_PX
  }

  isNearEnd(): boolean {
    const { scroller } = this.#parts
    return scroller.scrollTop + scroller.clientHeight > this.#heights.total - OVERSCAN_PX
  }

  elementOf(row: R): HTMLElement | undefined {
    return this.#elements.get(row.id)
  }

  schedule(): void {
    if (this.#frame !== 0) return
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0
      this.#draw()
    })
  }

  #draw(): void {
    const { scroller } = this.#parts
    // Somebody has scrolled, and the event of it comes after this frame.
    this.#scrolled()
    // Heights of rows that were only guessed come true as they are drawn, which may bring others into sight.
    for (let round = 0; round < 3; round++) {
      const top = this.#targetTop()
      this.#drawWindow(top)
      if (!this.#measure()) break
    }
    const top = this.#targetTop()
    this.#space.style.height = `${this.#heights.total}px`
    this.#window.style.transform = `translateY(${this.#heights.top(this.#range.from)}px)`
    if (Math.abs(scroller.scrollTop - top) >= 1) scroller.scrollTop = top
    this.#setTop = scroller.scrollTop
    // A place that is not there (beyond an edge) would become one as rows come, and pull the view along.
    if (!this.#follows && this.#wantedTop() !== top) this.#captureAnchor()
    this.#parts.onMoved()
  }

  #targetTop(): number {
    const most = Math.max(0, this.#heights.total - this.#parts.scroller.clientHeight)
    return this.#follows ? most : Math.max(0, Math.min(most, this.#wantedTop()))
  }

  #wantedTop(): number {
    return this.#heights.top(this.#anchorAt) + this.#anchorOffset
  }

  #drawWindow(top: number): void {
    const height = this.#parts.scroller.clientHeight
    const from = this.#rows.length === 0 ? 0 : this.#heights.find(Math.max(0, top - OVERSCAN_PX))
    const to = this.#rows.length === 0 ? 0 : this.#heights.find(top + height + OVERSCAN_PX) + 1
    this.#range = { from, to }
    const wanted = new Set<number>()
    for (let at = from; at < to; at++) wanted.add((this.#rows[at] as R).id)
    for (const [id, element] of this.#elements) {
      if (wanted.has(id) && !this.#stale.has(id)) continue
      if (!wanted.has(id)) {
        // Whoever reads with the keyboard must not fall out of the list with the row.
        if (element.contains(document.activeElement)) this.#parts.scroller.focus({ preventScroll: true })
        element.remove()
        this.#elements.delete(id)
      }
    }
    let next = this.#window.firstElementChild
    for (let at = from; at < to; at++) {
      const row = this.#rows[at] as R
      let element = this.#elements.get(row.id)
      if (element === undefined || this.#stale.has(row.id)) {
        const made = this.#parts.render(row, at)
        if (element !== undefined) {
          const hadFocus = element.contains(document.activeElement)
          if (next === element) next = made
          element.replaceWith(made)
          if (hadFocus) made.focus({ preventScroll: true })
        }
        element = made
        this.#elements.set(row.id, element)
      }
      if (element === next) next = element.nextElementSibling
      else this.#window.insertBefore(element, next)
    }
    this.#stale.clear()
    this.#window.style.transform = `translateY(${this.#heights.top(from)}px)`
  }

  /** True where a row turned out to be of another height. */
  #measure(): boolean {
    let isNews = false
    for (let at = this.#range.from; at < this.#range.to; at++) {
      const element = this.#elements.get((this.#rows[at] as R).id)
      if (element !== undefined && this.#heights.set(at, element.getBoundingClientRect().height))
        isNews = true
    }
    return isNews
  }

  #scrolled(): void {
    const { scroller } = this.#parts
    // Our own doing.
    if (Math.abs(scroller.scrollTop - this.#setTop) < 2) return
    const isUp = scroller.scrollTop < this.#setTop
    this.#setTop = scroller.scrollTop
    const isAtEnd = scroller.scrollTop + scroller.clientHeight >= this.#heights.total - END_PX
    if (isAtEnd && !isUp && this.#parts.canFollow()) {
      this.#setFollows(true)
    } else if (!isAtEnd) {
      this.#setFollows(false)
    }
    this.#captureAnchor()
    this.schedule()
  }

  #captureAnchor(): void {
    const top = this.#parts.scroller.scrollTop
    this.#anchorAt = this.#heights.find(top)
    this.#anchorOffset = top - this.#heights.top(this.#anchorAt)
  }

  #setFollows(follows: boolean): void {
    if (this.#follows === follows) return
    this.#follows = follows
    this.#parts.onFollow(follows)
  }
}
