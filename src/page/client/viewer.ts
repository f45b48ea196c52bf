// What the page does, apart from how it looks: which stage is on show, what is selected, and what every click and key
// comes to. Clicks, keys and dialogs call its methods and know nothing of one another.

import type { SearchedLine } from '../../query/line-view.ts'
import { parse } from '../../query/parse.ts'
import { matches } from '../../query/query.ts'
import { searched } from '../../query/searched-line.ts'
import { isBad, plainText } from '../reading/line.ts'
import { refine } from '../reading/term.ts'
import { address } from './api.ts'
import { NO_NEEDLES, needlesOf } from './highlight.ts'
import { VirtualList } from './list.ts'
import { keepPreferences, type Preferences } from './preferences.ts'
import { type RowLooks, rowView } from './row-view.ts'
import type { LineRow, Row } from './rows.ts'
import { Stage, type StageHost } from './stage.ts'
import { LIVE, modeOf, type Scope, type ViewState, writeState } from './view-state.ts'

export interface ViewerParts {
  scroller: HTMLElement
  preferences: Preferences
  /** Something that the bars show has changed. */
  onChanged(): void
  /** A short sentence on what was just done. */
  say(text: string): void
  onSessionOver(): void
}

const ADDRESS_EVERY_MS = 400

export class Viewer {
  readonly preferences: Preferences
  readonly looks: RowLooks
  readonly list: VirtualList<Row>
  current: Stage | null = null
  /** Being loaded, to take the place of the current one. */
  pending: Stage | null = null
  /** What a neighbourhood was opened from: kept as it was, and live. */
  parent: Stage | null = null
  /** Lines that came while the list was held. */
  missed = 0
  isSessionOver = false
  readonly #parts: ViewerParts
  #addressTimer: ReturnType<typeof setTimeout> | undefined
  #stageIds = new WeakMap<Stage, number>()
  #nextStageId = 1

  constructor(parts: ViewerParts) {
    this.#parts = parts
    this.preferences = parts.preferences
    this.looks = {
      zone: parts.preferences.zone,
      isRaw: parts.preferences.isRaw,
      needles: NO_NEEDLES,
      namesApps: false,
      hit: null,
      selectedId: null,
    }
    this.list = new VirtualList<Row>({
      scroller: parts.scroller,
      render: (row, at) => rowView(row, this.rows[at - 1], this.looks),
      canFollow: () => this.current?.mode === 'live',
      onFollow: (follows) => this.#followed(follows),
      onMoved: () => this.#moved(),
    })
    addEventListener('popstate', (event) => this.#popped(event.state as { stage?: number } | null))
  }

  get rows(): readonly Row[] {
    return this.current?.rows.rows ?? []
  }

  /** What is being looked at, or about to be. */
  get state(): ViewState {
    return (this.pending ?? this.current)?.state ?? LIVE
  }

  get selected(): LineRow | null {
    const row = this.rows.find(({ id }) => id === this.looks.selectedId)
    return row?.kind === 'line' ? row : null
  }

  // ---- where to go

  /** Shows a state and writes it into the address; `replace` where going back should not lead to what was before. */
  go(state: ViewState, how: 'push' | 'replace' = 'push'): void {
    const stage = this.#show(state)
    const url = `${location.pathname}${writeState(state)}`
    const entry = { stage: this.#idOf(stage) }
    if (how === 'push') history.pushState(entry, '', url)
    else history.replaceState(entry, '', url)
  }

  search(q: string, how: 'push' | 'replace' = 'push'): void {
    const { from, to, at } = this.#base()
    this.go({ ...LIVE, q: q.trim(), from, to, at }, how)
  }

  narrow(term: string, excludes: boolean): void {
    const q = refine(this.state.q, term, excludes)
    this.search(q)
    this.#parts.say(excludes ? `Without ${term}` : `Only ${term}`)
  }

  goLive(): void {
    if (this.current?.mode === 'live' && this.pending === null) this.follow()
    else this.go({ ...LIVE, q: this.state.q })
  }

  seek(ms: number): void {
    this.go({ ...LIVE, q: this.state.q, at: new Date(ms).toISOString() })
  }

  zoom(from: number, to: number): void {
    this.go({ ...LIVE, q: this.state.q, from: new Date(from).toISOString(), to: new Date(to).toISOString() })
  }

  context(row: LineRow | null, scope: Scope = 'all'): void {
    if (this.current?.mode === 'context' && row === null) {
      this.go({ ...this.state, scope }, 'replace')
      return
    }
    if (row !== null) this.go({ ...this.#base(), line: row.line.cursor, scope })
  }

  /** From a neighbourhood back to where it was opened from. */
  back(): void {
    if (this.state.line === null) return
    if (this.parent !== null && (history.state as { from?: number } | null) !== null) history.back()
    else this.go({ ...this.state, line: null, scope: 'all' })
  }

  // ---- following

  follow(): void {
    this.missed = 0
    this.current?.settle()
    this.list.follow()
    this.#parts.onChanged()
  }

  toggleFollow(): void {
    if (this.current?.mode !== 'live') this.goLive()
    else if (this.list.follows) this.list.hold()
    else this.follow()
  }

  // ---- rows

  rowOf(element: Element | null): Row | null {
    const id = Number(element?.closest<HTMLElement>('[data-id]')?.dataset.id ?? Number.NaN)
    return this.rows.find((row) => row.id === id) ?? null
  }

  select(row: Row | null, focus = true): void {
    const before = this.rows.find(({ id }) => id === this.looks.selectedId)
    this.looks.selectedId = row?.id ?? null
    if (before !== undefined) this.list.changed(before)
    if (row === null) return
    this.list.changed(row)
    if (!focus) return
    this.list.hold()
    this.list.reveal(this.rows.indexOf(row), 'nearest')
    requestAnimationFrame(() =>
      requestAnimationFrame(() => this.list.elementOf(row)?.focus({ preventScroll: true })),
    )
  }

  /** The next row up or down for which it is true; from the edge of what is in sight where none is selected. */
  step(direction: 1 | -1, wanted: (row: LineRow) => boolean = () => true): boolean {
    const { rows } = this
    const { first, last } = this.list.inSight()
    const selected = rows.findIndex(({ id }) => id === this.looks.selectedId)
    const isInSight = selected >= first - 1 && selected <= last + 1
    let at = selected !== -1 && isInSight ? selected + direction : direction === 1 ? first : last
    for (; at >= 0 && at < rows.length; at += direction) {
      const row = rows[at] as Row
      if (row.kind === 'line' && wanted(row)) {
        this.select(row)
        return true
      }
    }
    return false
  }

  stepToBad(direction: 1 | -1): void {
    const found = this.step(direction, (row) => isBad(row.line) || row.more.some(isBad))
    if (!found) this.#parts.say(direction === 1 ? 'No error further down' : 'No error further up')
  }

  stepToHit(direction: 1 | -1): void {
    const { query } = parse(this.state.q)
    if (query.kind === 'everything') {
      this.#parts.say('Search for something first; n then goes from hit to hit')
      return
    }
    const isHit = (line: LineRow['line']) => matches(query, searchedAs(line))
    const found = this.step(direction, (row) => isHit(row.line) || row.more.some(isHit))
    if (!found) this.#parts.say(direction === 1 ? 'No hit further down' : 'No hit further up')
  }

  toggleOpen(row: LineRow): void {
    row.isOpen = !row.isOpen
    this.list.hold()
    this.select(row, false)
    this.list.changed(row)
  }

  toggleUnfolded(row: LineRow): void {
    row.isUnfolded = !row.isUnfolded
    this.list.hold()
    this.list.changed(row)
  }

  excludeRow(row: LineRow): void {
    const { process, source } = row.line
    const term =
      process !== null ? `process:${JSON.stringify(process)}` : `source:${JSON.stringify(source ?? '')}`
    this.narrow(term, true)
  }

  linkTo(row: LineRow): string {
    return new URL(address('', { q: this.state.q, line: row.line.cursor }), location.href).href
  }

  async copyLink(row: LineRow): Promise<void> {
    await this.#copy(
      this.linkTo(row),
      'Link copied. Whoever opens it signs in through Heroku and sees this line',
    )
  }

  async copyText(row: LineRow): Promise<void> {
    await this.#copy([row.line, ...row.more].map(plainText).join('\n'), 'Text copied')
  }

  async loadSkipped(row: Row): Promise<void> {
    if (row.kind !== 'note' || row.note.type !== 'skipped' || this.current === null) return
    const { from, to } = row.note
    this.list.hold()
    try {
      const left = await this.current.loadSkipped(from, to)
      this.current.rows.remove(row)
      if (left !== null) {
        const at = { sent_at: left, received_at: '' }
        this.current.rows.note({ type: 'skipped', lines: 0, from, to: left }, at)
      }
    } catch (error) {
      this.#parts.say((error as Error).message)
    }
  }

  /** After a preference was changed. */
  redraw(): void {
    this.looks.zone = this.preferences.zone
    this.looks.isRaw = this.preferences.isRaw
    keepPreferences(this.preferences)
    this.list.redraw()
    this.#parts.onChanged()
  }

  // ---- stages

  #show(state: ViewState): Stage {
    const stage = new Stage(
      state,
      this.#hostFor(() => stage),
    )
    this.pending?.close()
    this.pending = stage
    stage.start()
    this.#parts.onChanged()
    return stage
  }

  #hostFor(own: () => Stage): StageHost {
    const isCurrent = () => own() === this.current
    return {
      rows: {
        spliced: (at, removed, inserted) => isCurrent() && this.list.spliced(at, removed, inserted),
        changed: (row) => isCurrent() && this.list.changed(row),
      },
      onChanged: () => this.#parts.onChanged(),
      onReady: () => own() === this.pending && this.#swap(own()),
      onArrived: (count) => {
        if (isCurrent() && !this.list.follows) this.missed += count
        if (isCurrent()) this.#parts.onChanged()
      },
      isFollowing: () => !isCurrent() || this.list.follows,
      onSessionOver: () => {
        this.isSessionOver = true
        this.#parts.onSessionOver()
        this.#parts.onChanged()
      },
    }
  }

  #swap(stage: Stage): void {
    const left = this.current
    if (left !== null) left.anchor = this.list.anchor()
    const opensContext = stage.mode === 'context' && left !== null
    if (opensContext && left.mode !== 'context') this.parent = left
    else if (left !== null && left !== this.parent) left.close()
    if (!opensContext && this.parent !== null && this.parent !== stage) {
      this.parent.close()
      this.parent = null
    }
    if (stage === this.parent) this.parent = null
    this.current = stage
    this.pending = null
    this.missed = 0
    this.looks.hit = stage.state.line
    this.looks.selectedId = null
    this.looks.needles = needlesOf(parse(stage.state.q).query)
    this.list.show(stage.rows.rows, stage.anchor)
    if (stage.anchor === null) this.#revealTarget(stage)
    this.#parts.onChanged()
  }

  #revealTarget(stage: Stage): void {
    const target = () => {
      if (stage.state.line !== null && !stage.isLineGone) return stage.rows.indexOf(stage.state.line)
      return stage.rows.rows.findIndex((row) => row.kind === 'note' && row.note.type === 'mark')
    }
    const row = stage.rows.rows[target()]
    if (row === undefined) return
    this.looks.selectedId = row.id
    // Once drawn, because only then heights are known; more lines may have come by then.
    requestAnimationFrame(() => this.current === stage && this.list.reveal(target(), 'middle'))
  }

  #popped(entry: { stage?: number } | null): void {
    const { parent } = this
    if (parent !== null && entry?.stage === this.#stageIds.get(parent)) {
      this.pending?.close()
      this.pending = null
      this.#swap(parent)
      return
    }
    this.#onPopState()
  }

  /** Set by the page: reads the address. */
  #onPopState: () => void = () => {}
  set onPopState(read: () => void) {
    this.#onPopState = read
  }

  /** What a new search keeps: a span of time, or the time of a seek, but no neighbourhood. */
  #base(): ViewState {
    const { state } = this
    return modeOf(state) === 'context' ? { ...state, line: null, scope: 'all' } : state
  }

  #followed(follows: boolean): void {
    if (follows) {
      this.missed = 0
      this.current?.settle()
    }
    this.#parts.onChanged()
  }

  #moved(): void {
    const stage = this.current
    if (stage === null || !stage.isReady) return
    if (this.list.isNearTop()) void stage.loadOlder()
    if (stage.mode !== 'live' && this.list.isNearEnd() && !stage.isAtNewest) void stage.loadNewer()
    clearTimeout(this.#addressTimer)
    this.#addressTimer = setTimeout(() => this.#writeAddress(stage), ADDRESS_EVERY_MS)
  }

  /** The place where the list is held is part of the view, so the address leads back to it. */
  #writeAddress(stage: Stage): void {
    if (stage !== this.current || this.pending !== null || stage.mode !== 'live') return
    const { first } = this.list.inSight()
    const row = this.list.follows ? undefined : this.rows[first]
    const at = row === undefined ? null : row.kind === 'line' ? row.line.sent_at : row.at.sent_at
    const url = `${location.pathname}${writeState({ ...stage.state, at })}`
    if (url === location.pathname + location.search) return
    history.replaceState({ stage: this.#idOf(stage) }, '', url)
  }

  #idOf(stage: Stage): number {
    const known = this.#stageIds.get(stage)
    if (known !== undefined) return known
    this.#stageIds.set(stage, this.#nextStageId)
    return this.#nextStageId++
  }

  async #copy(text: string, done: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text)
      this.#parts.say(done)
    } catch {
      this.#parts.say('This browser does not let the page copy')
    }
  }
}

function searchedAs(line: LineRow['line']): SearchedLine {
  const { sent_at, drain_id, priority, source, process, message, app } = line
  return searched(
    { sentAt: sent_at, drainId: drain_id, priority, source, process, message },
    app === null ? new Map() : new Map([[drain_id, app]]),
  )
}
