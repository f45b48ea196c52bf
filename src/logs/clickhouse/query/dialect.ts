// How ClickHouse says what a condition asks (../../query/condition-sql.ts). Its texts are bytes, and lower() knows ASCII only,
// which is the rule of fold.ts.
import type { Condition } from '../../../query/condition.ts'
import { conditionSql, type Dialect, likePattern } from '../../../query/condition-sql.ts'
import { isAscii } from '../../../query/fold.ts'
import type { Bind } from '../parameters.ts'

const COLOURS = String.raw`'\x1b\\[[0-?]*[ -/]*[@-~]'`
const HAS_COLOURS = String.raw`position(message, '\x1b') > 0`
const HAS_BACKSLASH = String.raw`position(message, '\\') > 0`
const HAS_ODD_ESCAPE = String.raw`${HAS_BACKSLASH} and match(message, '\\\\[^"\\\\/nrt]')`
const ODDLY_ESCAPED = String.raw`\x01escaped`

/**
 * All that people search, in one text: the skipping index is of this, letter for letter. One index of one text, because
 * what it says of `a or b` is then sure to be right: over several indexes, ClickHouse before 25.12 leaves out nothing, and
 * 25.12 and later may leave out too much (ClickHouse#119528). The message without its colours, as searched-line.ts takes
 * them off, which only costs where there are any; whether there are unusual escapes in it, as a word.
 */
export const EVERY_TEXT = `lower(concat(if(${HAS_COLOURS}, replaceRegexpAll(message, ${COLOURS}, ''), message), '\\n', process, '\\n', source, if(${HAS_ODD_ESCAPE}, '${ODDLY_ESCAPED}', '')))`

/** The index knows texts by so many letters at a time. */
export const GRAM_LETTERS = 4

/** Whether the index tells where lines of this condition cannot be: where it asks for a text that is long enough. */
export function isIndexed(condition: Condition): boolean {
  switch (condition.kind) {
    case 'all':
      return condition.of.some(isIndexed)
    case 'any':
      return condition.of.every(isIndexed)
    case 'uncoloured':
      return holdsGram(condition.of)
    case 'odd_escape':
      return true
    default:
      return false
  }
}

function holdsGram(condition: Condition): boolean {
  switch (condition.kind) {
    case 'all':
      return condition.of.some(holdsGram)
    case 'any':
      return condition.of.every(holdsGram)
    case 'like':
      return condition.parts.every(isAscii) && condition.parts.some(({ length }) => length >= GRAM_LETTERS)
    default:
      return false
  }
}

export function clickHouseDialect(bind: Bind): Dialect {
  const isLike: Dialect['isLike'] = (text, parts) => `${text} like ${bind('String', likePattern(parts))}`
  const dialect: Dialect = {
    lowered: (text) => `lower(${text})`,
    isBeyondAscii: (text) => `length(${text}) > lengthUTF8(${text})`,
    translated: (text, from, to) => `translateUTF8(${text}, ${bind('String', from)}, ${bind('String', to)})`,
    is: (text, value) => `${text} = ${bind('String', value)}`,
    isLike,
    isLikeAny: (text, of) => `(${of.map((parts) => isLike(text, parts)).join(' or ')})`,
    uncoloured: (of) => conditionSql(of, { ...dialect, lowered: () => EVERY_TEXT }),
    has: (character) => (character === '\\' ? HAS_BACKSLASH : HAS_COLOURS),
    oddEscape: () => `${EVERY_TEXT} like '%${ODDLY_ESCAPED}%'`,
    time: (micros) => bind('Int64', micros),
  }
  return dialect
}
