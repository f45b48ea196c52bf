// What is on show: the rows of one state of the page and where they come from. A stage is made for a search, a time or a
// line's neighbourhood; it loads more at its ends as they come into view, and closes when it is left for good.
//
//   live      the tail; older lines by leafing back
//   span      the lines between two times, from the newest back
//   seek      from a time on, in both directions
//   context   the neighbours of a line, in both directions, whatever the search is
import { parse } from '../../query/parse.ts'
import { print } from '../../query/query.ts'
import type { Line } from '../reading/line.ts'
import { lineTerm, refine } from '../reading/term.ts'
import { ApiError, address, get, listen } from './api.ts'
import { Gaps } from './gaps.ts'
import type { Anchor } from './list.ts'
import { linesOf, Rows, type RowsListener } from './rows.ts'
import { Tail, type TailStatus } from './tail.ts'
import { type Mode, modeOf, type ViewState } from './view-state.ts'

interface LinesAnswer {
  lines: Line[]
  older: string | null
  newer: string | null
  searched_to?: string | null
}

interface ContextAnswer extends LinesAnswer {
  found: boolean
  at: string
}

export interface StageHost {
  rows: RowsListener
  /** Something other than rows: status, progress, ends. */
  onChanged(): void
  /** The first lines are there, or it is certain that there are none. */
  onReady(): void
  /** New lines came in at the live end. */
  onArrived(count: number): void
  /** Whether lines may be put between those in sight. */
  isFollowing(): boolean
  onSessionOver(): void
}

const PAGE = 400
/** Older gaps are not loaded. */
const GAPS_MS = 7 * 86_400_000
/** That the API gives at once. */
const MOST = 1_000

export class Stage {
  readonly state: ViewState
  readonly mode: Mode
  readonly rows: Rows
  /** Where to go on; null at the end of what is kept. */
  older: string | null = null
  newer: string | null = null
  isReady = false
  isLoadingOlder = false
  isLoadingNewer = false
  /** How far a search has come. */
  searchedTo: string | null = null
  problem: string | null = null
  /** A line that was asked for and is no longer kept. */
  isLineGone = false
  tail: Tail | null = null
  /** Where the reader was when something else was put on show. */
  anchor: Anchor | null = null
  readonly #host: StageHost
  readonly #leaving = new AbortController()
  readonly #gaps: Gaps
  #stopSearch: (() => void) | null = null
  /** Late lines that would stand between those that are being read. */
  #late: Line[] = []

  constructor(state: ViewState, host: StageHost) {
    this.state = state
    this.mode = modeOf(state)
    this.#host = host
    this.rows = new Rows(host.rows)
    this.#gaps = new Gaps(this.rows)
  }

  /** The search that its lines come by. In a neighbourhood that is the scope, not what was searched for. */
  get q(): string {
    if (this.mode !== 'context') return this.state.q
    const line = this.target
    if (line === null || this.state.scope === 'all') return ''
    let q = lineTerm('drain', String(line.drain_id))
    if (this.state.scope === 'process' && line.process !== null)
      q = refine(q, lineTerm('process', line.process), false)
    return q
  }

  /** The line that a neighbourhood is of. */
  get target(): Line | null {
    const at = this.state.line === null ? -1 : this.rows.indexOf(this.state.line)
    const row = this.rows.rows[at]
    return row?.kind === 'line' ? row.line : null
  }

  get tailStatus(): TailStatus | null {
    return this.tail?.status ?? null
  }

  start(): void {
    const begin = {
      live: this.#startLive,
      span: this.#startSpan,
      seek: this.#startSeek,
      context: this.#startContext,
    }
    void Promise.resolve(begin[this.mode].call(this)).catch((error: unknown) => this.#fail(error))
  }

  close(): void {
    this.#leaving.abort()
    this.#stopSearch?.()
    this.tail?.close()
  }

  /** Inserts late lines at their places, now that they are out of sight. */
  settle(): void {
    if (this.#late.length > 0) this.rows.add(this.#late.splice(0))
  }

  stopSearching(): void {
    this.#stopSearch?.()
    this.#stopSearch = null
    this.isLoadingOlder = false
    this.#host.onChanged()
  }

  async loadOlder(): Promise<void> {
    const before = this.older ?? (this.rows.isCut ? (this.rows.first?.line.cursor ?? null) : null)
    if (before === null || this.isLoadingOlder || this.problem !== null || this.rows.isFull) return
    this.isLoadingOlder = true
    this.#host.onChanged()
    if (this.q !== '') return this.#search(before)
    try {
      const answer = await this.#lines({ before, from: this.state.from })
      this.rows.prepend(answer.lines.toReversed())
      this.#gaps.place()
      this.older = answer.older
    } catch (error) {
      this.#fail(error)
    }
    this.isLoadingOlder = false
    this.#host.onChanged()
  }

  async loadNewer(): Promise<void> {
    if (this.newer === null || this.isLoadingNewer || this.mode === 'live' || this.problem !== null) return
    this.isLoadingNewer = true
    this.#host.onChanged()
    try {
      const answer = await this.#lines({ after: this.newer, to: this.state.to })
      this.rows.add(answer.lines.toReversed())
      // If nothing came, the next scroll asks again.
      this.newer = answer.newer ?? this.newer
      this.isAtNewest = answer.lines.length === 0
    } catch (error) {
      this.#fail(error)
    }
    this.isLoadingNewer = false
    this.#host.onChanged()
  }

  /** True after a look for newer lines that found none. */
  isAtNewest = false

  /** Lines that a slow reader did not get; where there are many, the newest of them. Answers up to when some are left. */
  async loadSkipped(from: string, to: string): Promise<string | null> {
    const answer = await this.#lines({ from, to, limit: MOST })
    this.rows.add(answer.lines.toReversed())
    const oldest = answer.lines.at(-1)
    return answer.older === null || oldest === undefined ? null : oldest.sent_at
  }

  retry(): void {
    this.problem = null
    if (!this.isReady) this.start()
    this.#host.onChanged()
  }

  #startLive(): void {
    this.tail = new Tail(this.state.q, {
      onHistory: (lines, older) => {
        const overlaps = lines.some((line) => this.rows.indexOf(line.cursor) !== -1)
        const last = this.rows.last
        const first = lines[0]
        // The service could not tell what came while the connection was away, and more than its history did.
        if (last !== undefined && first !== undefined && !overlaps && older !== null) {
          this.rows.note({ type: 'skipped', lines: 0, from: last.line.sent_at, to: first.sent_at }, first)
        }
        if (last === undefined) this.older = older
        this.#arrive(lines)
        this.#ready()
      },
      onLines: (lines) => this.#arrive(lines),
      onSkipped: (lines, from, to) => {
        const last = this.rows.last?.line
        if (last !== undefined) this.rows.note({ type: 'skipped', lines, from, to }, last)
      },
      onGap: (text, lines, minute) => {
        const at = this.rows.last?.line ?? { sent_at: minute, received_at: minute }
        this.rows.note({ type: 'gap', text, lines }, at)
      },
      onStatus: () => this.#host.onChanged(),
      onSessionOver: () => this.#host.onSessionOver(),
    })
    this.tail.open()
  }

  #arrive(lines: readonly Line[]): void {
    let now = lines
    if (!this.#host.isFollowing()) {
      // The oldest rows would have to go, and those are being read.
      if (this.rows.isFull) {
        this.rows.skip(lines)
        this.#host.onArrived(lines.length)
        return
      }
      const last = this.rows.last?.line
      const isLate = (line: Line) => last !== undefined && line.sent_at < last.sent_at
      this.#late.push(...lines.filter(isLate))
      now = lines.filter((line) => !isLate(line))
    }
    const added = this.rows.add(now)
    this.#host.onArrived(added + lines.length - now.length)
  }

  async #startSpan(): Promise<void> {
    const { from, to } = this.state
    if (this.q !== '') return this.#search(null)
    const answer = await this.#lines({ from, to })
    this.rows.add(answer.lines.toReversed())
    this.older = answer.older
    this.#ready()
  }

  async #startSeek(): Promise<void> {
    const at = this.state.at as string
    const answer = await this.#lines({ to: at })
    this.rows.add(answer.lines.toReversed())
    this.older = answer.older
    this.newer = answer.newer
    this.rows.note({ type: 'mark', text: 'The time that you asked for' }, { sent_at: at, received_at: at })
    if (answer.newer === null) {
      // Nothing is kept before it: then the oldest page from there on, by way of the newest.
      const later = await this.#lines({ from: at })
      this.rows.add(later.lines.toReversed())
    } else {
      await this.loadNewer()
    }
    this.#ready()
  }

  async #startContext(): Promise<void> {
    const { line, scope } = this.state
    const answer = await get<ContextAnswer>(
      '/context',
      { cursor: line, scope, limit: 200 },
      this.#leaving.signal,
    )
    this.rows.add(answer.lines.toReversed())
    this.older = answer.older
    this.newer = answer.newer
    this.isLineGone = !answer.found
    if (!answer.found) {
      const text = 'This line is no longer kept. These were its neighbours in time.'
      this.rows.note({ type: 'mark', text }, { sent_at: answer.at, received_at: answer.at })
    }
    this.#ready()
  }

  /** Walks back in time, from `before` or from the newest. Lines come as they are found. */
  #search(before: string | null): void {
    this.isLoadingOlder = true
    const { from, to } = this.state
    const isOfSpan = this.mode === 'span'
    const end = () => {
      this.#stopSearch?.()
      this.#stopSearch = null
      this.isLoadingOlder = false
      this.#ready()
      this.#host.onChanged()
    }
    this.#stopSearch = listen(
      address('/search', { q: this.q, before, ...(isOfSpan ? { from, to } : {}) }),
      {
        lines: ({ lines }: { lines: Line[] }) => {
          const oldest = lines.at(-1)
          this.rows.prepend(lines.toReversed())
          this.#gaps.place()
          if (oldest !== undefined) this.older = oldest.cursor
          this.#ready()
          this.#host.onChanged()
        },
        progress: ({ searched_to }: { searched_to: string }) => {
          this.searchedTo = searched_to
          this.#host.onChanged()
        },
        done: ({ older }: { older: string | null }) => {
          this.older = older
          this.searchedTo = null
          end()
        },
        // The service's word for what went wrong in the midst of it.
        problem: ({ message }: { message: string }) => {
          this.problem = message
          end()
        },
      },
      {
        onBroken: () => {
          this.problem = 'The search was interrupted.'
          end()
        },
        // It would begin again from the start, and bring lines twice.
        onWaiting: () => {
          this.problem = 'The search was interrupted.'
          end()
        },
      },
    )
    this.#host.onChanged()
  }

  #lines(parameters: Record<string, string | number | null>): Promise<LinesAnswer> {
    return get<LinesAnswer>('/lines', { q: this.q, limit: PAGE, ...parameters }, this.#leaving.signal)
  }

  #ready(): void {
    if (this.isReady) return
    this.isReady = true
    this.#host.onReady()
    // After the lines, and nothing to wait for.
    void this.#gaps.load(new Date(Date.now() - GAPS_MS).toISOString(), this.#leaving.signal).catch(() => {})
  }

  #fail(error: unknown): void {
    if (this.#leaving.signal.aborted) return
    if (error instanceof ApiError && error.status === 401) {
      this.#host.onSessionOver()
      return
    }
    this.problem = error instanceof Error ? error.message : 'Something went wrong.'
    this.#ready()
    this.#host.onChanged()
  }
}

/** What is shown of a search that was understood in another way than it was typed. */
export function understoodAs(q: string): {
  printed: string | null
  hints: readonly { at: number; text: string }[]
} {
  const { query, hints } = parse(q)
  const printed = print(query)
  return { printed: printed === q.trim() && hints.length === 0 ? null : printed, hints }
}

export function linesOnShow(rows: Rows): number {
  return rows.rows.reduce((sum, row) => sum + linesOf(row), 0)
}
