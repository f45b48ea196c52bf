import { EVERYTHING } from './everything.ts'
import type { Query } from './query.ts'

/** `error checkout`, `error AND checkout`: the lines that match all of these. Binds closer than OR. */
export interface And {
  kind: 'and'
  queries: readonly Query[]
}

export function and(queries: readonly Query[]): Query {
  const flat = queries.flatMap((query) => (query.kind === 'and' ? query.queries : [query]))
  return flat.length === 0
    ? EVERYTHING
    : flat.length === 1
      ? (flat[0] as Query)
      : { kind: 'and', queries: flat }
}

export function printAnd({ queries }: And, print: (query: Query) => string): string {
  return queries.map((query) => (query.kind === 'or' ? `(${print(query)})` : print(query))).join(' ')
}
