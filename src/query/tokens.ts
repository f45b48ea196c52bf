// A query's text, cut into what the grammar knows. Here is decided what is syntax and what is text: whatever makes no
// sense as syntax becomes a phrase with a hint. Pure; never throws.
import { readName, readValue } from './field.ts'
import { phrase, readQuoted } from './phrase.ts'
import type { Query } from './query.ts'
import { readSlashed, whyNot } from './regex.ts'
import { isWildcard, wildcard } from './wildcard.ts'
import { isWord, word } from './word.ts'

/** What was taken as text although it looks like syntax; `at` counts characters of the text as typed. */
export interface Hint {
  at: number
  text: string
}

export type Token =
  | { kind: 'term'; at: number; query: Query }
  | { kind: 'open' | 'close' | 'not' | 'or' | 'and'; at: number }

/** Parentheses deeper than this are text. */
const MAX_DEPTH = 30

export function readTokens(source: string): { tokens: Token[]; hints: Hint[] } {
  // A parenthesis that is never closed is text, which may change what others belong to: so, once more with those.
  const literal = new Set<number>()
  for (;;) {
    const read = readOnce(source, literal)
    if (read.unclosed.length === 0) {
      const hints = [
        ...read.hints,
        ...[...literal].map((at) => ({ at, text: 'this parenthesis is never closed' })),
      ]
      return { tokens: read.tokens, hints: hints.sort((a, b) => a.at - b.at) }
    }
    for (const at of read.unclosed) literal.add(at)
  }
}

const SPACE = /\s*/uy
/** A minus before one of these, or at the end, is text: a dash, ->, --force */
const NO_MINUS = /[\s\->=)]|$/uy

function readOnce(source: string, literal: ReadonlySet<number>) {
  const tokens: Token[] = []
  const hints: Hint[] = []
  const open: number[] = []
  let at = skip(SPACE, source, 0)
  while (at < source.length) {
    const start = at
    const one = source[at] as string
    if (one === '(' && !literal.has(at) && open.length < MAX_DEPTH) {
      tokens.push({ kind: 'open', at: at++ })
      open.push(start)
    } else if (one === ')' && open.length > 0) {
      tokens.push({ kind: 'close', at: at++ })
      open.pop()
    } else if (one === '-' && !startsAt(NO_MINUS, source, at + 1)) {
      tokens.push({ kind: 'not', at: at++ })
    } else {
      const { query, end, why } = readTerm(source, at, open.length > 0)
      if (why !== undefined) hints.push({ at, text: `${why}; taken as text` })
      const operator = OPERATORS[source.slice(at, end)]
      tokens.push(operator ? { kind: operator, at } : { kind: 'term', at, query })
      at = end
    }
    at = skip(SPACE, source, at)
  }
  return { tokens, hints, unclosed: open }
}

const OPERATORS: Record<string, 'or' | 'and' | 'not' | undefined> = {
  __proto__: null,
  OR: 'or',
  AND: 'and',
  NOT: 'not',
} as never

interface Term {
  query: Query
  end: number
  /** Why it was taken as text. */
  why?: string
}

function readTerm(source: string, at: number, inGroup: boolean): Term {
  const bare = (from: number) => endOfBare(source, from, inGroup)
  const asText = (why?: string): Term => {
    // At least one character: the parenthesis that closes nothing.
    const end = Math.max(bare(at), at + 1)
    const text = source.slice(at, end)
    return { query: isWord(text) ? word(text) : phrase(text), end, ...(why === undefined ? {} : { why }) }
  }

  if (source[at] === '"') {
    const quoted = readQuoted(source, at)
    if (!quoted) return asText('this quote is never closed')
    // "status":500 is a piece of JSON, pasted.
    return bare(at) === quoted.end ? { query: phrase(quoted.text), end: quoted.end } : asText()
  }
  const slashed = readSlashed(source, at)
  if (slashed) {
    const why = whyNot(slashed.regex)
    if (why === null) return { query: slashed.regex, end: slashed.end }
    const text = source.slice(at, slashed.end)
    return { query: phrase(text), end: slashed.end, why: `this is no regular expression (${why})` }
  }
  const named = readName(source, at)
  if (named) {
    const read = readValue(named.name, source, named.end, bare)
    return 'field' in read ? { query: read.field, end: read.end } : asText(read.why)
  }
  const end = bare(at)
  const text = source.slice(at, end)
  if (text.includes('*') && isWildcard(text)) return { query: wildcard(text), end }
  if (text.startsWith(')')) return asText('this parenthesis closes nothing')
  return asText()
}

const QUOTED = /"(?:[^"\\]|\\.)*"/suy

/**
 * The end of what stands together without a space. Quotes inside hold spaces together, so that desc="Request timeout"
 * can be pasted; parentheses inside belong to the text: init(4).
 */
function endOfBare(source: string, from: number, inGroup: boolean): number {
  let depth = 0
  let at = from
  while (at < source.length) {
    const one = source[at] as string
    if (/\s/u.test(one)) break
    if (one === ')' && depth === 0 && inGroup) break
    if (one === '(') depth++
    if (one === ')' && depth > 0) depth--
    if (one === '"') {
      QUOTED.lastIndex = at
      at = QUOTED.test(source) ? QUOTED.lastIndex : at + 1
    } else {
      at++
    }
  }
  return at
}

function skip(what: RegExp, source: string, at: number): number {
  what.lastIndex = at
  return what.test(source) ? what.lastIndex : at
}

function startsAt(what: RegExp, source: string, at: number): boolean {
  what.lastIndex = at
  return what.test(source)
}
