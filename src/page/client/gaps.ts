// Lines that are known to be missing, put between those that are there: loaded once, placed as the rows around them are.
import { get } from './api.ts'
import { gapText } from './gap-text.ts'
import type { Rows } from './rows.ts'

interface Gap {
  kind: string
  lines: number
  /** RFC 3339, to the minute. */
  minute: string
}

export class Gaps {
  readonly #rows: Rows
  /** Not yet placed, newest first. */
  #waiting: Gap[] = []
  #newest: string | null = null

  constructor(rows: Rows) {
    this.#rows = rows
  }

  async load(from: string, signal: AbortSignal): Promise<void> {
    const { gaps } = await get<{ gaps: Gap[] }>('/gaps', { from }, signal)
    this.#newest = this.#rows.last?.line.sent_at ?? null
    this.#waiting = gaps.toSorted((a, b) => (a.minute < b.minute ? 1 : -1))
    this.place()
  }

  /** Those that the rows reach back to by now. The live tail tells of newer ones itself. */
  place(): void {
    const oldest = this.#rows.first?.line.sent_at
    if (oldest === undefined) return
    while (this.#waiting[0] !== undefined && endOf(this.#waiting[0]) >= oldest) {
      const gap = this.#waiting.shift() as Gap
      const time = endOf(gap)
      if (this.#newest !== null && gap.minute > this.#newest) continue
      this.#rows.note(
        { type: 'gap', text: gapText(gap.kind, gap.lines), lines: gap.lines },
        { sent_at: time, received_at: time },
      )
    }
  }
}

/** It is known to the minute: behind what came in it. */
function endOf({ minute }: Gap): string {
  return `${minute.slice(0, 16)}:59.999999Z`
}
