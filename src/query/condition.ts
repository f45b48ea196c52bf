// What a store can tell of a line without knowing the query language: conditions on its columns, as data. A dialect makes
// SQL of them (condition-sql.ts). Pure.

export type Text = 'message' | 'process' | 'source'

/** Texts one behind the other from start to end, with anything between them: ['', 'cart', ''] is what holds `cart`. */
export type Parts = readonly string[]

export type Condition =
  | { kind: 'always' }
  | { kind: 'never' }
  | { kind: 'all' | 'any'; of: readonly Condition[] }
  | { kind: 'not'; of: Condition }
  /** The text, folded as fold.ts folds, is like that. */
  | { kind: 'like'; text: Text; parts: Parts }
  /** It is like one of these. They are ASCII. */
  | { kind: 'like_any'; text: Text; of: readonly Parts[] }
  | { kind: 'not_empty'; text: Text }
  /** Where the message has colours, it is meant without them. May be true of more lines than that. */
  | { kind: 'uncoloured'; of: Condition }
  /** The message has this character: an escape, or what begins a colour. */
  | { kind: 'has'; character: '\\' | '\x1b' }
  /** It has a backslash before something else than `"`, `\`, `/`, `n`, `r` or `t`. May be true of more lines than that. */
  | { kind: 'odd_escape' }
  | { kind: 'one_of'; column: 'priority' | 'drain_id'; numbers: readonly number[] }
  /** In microseconds since 1970, each may be infinite: `from` inclusive, `to` exclusive. */
  | { kind: 'sent'; from: number; to: number }

export const ALWAYS: Condition = { kind: 'always' }
export const NEVER: Condition = { kind: 'never' }

export function all(...conditions: readonly Condition[]): Condition {
  return joined('all', conditions, ALWAYS, NEVER)
}

export function any(...conditions: readonly Condition[]): Condition {
  return joined('any', conditions, NEVER, ALWAYS)
}

export function not(condition: Condition): Condition {
  if (condition.kind === 'always') return NEVER
  return condition.kind === 'never' ? ALWAYS : { kind: 'not', of: condition }
}

/** @param neutral adds nothing @param decisive leaves nothing else to ask */
function joined(
  kind: 'all' | 'any',
  conditions: readonly Condition[],
  neutral: Condition,
  decisive: Condition,
): Condition {
  if (conditions.some((each) => each.kind === decisive.kind)) return decisive
  const of = conditions
    .filter((each) => each.kind !== neutral.kind)
    .flatMap((each) => (each.kind === kind ? each.of : [each]))
  return of.length > 1 ? { kind, of } : (of[0] ?? neutral)
}
