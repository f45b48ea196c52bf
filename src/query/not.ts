import type { Query } from './query.ts'

/** `-debug`, `NOT debug`, `-(a b)`: the lines that do not match this. Twice is not at all. */
export interface Not {
  kind: 'not'
  query: Query
}

export function not(query: Query): Query {
  return query.kind === 'not' ? query.query : { kind: 'not', query }
}

export function printNot({ query }: Not, print: (query: Query) => string): string {
  return query.kind === 'and' || query.kind === 'or' ? `-(${print(query)})` : `-${print(query)}`
}
