// A line's message, laid out for reading: pieces of text with a look, and with the term that a click on them adds to the
// search. Router lines, metrics and JSON are set out; anything else is shown as it was printed, colours included.
// Pure; the server renders the first paint with it and the browser everything else.
import { MAX_ANALYSED } from '../../query/analysed.ts'
import { fold } from '../../query/fold.ts'
import { herokuCode } from '../../query/heroku-codes.ts'
import { type Fields, readFields } from '../../query/message-fields.ts'
import { readAnsi } from './ansi.ts'
import { type Line, withoutControls } from './line.ts'
import { readRouterLine } from './router-line.ts'
import { messageTerm, textTerm } from './term.ts'
import { bytes, duration } from './units.ts'

export interface Part {
  text: string
  /** Class names with spaces between. */
  look: string
  /** What a click narrows the search to. */
  term?: string
  title?: string
  /** An explanation elsewhere. */
  href?: string
  /** Draw a bar of this share, 0 to 1, instead of text. */
  meter?: number
}

/** Above this a message is cut until somebody opens it: no browser lays out 10 kB on one row quickly. */
export const MAX_SHOWN = 2_000

export function partsOfLine(line: Line, raw = false): Part[] {
  const { message } = line
  if (raw) return plain(message)
  if (line.source === 'heroku') {
    const fields = readFields(message)
    return router(line, fields) ?? metrics(fields) ?? spoken(line)
  }
  return json(message) ?? plain(message)
}

function router(line: Line, fields: Fields): Part[] | null {
  if (line.process !== 'router') return null
  const read = readRouterLine(fields)
  if (read === null) return null
  const parts: Part[] = [
    // In front, where one glance down the lines finds the odd one out.
    token(read.status, `http s${read.status[0]}xx`, 'status', read.status),
    token(read.method, 'method', 'method', read.method),
    token(read.path, 'path', 'path', read.path),
  ]
  if (read.serviceMs !== null) parts.push({ text: duration(read.serviceMs), look: speed(read.serviceMs) })
  if (read.code !== null) parts.push(...explained(read.code, read.desc))
  if (read.dyno !== '') parts.push(token(read.dyno, 'faint', 'dyno', read.dyno))
  if (read.bytes !== null) parts.push({ text: bytes(read.bytes), look: 'faint' })
  if (read.requestId !== '') {
    parts.push({
      text: read.requestId.slice(0, 8),
      look: 'id',
      term: textTerm(read.requestId),
      title: `Follow request ${read.requestId} through router and app`,
    })
  }
  return spaced(parts)
}

/** What is laid out side by side; in text, pieces touch. */
function spaced(parts: readonly Part[]): Part[] {
  return parts.flatMap((part, at) => (at === 0 ? [part] : [{ text: ' ', look: '' }, part]))
}

function speed(ms: number): string {
  return ms >= 5_000 ? 'ms slow' : ms >= 1_000 ? 'ms slowish' : 'ms'
}

function token(text: string, look: string, key: string, value: string): Part {
  const term = key === 'dyno' ? `dyno:${value}` : messageTerm(key, value)
  return term === null ? { text, look } : { text, look: `${look} token`, term }
}

function explained(code: string, said: string | null): Part[] {
  const known = herokuCode(code)
  const chip: Part = { text: code, look: 'code token', term: `code:${code}` }
  if (known === undefined) return said === null ? [chip] : [chip, { text: said, look: 'meaning' }]
  return [
    { ...chip, title: known.meaning },
    { text: known.meaning, look: 'meaning', href: known.url, title: `${code} in Heroku’s Dev Center` },
  ]
}

/** Heroku's own sentence, with a code of its explained. */
function spoken(line: Line): Part[] {
  const match = /^(.*?)\bError ([HRL]\d\d)\b(.*)$/s.exec(line.message)
  if (!match) return plain(line.message)
  const [, before, code, after] = match as unknown as [string, string, string, string]
  const rest = /^ \([^)]*\)/.exec(after)?.[0] ?? ''
  const tail = after.slice(rest.length)
  return [
    ...(before === '' ? [] : [{ text: before, look: '' }]),
    ...spaced(explained(code, rest.slice(2, -1) || null)),
    ...(tail.trim() === '' ? [] : [{ text: tail, look: 'faint' }]),
  ]
}

/** Labs log-runtime-metrics: what is used, of how much. */
function metrics(fields: Fields): Part[] | null {
  const number = (name: string) => {
    const text = fields.get(`sample#${name}`)?.[0]
    const value = text === undefined ? Number.NaN : Number.parseFloat(text)
    return Number.isFinite(value) ? value : null
  }
  const total = number('memory_total')
  if (total !== null) {
    const quota = number('memory_quota')
    const swap = number('memory_swap')
    return spaced([
      { text: 'memory', look: 'label' },
      ...(quota === null
        ? []
        : [
            {
              text: '',
              look: total > quota ? 'meter over' : total > quota * 0.9 ? 'meter high' : 'meter',
              meter: Math.min(1, total / quota),
            },
          ]),
      { text: `${Math.round(total)} MB`, look: 'figure' },
      ...(quota === null ? [] : [{ text: `of ${Math.round(quota)} MB`, look: 'faint' }]),
      ...(swap === null || swap === 0 ? [] : [{ text: `swap ${Math.round(swap)} MB`, look: 'slowish' }]),
    ])
  }
  const load = number('load_avg_1m')
  if (load === null) return null
  return spaced([
    { text: 'load', look: 'label' },
    { text: load.toFixed(2), look: 'figure' },
    { text: '1 min', look: 'faint' },
    ...['5', '15'].flatMap((minutes) => {
      const value = number(`load_avg_${minutes}m`)
      return value === null ? [] : [{ text: `${value.toFixed(2)} · ${minutes} min`, look: 'faint' }]
    }),
  ])
}

const TEXT_KEYS = ['msg', 'message', 'event']
/** Said by the level's own colour and by the time column. */
const SAID_ELSEWHERE = new Set(['level', 'severity', 'time', 'timestamp', 'ts', '@timestamp'])

/** A program that logs JSON: its sentence first, its fields behind. Null for anything else. */
function json(message: string): Part[] | null {
  if (!message.startsWith('{') || message.length > MAX_SHOWN * 2 || !message.trimEnd().endsWith('}'))
    return null
  const fields = readFields(message)
  const textKey = TEXT_KEYS.find((key) => fields.has(key))
  if (textKey === undefined) return null
  const parts: Part[] = [...plain(fields.get(textKey)?.[0] ?? '')]
  for (const [key, [value = '']] of fields) {
    if (key === textKey || SAID_ELSEWHERE.has(key) || /\.\d+$/.test(key)) continue
    parts.push({ text: ' ', look: '' }, ...pair(key, value))
  }
  return parts
}

function pair(key: string, value: string): Part[] {
  const term = messageTerm(key, value)
  return [
    { text: `${key}=`, look: 'key' },
    { text: value, look: term === null ? 'value' : 'value token', ...(term === null ? {} : { term }) },
  ]
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi
/** key=value, as in message-fields.ts, where it stands on its own. */
const PAIR = /(?<![^\s,;([{|])([A-Za-z_@][\w.#@$/-]*)=("(?:[^"\\]|\\.)*"|[^\s"',;)\]}]+)/g

/** As printed: colours, and what can be clicked in the part that is analysed. */
function plain(message: string): Part[] {
  const fields = new KnownFields(message)
  let left = MAX_ANALYSED
  return readAnsi(message).flatMap(({ text, look }) => {
    const parts = tokens(text.slice(0, left), look, fields)
    const rest = text.slice(left)
    left = Math.max(0, left - text.length)
    return rest === '' ? parts : [...parts, { text: rest, look }]
  })
}

/** A value may end elsewhere than it seems to: only what the search reads as well can be clicked. */
class KnownFields {
  readonly #message: string
  #known: ReadonlySet<string> | undefined

  constructor(message: string) {
    this.#message = message
  }

  has(key: string, value: string): boolean {
    this.#known ??= new Set(
      [...readFields(withoutControls(this.#message))].flatMap(([name, values]) =>
        values.map((one) => `${name}=${one}`),
      ),
    )
    return this.#known.has(`${fold(key)}=${value}`)
  }
}

interface Found {
  from: number
  to: number
  term: string
  look: string
}

function tokens(text: string, look: string, fields: KnownFields): Part[] {
  const parts: Part[] = []
  let at = 0
  for (const one of merged(values(text, fields), ids(text))) {
    if (one.from > at) parts.push({ text: text.slice(at, one.from), look })
    parts.push({ text: text.slice(one.from, one.to), look: `${look} ${one.look}`.trim(), term: one.term })
    at = one.to
  }
  if (at < text.length) parts.push({ text: text.slice(at), look })
  return parts
}

function values(text: string, fields: KnownFields): Found[] {
  return [...text.matchAll(PAIR)].flatMap((match) => {
    const [whole, key, quoted] = match as unknown as [string, string, string]
    const value = quoted.startsWith('"') ? quoted.slice(1, -1) : quoted
    const term = fields.has(key, value) ? messageTerm(key, value) : null
    const to = match.index + whole.length
    return term === null ? [] : [{ from: to - quoted.length, to, term, look: 'value token' }]
  })
}

function ids(text: string): Found[] {
  return [...text.matchAll(UUID)].map(({ index, 0: id }) => ({
    from: index,
    to: index + id.length,
    term: id,
    look: 'id',
  }))
}

/** In order; an id that a value has in it is the value's. */
function merged(values: readonly Found[], ids: readonly Found[]): Found[] {
  let next = 0
  const others = ids.filter((id) => {
    while (next < values.length && (values[next] as Found).to <= id.from) next++
    const value = values[next]
    return value === undefined || value.from >= id.to
  })
  return [...values, ...others].sort((a, b) => a.from - b.from)
}
