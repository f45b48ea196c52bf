// The rows of the list: lines in the order of their times, with what belongs together put together. Lines that go on
// with what the one before began (a stack trace) share its row, and so do repeats of one line. Bounded: beyond
// MAX_LINES the oldest go, and can be loaded again. Pure.
import { compareLines, type Line } from '../reading/line.ts'
import { Trends } from './trends.ts'

export interface LineRow {
  kind: 'line'
  id: number
  line: Line
  /** Lines that go on with it. */
  more: Line[]
  /** How often it came again, at once behind itself; and when last. */
  repeats: number
  lastRepeat: Line | null
  /** The last figures of the dyno, where the line tells one. */
  trend: readonly number[] | null
  /** Long rows are cut until they are opened. */
  isUnfolded: boolean
  /** Its fields are shown. */
  isOpen: boolean
}

export type Note =
  | { type: 'gap'; text: string; lines: number }
  /** `from` and `to` are times: RFC 3339. */
  | { type: 'skipped'; lines: number; from: string; to: string }
  | { type: 'mark'; text: string }

export interface NoteRow {
  kind: 'note'
  id: number
  /** Its place in the order. */
  at: Pick<Line, 'sent_at' | 'received_at'>
  note: Note
}

export type Row = LineRow | NoteRow

/** Told of every change, so that the list moves nothing that it need not. */
export interface RowsListener {
  spliced(at: number, removed: number, inserted: number): void
  changed(row: Row, at: number): void
}

export const MAX_LINES = 100_000
const DROP_LINES = 5_000
/** How far back a line looks for the one that it goes on with. */
const LOOK_BACK = 30
const GOES_ON_MS = 1_500
const MAX_MORE = 500
/** Lines come again where a connection was resumed, or where history and tail overlap. */
const REMEMBERED = 5_000

const GOES_ON =
  /^(?:\s+\S|at [\w$.<]|Caused by: |\.\.\. \d+ (?:more|common frames)|Traceback \(|During handling of |The above exception |\}$|\)$|\]$)/

export class Rows {
  readonly rows: Row[] = []
  /** Of lines that are held. */
  lineCount = 0
  /** The oldest were let go. */
  isCut = false
  readonly #listener: RowsListener
  readonly #trends = new Trends()
  #recent = new Set<string>()
  #nextId = 1

  constructor(listener: RowsListener) {
    this.#listener = listener
  }

  get first(): LineRow | undefined {
    return this.rows.find((row) => row.kind === 'line')
  }

  get last(): LineRow | undefined {
    return this.rows.findLast((row) => row.kind === 'line')
  }

  /** Puts each line where it belongs, which mostly is the end. Answers with how many were new. */
  add(lines: readonly Line[]): number {
    let added = 0
    for (const line of lines) if (this.#remember(line)) added += this.#insert(line)
    this.#cut()
    return added
  }

  /** Lines that are all older than what is held. */
  prepend(oldestFirst: readonly Line[]): void {
    const older = new Rows({ spliced() {}, changed() {} })
    older.#nextId = this.#nextId
    older.add(oldestFirst.filter((line) => !this.#recent.has(line.cursor)))
    this.#nextId = older.#nextId
    for (let at = older.rows.length; at > 0; at -= 1_000) {
      this.rows.unshift(...older.rows.slice(Math.max(0, at - 1_000), at))
    }
    this.lineCount += older.lineCount
    if (older.rows.length > 0) this.#listener.spliced(0, 0, older.rows.length)
  }

  note(note: Note, at: Pick<Line, 'sent_at' | 'received_at'>): void {
    const row: NoteRow = { kind: 'note', id: this.#nextId++, at, note }
    this.#place(row, this.#placeOf(at))
  }

  get isFull(): boolean {
    return this.lineCount >= MAX_LINES
  }

  /** Newer lines that are counted, not added: the list is full and the person is reading. They load later. */
  skip(lines: readonly Line[]): void {
    const [first] = lines
    const last = lines.at(-1)
    if (first === undefined || last === undefined) return
    const end = new Date(Date.parse(last.sent_at) + 1).toISOString()
    const row = this.rows.at(-1)
    if (row?.kind === 'note' && row.note.type === 'skipped') {
      row.note = { ...row.note, lines: row.note.lines + lines.length, to: end }
      this.#listener.changed(row, this.rows.length - 1)
    } else {
      this.note({ type: 'skipped', lines: lines.length, from: first.sent_at, to: end }, first)
    }
  }

  remove(row: Row): void {
    const at = this.rows.indexOf(row)
    if (at === -1) return
    this.rows.splice(at, 1)
    if (row.kind === 'line') this.lineCount -= linesOf(row)
    this.#listener.spliced(at, 1, 0)
  }

  changed(row: Row): void {
    const at = this.rows.indexOf(row)
    if (at !== -1) this.#listener.changed(row, at)
  }

  /** The row that shows this line, and its place; -1 where none does. */
  indexOf(cursor: string): number {
    return this.rows.findIndex(
      (row) =>
        row.kind === 'line' &&
        (row.line.cursor === cursor ||
          row.more.some((line) => line.cursor === cursor) ||
          row.lastRepeat?.cursor === cursor),
    )
  }

  clear(): void {
    const removed = this.rows.length
    this.rows.length = 0
    this.lineCount = 0
    this.isCut = false
    this.#recent = new Set()
    if (removed > 0) this.#listener.spliced(0, removed, 0)
  }

  #insert(line: Line): number {
    const at = this.#placeOf(line)
    this.lineCount++
    const head = this.#beginningOf(line, at)
    if (head !== null) {
      const row = this.rows[head] as LineRow
      row.more.push(line)
      this.#listener.changed(row, head)
      return 1
    }
    const before = this.rows[at - 1]
    if (before?.kind === 'line' && isRepeat(before, line)) {
      before.repeats++
      before.lastRepeat = line
      this.#listener.changed(before, at - 1)
      return 1
    }
    this.#place(
      {
        kind: 'line',
        id: this.#nextId++,
        line,
        more: [],
        repeats: 0,
        lastRepeat: null,
        trend: this.#trends.add(line),
        isUnfolded: false,
        isOpen: false,
      },
      at,
    )
    return 1
  }

  #place(row: Row, at: number): void {
    this.rows.splice(at, 0, row)
    this.#listener.spliced(at, 0, 1)
  }

  /** Behind all that are not later. From the end, because that is where lines come in. */
  #placeOf(line: Pick<Line, 'sent_at' | 'received_at'>): number {
    let at = this.rows.length
    // A late line may belong far back: then by halves.
    for (let steps = 0; at > 0 && compareLines(placeOfRow(this.rows[at - 1] as Row), line) > 0; at--) {
      if (++steps > LOOK_BACK) return this.#placeByHalves(line, at)
    }
    return at
  }

  #placeByHalves(line: Pick<Line, 'sent_at' | 'received_at'>, end: number): number {
    let low = 0
    let high = end
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareLines(placeOfRow(this.rows[middle] as Row), line) > 0) high = middle
      else low = middle + 1
    }
    return low
  }

  /** The row that this line goes on with, or null. */
  #beginningOf(line: Line, at: number): number | null {
    if (!GOES_ON.test(line.message) || line.source === 'heroku') return null
    for (let index = at - 1; index >= 0 && index >= at - LOOK_BACK; index--) {
      const row = this.rows[index] as Row
      if (row.kind !== 'line') continue
      const last = row.more.at(-1) ?? row.line
      if (row.line.process !== line.process || row.line.drain_id !== line.drain_id) continue
      const isNear = Date.parse(line.sent_at) - Date.parse(last.sent_at) <= GOES_ON_MS
      const isBehind = compareLines(last, line) <= 0
      return isNear && isBehind && row.repeats === 0 && row.more.length < MAX_MORE ? index : null
    }
    return null
  }

  #cut(): void {
    if (this.lineCount <= MAX_LINES) return
    let gone = 0
    let count = 0
    while (count < this.rows.length && gone < this.lineCount - MAX_LINES + DROP_LINES) {
      gone += linesOf(this.rows[count++] as Row)
    }
    this.rows.splice(0, count)
    this.lineCount -= gone
    this.isCut = true
    this.#listener.spliced(0, count, 0)
  }

  #remember(line: Line): boolean {
    if (this.#recent.has(line.cursor)) return false
    this.#note(line.cursor)
    return true
  }

  #note(cursor: string): void {
    this.#recent.add(cursor)
    if (this.#recent.size <= REMEMBERED) return
    for (const oldest of this.#recent) {
      this.#recent.delete(oldest)
      return
    }
  }
}

export function linesOf(row: Row): number {
  return row.kind === 'line' ? 1 + row.more.length + row.repeats : 0
}

export function placeOfRow(row: Row): Pick<Line, 'sent_at' | 'received_at'> {
  return row.kind === 'line' ? row.line : row.at
}

function isRepeat(row: LineRow, line: Line): boolean {
  return (
    row.more.length === 0 &&
    row.line.message === line.message &&
    row.line.process === line.process &&
    row.line.source === line.source &&
    row.line.drain_id === line.drain_id
  )
}
