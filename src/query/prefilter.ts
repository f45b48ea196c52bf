// A query -> a condition that a store can check by itself, so that it returns few lines that do not match. What it returns
// is matched again by `matches`, which alone decides: the condition may let too much through, never too little. Pure.
import { type Bounds, exact, inTexts, UNKNOWN } from './bounds.ts'
import { timeBounds } from './comparison.ts'
import { ALWAYS, all, any, type Condition, not } from './condition.ts'
import { fieldBounds } from './line-fields.ts'
import type { Apps } from './line-view.ts'
import type { Query } from './query.ts'

/** True for every line that matches; `always` if any line may. */
export function mayMatch(query: Query, apps: Apps): Condition {
  return compile(query, apps).may
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

function compile(query: Query, apps: Apps): Bounds {
  switch (query.kind) {
    case 'everything':
      return exact(ALWAYS)
    case 'word':
    case 'phrase':
      return inTexts([query.folded])
    case 'wildcard':
      return inTexts(query.parts)
    case 'regex':
      return UNKNOWN
    case 'field':
      return fieldBounds(query.folded, query.test, apps)
    case 'not': {
      const { may, must } = compile(query.query, apps)
      return { may: not(must), must: not(may) }
    }
    case 'and':
    case 'or': {
      const each = query.queries.map((one) => compile(one, apps))
      const join = query.kind === 'and' ? all : any
      return { may: join(...each.map(({ may }) => may)), must: join(...each.map(({ must }) => must)) }
    }
  }
}
