// What a store can check of one term of a query, and how such conditions are made. Pure.
//
// Each term gives two conditions. `may` is true for every line that matches, and for others; `must` only for lines that
// match, but not for all of them. A negation swaps the two.
import { ALWAYS, all, any, type Condition, NEVER, not, type Parts, type Text } from './condition.ts'
import type { Pattern } from './wildcard.ts'

export interface Bounds {
  may: Condition
  must: Condition
}

/** A store cannot tell. */
export const UNKNOWN: Bounds = { may: ALWAYS, must: NEVER }

const MAX_INTEGER = 2 ** 31 - 1
const COLOURED: Condition = { kind: 'has', character: '\x1b' }

export function exact(condition: Condition): Bounds {
  return { may: condition, must: condition }
}

/** A searched text, in the three places where it may stand. */
export function inTexts(parts: Parts): Bounds {
  const message = holds('message', parts)
  const others = any(holds('process', parts), holds('source', parts))
  return { may: uncoloured(any(message, others)), must: any(all(message, not(COLOURED)), others) }
}

/** The key's longest segment and the value stand in the message, unless it is written with escapes. */
export function inMessage(name: string, asked: Pattern | undefined): Condition {
  const segments = name.split('.').filter((segment) => !/^\d*$/.test(segment))
  const longest = segments.sort((a, b) => b.length - a.length)[0] ?? ''
  const both = all(
    longest === '' ? ALWAYS : holds('message', [longest]),
    holds('message', asked?.parts ?? []),
  )
  return any(uncoloured(both), escaped([longest, ...(asked?.parts ?? [])]))
}

/**
 * The message may contain these texts escaped. Usual escapes matter only for texts with characters that need them: a
 * stack trace in JSON is full of `\n`, and an id in it is not escaped.
 */
export function escaped(texts: readonly string[]): Condition {
  const isUsual = texts.some((text) => /["\\/\n\r\t]/.test(text))
  return isUsual ? { kind: 'has', character: '\\' } : { kind: 'odd_escape' }
}

export function inColumn(text: Text, parts: Parts): Condition {
  return all({ kind: 'not_empty', text }, { kind: 'like', text, parts })
}

/** A process type finds its dynos: `web` finds web.1. */
export function inProcess({ parts }: Pattern): Bounds {
  const must = inColumn('process', parts)
  const ofType = [...parts.slice(0, -1), `${parts.at(-1)}.`, '']
  return { may: any(must, { kind: 'like', text: 'process', parts: ofType }), must }
}

export function ofNumber(column: 'priority' | 'drain_id', text: string): Bounds {
  const fits = /^(?:0|[1-9]\d{0,9})$/.test(text) && Number(text) <= MAX_INTEGER
  return exact(fits ? { kind: 'one_of', column, numbers: [Number(text)] } : NEVER)
}

/** The text contains the parts in this order. */
export function holds(text: Text, parts: Parts): Condition {
  return parts.every((part) => part === '') ? ALWAYS : { kind: 'like', text, parts: ['', ...parts, ''] }
}

/** Messages are searched without their colours. */
export function uncoloured(condition: Condition): Condition {
  return condition.kind === 'always' ? condition : { kind: 'uncoloured', of: condition }
}
