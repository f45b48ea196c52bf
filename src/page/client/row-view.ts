// A row of the list as an element. What a click does is decided elsewhere (clicks.ts) by what the elements carry:
// data-term on what narrows the search, data-act on what does something to the row.
import type { Line } from '../reading/line.ts'
import { MAX_SHOWN, type Part, partsOfLine } from '../reading/parts.ts'
import { originOf, rowLook } from '../reading/row.ts'
import { dayOf, fullTime, longDay, timeOfDay, type Zone } from '../reading/times.ts'
import { count, whole } from '../reading/units.ts'
import { detailView } from './detail-view.ts'
import { h, svg } from './dom.ts'
import { type Needles, rangesIn } from './highlight.ts'
import type { LineRow, NoteRow, Row } from './rows.ts'
import { placeOfRow } from './rows.ts'
import { pointsOf } from './trends.ts'

export interface RowLooks {
  zone: Zone
  /** Messages as they were printed, not laid out. */
  isRaw: boolean
  needles: Needles
  /** Name the app of each line: there are several. */
  namesApps: boolean
  /** The line that the page is about. */
  hit: string | null
  selectedId: number | null
}

/** Of a row that is not unfolded. */
const LINES_SHOWN = 3
const FOLD_ABOVE = 6

export function rowView(row: Row, before: Row | undefined, looks: RowLooks): HTMLElement {
  const element = row.kind === 'line' ? lineView(row, looks) : noteView(row)
  element.dataset.id = String(row.id)
  element.setAttribute('tabindex', row.id === looks.selectedId ? '0' : '-1')
  const day = dayOf(placeOfRow(row).sent_at, looks.zone)
  if (before === undefined || dayOf(placeOfRow(before).sent_at, looks.zone) !== day) {
    element.classList.add('new-day')
    element.prepend(h('div', { class: 'day' }, longDay(day)))
  }
  return element
}

function lineView(row: LineRow, looks: RowLooks): HTMLElement {
  const { line } = row
  const origin = originOf(line)
  const isHit = looks.hit !== null && holds(row, looks.hit)
  const element = h(
    'article',
    {
      class: `${rowLook(worst(row))}${row.isOpen ? ' open' : ''}${isHit ? ' hit' : ''}${row.id === looks.selectedId ? ' selected' : ''}`,
      'aria-label': `${timeOfDay(line.sent_at, looks.zone)} ${origin.text}`,
      'aria-current': isHit ? 'true' : null,
    },
    h(
      'time',
      { class: 'time', datetime: line.sent_at, title: fullTime(line.sent_at, looks.zone) },
      timeOfDay(line.sent_at, looks.zone),
    ),
    looks.namesApps && h('span', { class: 'app', 'data-term': `app:${line.app ?? ''}` }, line.app ?? ''),
    h(
      'span',
      { class: origin.look, 'data-term': origin.term === '' ? null : origin.term, title: origin.text },
      origin.text,
    ),
  )
  const message = h('div', { class: 'message' })
  fillMessage(message, row, looks)
  element.append(message)
  if (row.isOpen) element.append(detailView(row, looks.zone))
  return element
}

/** A trace is as bad as the worst of its lines. */
function worst(row: LineRow): Line {
  if (row.line.level !== null) return row.line
  const told = row.more.find(({ level }) => level === 'error' || level === 'fatal')
  return told === undefined ? row.line : { ...row.line, level: told.level }
}

function holds({ line, more, lastRepeat }: LineRow, cursor: string): boolean {
  return line.cursor === cursor || lastRepeat?.cursor === cursor || more.some((one) => one.cursor === cursor)
}

function fillMessage(into: HTMLElement, row: LineRow, looks: RowLooks): void {
  const { line, more, repeats, isUnfolded } = row
  const isLong = line.message.length > MAX_SHOWN || more.length >= FOLD_ABOVE
  const own = line.message.split('\n', FOLD_ABOVE + 1)
  const isTall = own.length > FOLD_ABOVE
  const cutTo = isUnfolded
    ? line.message.length
    : isTall
      ? own.slice(0, LINES_SHOWN).join('\n').length
      : MAX_SHOWN
  const shown = cutTo < line.message.length ? { ...line, message: line.message.slice(0, cutTo) } : line
  appendParts(into, partsOfLine(shown, looks.isRaw || isUnfolded), looks.needles)
  if (row.trend !== null && !looks.isRaw) into.append(' ', curveView(row.trend))
  const behind = isUnfolded || more.length < FOLD_ABOVE ? more : more.slice(0, LINES_SHOWN - 1)
  for (const one of behind) {
    into.append('\n')
    appendParts(into, partsOfLine(one, true), looks.needles)
  }
  const hidden = more.length - behind.length
  const cut = line.message.length - shown.message.length
  if (isLong || isTall) {
    const text = isUnfolded
      ? 'Show less'
      : hidden > 0
        ? `… ${count(hidden, 'more line')}`
        : `… ${whole(cut)} more characters`
    into.append(h('button', { type: 'button', class: 'unfold', 'data-act': 'unfold', tabindex: '-1' }, text))
  }
  if (repeats > 0) {
    into.append(
      h(
        'span',
        { class: 'repeats', title: `The same line came ${whole(repeats + 1)} times in a row` },
        `× ${whole(repeats + 1)}`,
      ),
    )
  }
}

function appendParts(into: HTMLElement, parts: readonly Part[], needles: Needles): void {
  for (const part of parts) into.append(partView(part, needles))
}

function partView(part: Part, needles: Needles): Node {
  if (part.meter !== undefined) return meter(part.meter, part.look)
  const content = marked(part.text, needles)
  if (part.href !== undefined) {
    const link = h('a', {
      class: part.look,
      href: part.href,
      target: '_blank',
      rel: 'noreferrer',
      title: part.title,
      tabindex: '-1',
    })
    link.append(...content)
    return link
  }
  if (part.look === '' && part.term === undefined) {
    const fragment = document.createDocumentFragment()
    fragment.append(...content)
    return fragment
  }
  const element = h('span', { class: part.look, 'data-term': part.term ?? null, title: part.title ?? null })
  element.append(...content)
  return element
}

function marked(text: string, needles: Needles): (Node | string)[] {
  if (needles.texts.length === 0 && needles.expressions.length === 0) return [text]
  const pieces: (Node | string)[] = []
  let at = 0
  for (const { from, to } of rangesIn(text, needles)) {
    if (from > at) pieces.push(text.slice(at, from))
    pieces.push(h('mark', {}, text.slice(from, to)))
    at = to
  }
  if (at < text.length) pieces.push(text.slice(at))
  return pieces
}

function meter(share: number, look: string): Node {
  return svg(
    'svg',
    { class: look, width: 64, height: 8, viewBox: '0 0 64 8', 'aria-hidden': 'true' },
    svg('rect', { class: 'rail', width: 64, height: 8, rx: 2 }),
    svg('rect', { class: 'fill', width: Math.max(1, Math.round(share * 64)), height: 8, rx: 2 }),
  )
}

function curveView(curve: readonly number[]): Node {
  return svg(
    'svg',
    { class: 'trend', width: 72, height: 12, viewBox: '0 0 72 12', 'aria-hidden': 'true' },
    svg('polyline', { points: pointsOf(curve, 72, 12) }),
  )
}

function noteView({ note }: NoteRow): HTMLElement {
  const element = h('article', { class: `row note ${note.type}`, 'aria-label': 'Note' })
  if (note.type === 'skipped') {
    const text =
      note.lines > 0
        ? `This page fell behind and skipped ${count(note.lines, 'line')}.`
        : 'Lines are missing here.'
    element.append(
      h('span', {}, text),
      ' ',
      h('button', { type: 'button', class: 'inline', 'data-act': 'load-skipped' }, 'Load them'),
    )
  } else {
    element.append(h('span', {}, note.text))
  }
  return element
}
