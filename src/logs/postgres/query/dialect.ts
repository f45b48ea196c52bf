// How Postgres says what a condition asks (../../query/condition-sql.ts).
import type { Text } from '../../../query/condition.ts'
import { conditionSql, type Dialect, likePattern } from '../../../query/condition-sql.ts'

/** Columns that conditions use, beside those of log_line; in a select on log_line. Folded once however often asked. */
export const FOLDED_COLUMNS = (['message', 'process', 'source'] satisfies Text[])
  .map((text) => `lower(${text} collate "C") as ${folded(text)}`)
  .join(', ')

export type Bind = (value: unknown) => string

export function postgresDialect(bind: Bind): Dialect {
  const bound = new Map<string, string>()
  const text = (value: string) => {
    const parameter = bound.get(value) ?? `${bind(value)}::text`
    bound.set(value, parameter)
    return parameter
  }
  const dialect: Dialect = {
    lowered: folded,
    isBeyondAscii: (column) => `octet_length(${column}) > length(${column})`,
    translated: (column, from, to) => `translate(${column}, ${text(from)}, ${text(to)})`,
    is: (column, value) => `${column} = ${text(value)}`,
    isLike(column, parts) {
      const [first, only = '', last] = parts
      const isInside = parts.length === 3 && first === '' && last === ''
      // Quicker than a pattern.
      return isInside ? `strpos(${column}, ${text(only)}) > 0` : `${column} like ${text(likePattern(parts))}`
    },
    isLikeAny: (column, of) => `${column} like any (${bind(of.map(likePattern))}::text[])`,
    uncoloured: (of) => `(${conditionSql(of, dialect)} or ${dialect.has('\x1b')})`,
    has: (character) => `strpos(message, ${text(character)}) > 0`,
    // Looking closer would take longer than matching the few.
    oddEscape: () => dialect.has('\\'),
    time: (micros) => `(timestamptz 'epoch' + ${bind(micros)}::bigint * interval '1 microsecond')`,
  }
  return dialect
}

function folded(text: Text): string {
  return `folded_${text}`
}
