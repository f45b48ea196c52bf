import { bug } from '../errors.ts'
import type { Query } from './query.ts'

/** `timeout OR "connection reset"`: the lines that match at least one of these. OR in capitals; parentheses group. */
export interface Or {
  kind: 'or'
  queries: readonly Query[]
}

export function or(queries: readonly Query[]): Query {
  const flat = queries.flatMap((query) => (query.kind === 'or' ? query.queries : [query]))
  if (flat.length === 0) throw bug('a choice of nothing')
  return flat.length === 1 ? (flat[0] as Query) : { kind: 'or', queries: flat }
}

export function printOr({ queries }: Or, print: (query: Query) => string): string {
  return queries.map(print).join(' OR ')
}
