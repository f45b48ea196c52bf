// A query -> a condition in SQL, so that Postgres need not hand over lines that cannot match. What it does hand over is
// asked again by `matches`, which alone decides: the condition may let too much through, and never too little.
//
// Each concept gives two conditions. `may` is true for every line that matches, and others; `must` only for lines that
// match, but not for all. What a line must is what its negation may not: so a `-` swaps the two, and a field, of which
// SQL cannot say for certain that it is so, may be anything once it is excluded.
//
// `text` below stands for a message, process or source with A to Z lowered and nothing else, whatever the locale of
// the database: lower(… collate "C").
import { levelsThat, timeBounds } from '../../query/comparison.ts'
import type { Field } from '../../query/field.ts'
import { fold, isAscii, otherForms } from '../../query/fold.ts'
import { tracesOf } from '../../query/level.ts'
import type { Query } from '../../query/query.ts'
import { type Apps, IN_MESSAGE } from '../../query/searched-line.ts'
import { isWhole, type Pattern } from '../../query/wildcard.ts'

/** Columns that the condition uses, beside those of log_line; in a select on log_line. */
export const FOLDED_COLUMNS = `
  lower(message collate "C") as folded_message,
  lower(process collate "C") as folded_process,
  lower(source collate "C") as folded_source`

export type Bind = (value: unknown) => string

/** null: nothing is known; for `may` that is any line, for `must` none. */
interface Condition {
  may: string | null
  must: string | null
}

/** @returns null where any line may match. */
export function prefilter(query: Query, apps: Apps, bind: Bind): string | null {
  const compiler = new Compiler(apps)
  const { may } = compiler.compile(query)
  return may && compiler.bindAll(may, bind)
}

/** The times between which every match lies, in microseconds: `from` inclusive, `to` exclusive. */
export function timeRange(query: Query): { from: number; to: number } {
  const parts = query.kind === 'and' ? query.queries : [query]
  let [from, to] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (const part of parts) {
    if (part.kind !== 'field' || part.folded !== 'time' || part.test.kind !== 'comparison') continue
    const bounds = timeBounds(part.test)
    from = Math.max(from, bounds.from)
    to = Math.min(to, bounds.to)
  }
  return { from, to }
}

const PLACEHOLDER = /:(\d+):/g
const MAX_INTEGER = 2 ** 31 - 1
const UNKNOWN: Condition = { may: null, must: null }
const NOWHERE: Condition = { may: 'false', must: 'false' }

class Compiler {
  readonly #apps: Apps
  /** Not all of what was compiled is used, and Postgres takes no parameter that is not: so they are bound at the end. */
  readonly #values = new Map<unknown, string>()

  constructor(apps: Apps) {
    this.#apps = apps
  }

  bindAll(condition: string, bind: Bind): string {
    const values = [...this.#values.keys()]
    const bound = new Map<string, string>()
    return condition.replace(PLACEHOLDER, (placeholder, at: string) => {
      const known = bound.get(placeholder) ?? bind(values[Number(at)])
      bound.set(placeholder, known)
      return known
    })
  }

  #bind(value: unknown): string {
    const placeholder = this.#values.get(value) ?? `:${this.#values.size}:`
    this.#values.set(value, placeholder)
    return placeholder
  }

  compile(query: Query): Condition {
    switch (query.kind) {
      case 'everything':
        return { may: null, must: 'true' }
      case 'word':
      case 'phrase':
        return this.#inTexts([query.folded])
      case 'wildcard':
        return this.#inTexts(query.parts)
      case 'regex':
        return UNKNOWN
      case 'field':
        return this.#field(query)
      case 'not': {
        const { may, must } = this.compile(query.query)
        return { may: must === null ? null : `not (${must})`, must: may === null ? null : `not (${may})` }
      }
      case 'and': {
        const all = query.queries.map((each) => this.compile(each))
        const may = all.map((each) => each.may).filter((each) => each !== null)
        return {
          may: joined(may, 'and'),
          must: joinedAll(
            all.map((each) => each.must),
            'and',
          ),
        }
      }
      case 'or': {
        const any = query.queries.map((each) => this.compile(each))
        const must = any.map((each) => each.must).filter((each) => each !== null)
        return {
          may: joinedAll(
            any.map((each) => each.may),
            'or',
          ),
          must: joined(must, 'or'),
        }
      }
    }
  }

  /** A text that people search, in the three places where it may be. Colours come off messages before. */
  #inTexts(parts: readonly string[]): Condition {
    const message = this.#holds('folded_message', parts)
    const others = `${this.#holds('folded_process', parts)} or ${this.#holds('folded_source', parts)}`
    return {
      may: `(${message} or ${others} or ${COLOURED})`,
      must: `(${message} and not ${COLOURED} or ${others})`,
    }
  }

  #field({ folded: name, test }: Field): Condition {
    if (name === 'level') return this.#level(test)
    if (name === 'time') {
      if (test.kind !== 'comparison') return UNKNOWN
      const { from, to } = timeBounds(test)
      return exact(`(sent_at >= ${this.#time(from)} and sent_at < ${this.#time(to)})`)
    }
    const equal = test.kind === 'value' ? { text: test.text, parts: [test.folded] } : undefined
    const asked = test.kind === 'pattern' ? test : equal
    switch (name) {
      case 'source':
        return asked ? this.#inColumn('folded_source', asked) : UNKNOWN
      case 'process':
        return asked ? this.#inProcess(asked) : UNKNOWN
      case 'priority':
        return equal ? this.#number('priority', equal.text) : UNKNOWN
      case 'drain':
        return equal ? this.#number('drain_id', equal.text) : UNKNOWN
      case 'code':
        return { may: this.#inMessage('', asked), must: null }
      case 'dyno': {
        const process = asked && this.#inProcess(asked).may
        return { may: process ? `(${process} or ${this.#inMessage(name, asked)})` : null, must: null }
      }
      case 'app': {
        if (!asked) return UNKNOWN
        const ids = [...this.#apps].filter(([, app]) => isWhole(asked, fold(app))).map(([id]) => id)
        const mine = `drain_id = any(${this.#bind(`{${ids.join(',')}}`)}::integer[])`
        return { may: `(${mine} or ${this.#inMessage(name, asked)})`, must: mine }
      }
      default:
        return {
          may: this.#inMessage(name.startsWith(IN_MESSAGE) ? name.slice(IN_MESSAGE.length) : name, asked),
          must: null,
        }
    }
  }

  #level(test: Field['test']): Condition {
    if (test.kind !== 'comparison') return UNKNOWN
    const traces = levelsThat(test).flatMap(tracesOf)
    if (traces.length === 0) return NOWHERE
    const patterns = traces.map((parts) => `%${parts.map(escapeLike).join('%')}%`)
    return {
      may: `(folded_message like any (${this.#bind(patterns)}::text[]) or ${WRITTEN_OTHERWISE})`,
      must: null,
    }
  }

  /** The key's longest segment and the value stand in the message, unless it is written with escapes. */
  #inMessage(name: string, asked: Pattern | undefined): string {
    const segments = name.split('.').filter((segment) => !/^\d*$/.test(segment))
    const longest = segments.sort((a, b) => b.length - a.length)[0] ?? ''
    const conditions = [
      ...(longest === '' ? [] : [this.#holds('folded_message', [longest])]),
      ...(asked?.parts.some((part) => part !== '') ? [this.#holds('folded_message', asked.parts)] : []),
    ]
    return conditions.length === 0 ? 'true' : `(${conditions.join(' and ')} or ${WRITTEN_OTHERWISE})`
  }

  #inColumn(column: string, { parts }: Pattern): Condition {
    const present = `${column} <> ''`
    return exact(`(${present} and ${this.#is(column, parts)})`)
  }

  /** web.1 is found as web, too. */
  #inProcess(asked: Pattern): Condition {
    const { must } = this.#inColumn('folded_process', asked)
    const last = asked.parts.at(-1) as string
    const ofType = this.#is('folded_process', [...asked.parts.slice(0, -1), `${last}.`, ''])
    return { may: `(${must} or ${ofType})`, must }
  }

  #number(column: string, text: string): Condition {
    const fits = /^(?:0|[1-9]\d{0,9})$/.test(text) && Number(text) <= MAX_INTEGER
    return fits ? exact(`${column} = ${this.#bind(text)}::integer`) : NOWHERE
  }

  #holds(column: string, parts: readonly string[]): string {
    const [only = '', ...more] = parts
    if (more.length > 0) return this.#is(column, ['', ...parts, ''])
    return this.#only(column, parts, `strpos(${this.#folded(column, parts)}, ${this.#bind(only)}::text) > 0`)
  }

  /** The parts one behind the other, from start to end. */
  #is(column: string, parts: readonly string[]): string {
    const text = this.#folded(column, parts)
    if (parts.length === 1) return this.#only(column, parts, `${text} = ${this.#bind(parts[0])}::text`)
    return this.#only(column, parts, `${text} like ${this.#bind(parts.map(escapeLike).join('%'))}::text`)
  }

  /** Letters beyond ASCII are only in texts that have some, and most have none: a quick look before slow folding. */
  #only(column: string, parts: readonly string[], condition: string): string {
    return parts.every(isAscii) ? condition : `(octet_length(${column}) > length(${column}) and ${condition})`
  }

  /** The column folded as fold.ts folds: beyond ASCII, of the letters in `parts` at least. */
  #folded(column: string, parts: readonly string[]): string {
    const letters = new Set(parts.join(''))
    const from: string[] = []
    const to: string[] = []
    for (const letter of letters) {
      if (isAscii(letter)) continue
      for (const other of otherForms(letter)) {
        from.push(other)
        to.push(letter)
      }
    }
    if (from.length === 0) return column
    return `translate(${column}, ${this.#bind(from.join(''))}::text, ${this.#bind(to.join(''))}::text)`
  }

  #time(micros: number): string {
    if (!Number.isFinite(micros)) return `timestamptz '${micros < 0 ? '-' : ''}infinity'`
    return `(timestamptz 'epoch' + ${this.#bind(micros)}::bigint * interval '1 microsecond')`
  }
}

const COLOURED = `strpos(message, e'\\x1b') > 0`
/** What is read from the message is not what stands there: escapes, or what colours cut apart. */
const WRITTEN_OTHERWISE = `(strpos(message, e'\\\\') > 0 or ${COLOURED})`

function exact(condition: string): Condition {
  return { may: condition, must: condition }
}

function joined(conditions: readonly string[], by: 'and' | 'or'): string | null {
  return conditions.length === 0 ? null : `(${conditions.join(` ${by} `)})`
}

function joinedAll(conditions: readonly (string | null)[], by: 'and' | 'or'): string | null {
  return conditions.some((each) => each === null) ? null : joined(conditions as string[], by)
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}
