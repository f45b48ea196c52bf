import { and } from './and.ts'
import { field } from './field.ts'
import type { Query } from './query.ts'

/** Those of the query's lines that were sent in this time: `from` inclusive, `to` exclusive. */
export function between(query: Query, from: Date, to: Date): Query {
  const bound = (operator: '>=' | '<', at: Date) =>
    field('time', { kind: 'comparison', operator, bound: at.toISOString() })
  const times = [bound('>=', from), bound('<', to)]
  return and(query.kind === 'everything' ? times : [query, ...times])
}
