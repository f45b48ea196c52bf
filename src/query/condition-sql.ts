// A condition -> SQL. What engines say alike is here; in what they differ is their dialect. Pure.
import type { Condition, Parts, Text } from './condition.ts'
import { isAscii, otherForms } from './fold.ts'

export interface Dialect {
  /** The text with A to Z lowered and nothing else, whatever the locale of the database. */
  lowered(text: Text): string
  /** True for every text that has letters beyond ASCII: a quick look. */
  isBeyondAscii(text: string): string
  /** Each letter of `from` becomes the one at its place in `to`. */
  translated(text: string, from: string, to: string): string
  is(text: string, value: string): string
  /** @param parts two at least */
  isLike(text: string, parts: Parts): string
  isLikeAny(text: string, of: readonly Parts[]): string
  uncoloured(of: Condition): string
  /** Of the message as it is. */
  has(character: '\\' | '\x1b'): string
  oddEscape(): string
  /** A time as sent_at is compared with. */
  time(micros: number): string
}

export function conditionSql(condition: Condition, dialect: Dialect): string {
  switch (condition.kind) {
    case 'always':
      return 'true'
    case 'never':
      return 'false'
    case 'all':
    case 'any': {
      const by = condition.kind === 'all' ? ' and ' : ' or '
      return `(${[...new Set(condition.of.map((each) => conditionSql(each, dialect)))].join(by)})`
    }
    case 'not':
      return `not (${conditionSql(condition.of, dialect)})`
    case 'like':
      return like(condition.text, condition.parts, dialect)
    case 'like_any':
      return dialect.isLikeAny(dialect.lowered(condition.text), condition.of)
    case 'not_empty':
      return `${condition.text} <> ''`
    case 'uncoloured':
      return dialect.uncoloured(condition.of)
    case 'has':
      return dialect.has(condition.character)
    case 'odd_escape':
      return dialect.oddEscape()
    case 'one_of':
      return `${condition.column} in (${condition.numbers.join(', ')})`
    case 'sent': {
      const from = Number.isFinite(condition.from) ? [`sent_at >= ${dialect.time(condition.from)}`] : []
      const to = Number.isFinite(condition.to) ? [`sent_at < ${dialect.time(condition.to)}`] : []
      return `(${[...from, ...to].join(' and ') || 'true'})`
    }
  }
}

/** The parts as a pattern of LIKE, in which the backslash escapes. */
export function likePattern(parts: Parts): string {
  return parts.map((part) => part.replace(/[\\%_]/g, '\\$&')).join('%')
}

function like(text: Text, parts: Parts, dialect: Dialect): string {
  const lowered = dialect.lowered(text)
  const folded = foldedFor(parts, lowered, dialect)
  const [only = ''] = parts
  const condition = parts.length === 1 ? dialect.is(folded, only) : dialect.isLike(folded, parts)
  // Letters beyond ASCII are only in texts that have some, and most have none.
  return parts.every(isAscii) ? condition : `(${dialect.isBeyondAscii(lowered)} and ${condition})`
}

/** The text folded as fold.ts folds: beyond ASCII, of the letters in `parts` at least. */
function foldedFor(parts: Parts, lowered: string, dialect: Dialect): string {
  const others = [...new Set(parts.join(''))].flatMap((letter) =>
    isAscii(letter) ? [] : otherForms(letter).map((other) => [other, letter] as const),
  )
  if (others.length === 0) return lowered
  const [from, to] = [0, 1].map((at) => others.map((pair) => pair[at]).join('')) as [string, string]
  return dialect.translated(lowered, from, to)
}
