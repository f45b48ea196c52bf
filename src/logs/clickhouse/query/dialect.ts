// How ClickHouse says what a condition asks (../../query/condition-sql.ts). Its texts are bytes, and lower() knows ASCII only,
// which is the rule of fold.ts. The skipping indexes of the table are made of the same expressions: letter for letter, or
// they do not serve.
import type { Text } from '../../query/condition.ts'
import { type Dialect, likePattern } from '../../query/condition-sql.ts'
import type { Bind } from '../parameters.ts'

const LITERALS: Readonly<Record<string, string>> = { '\\': String.raw`'\\'`, '\x1b': String.raw`'\x1b'` }

export function lowered(text: Text): string {
  return `lower(${text})`
}

/** 0 where the message has no such character. */
export function positionOf(character: '\\' | '\x1b'): string {
  return `position(message, ${LITERALS[character]})`
}

export function clickHouseDialect(bind: Bind): Dialect {
  const isLike: Dialect['isLike'] = (text, parts) => `${text} like ${bind('String', likePattern(parts))}`
  return {
    lowered,
    isBeyondAscii: (text) => `length(${text}) > lengthUTF8(${text})`,
    translated: (text, from, to) => `translateUTF8(${text}, ${bind('String', from)}, ${bind('String', to)})`,
    is: (text, value) => `${text} = ${bind('String', value)}`,
    isLike,
    isLikeAny: (text, of) => `(${of.map((parts) => isLike(text, parts)).join(' or ')})`,
    has: (character) => `${positionOf(character)} > 0`,
    time: (micros) => bind('Int64', micros),
  }
}
