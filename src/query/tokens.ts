// A query's text, cut into what the grammar knows. Here is decided what is syntax and what is text: whatever makes no
// sense as syntax becomes a phrase with a hint. Pure; never throws.
import { type Reading, readName, readValue } from './field.ts'
import { phrase, Quotes } from './phrase.ts'
import type { Query } from './query.ts'
import { Expressions } from './re2.ts'
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

/** So often parentheses that are never closed are taken out; then all of them are text. */
const MAX_PASSES = 3

export function readTokens(source: string): { tokens: Token[]; hints: Hint[]; together: Expressions } {
  // A parenthesis that is never closed is text, which may change what others belong to: so, once more with those.
  const literal = new Set<number>()
  for (let pass = 1; ; pass++) {
    const reader = new TokenReader(source, literal, pass > MAX_PASSES ? 0 : MAX_DEPTH)
    const { tokens, hints, unclosed, together } = reader.read()
    if (unclosed.length === 0) {
      const never = [...literal].map((at) => ({ at, text: 'this parenthesis is never closed' }))
      return { tokens, hints: [...hints, ...never].sort((a, b) => a.at - b.at), together }
    }
    for (const at of unclosed) literal.add(at)
  }
}

const SPACE = /\s*/uy
/** A minus before one of these, or at the end, is text: a dash, ->, --force */
const NO_MINUS = /[\s\->=)]|$/uy

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

/** Reads a text once, with these parentheses as text. */
class TokenReader implements Reading {
  readonly source: string
  readonly quotes: Quotes
  readonly together = new Expressions()
  readonly #literal: ReadonlySet<number>
  readonly #maxDepth: number
  readonly #open: number[] = []

  constructor(source: string, literal: ReadonlySet<number>, maxDepth: number) {
    this.source = source
    this.quotes = new Quotes(source)
    this.#literal = literal
    this.#maxDepth = maxDepth
  }

  read(): { tokens: Token[]; hints: Hint[]; unclosed: readonly number[]; together: Expressions } {
    const { source, together } = this
    const open = this.#open
    const tokens: Token[] = []
    const hints: Hint[] = []
    let at = skip(SPACE, source, 0)
    while (at < source.length) {
      const start = at
      const one = source[at] as string
      if (one === '(' && !this.#literal.has(at) && open.length < this.#maxDepth) {
        tokens.push({ kind: 'open', at: at++ })
        open.push(start)
      } else if (one === ')' && open.length > 0) {
        tokens.push({ kind: 'close', at: at++ })
        open.pop()
      } else if (one === '-' && !startsAt(NO_MINUS, source, at + 1)) {
        tokens.push({ kind: 'not', at: at++ })
      } else {
        const { query, end, why } = this.#term(at)
        if (why !== undefined) hints.push({ at, text: `${why}; taken as text` })
        const operator = OPERATORS[source.slice(at, end)]
        tokens.push(operator ? { kind: operator, at } : { kind: 'term', at, query })
        at = end
      }
      at = skip(SPACE, source, at)
    }
    return { tokens, hints, unclosed: open, together }
  }

  #term(at: number): Term {
    const { source, quotes, together } = this
    if (source[at] === '"') {
      const quoted = quotes.read(at)
      if (!quoted) return this.#asText(at, 'this quote is never closed')
      // "status":500 is a piece of JSON, pasted.
      return this.bare(at) === quoted.end ? { query: phrase(quoted.text), end: quoted.end } : this.#asText(at)
    }
    const slashed = readSlashed(source, at, together)
    if (slashed) {
      const why = whyNot(slashed.regex)
      if (why === null) return { query: slashed.regex, end: slashed.end }
      const text = source.slice(at, slashed.end)
      return { query: phrase(text), end: slashed.end, why: `this is no regular expression (${why})` }
    }
    const named = readName(source, at)
    if (named) {
      const read = readValue(named.name, named.end, this)
      return 'field' in read ? { query: read.field, end: read.end } : this.#asText(at, read.why)
    }
    const end = this.bare(at)
    const text = source.slice(at, end)
    if (text.includes('*') && isWildcard(text)) return { query: wildcard(text), end }
    return this.#asText(at, text.startsWith(')') ? 'this parenthesis closes nothing' : undefined)
  }

  #asText(at: number, why?: string): Term {
    // At least one character: the parenthesis that closes nothing.
    const end = Math.max(this.bare(at), at + 1)
    const text = this.source.slice(at, end)
    return { query: isWord(text) ? word(text) : phrase(text), end, ...(why === undefined ? {} : { why }) }
  }

  /**
   * The end of what stands together without a space. Quotes inside hold spaces together, so that desc="Request timeout"
   * can be pasted; parentheses inside belong to the text: init(4).
   */
  bare(from: number): number {
    const { source, quotes } = this
    const isInGroup = this.#open.length > 0
    let depth = 0
    let at = from
    while (at < source.length) {
      const one = source[at] as string
      if (/\s/u.test(one)) break
      if (one === ')' && depth === 0 && isInGroup) break
      if (one === '(') depth++
      if (one === ')' && depth > 0) depth--
      at = (one === '"' && quotes.read(at)?.end) || at + 1
    }
    return at
  }
}

function skip(what: RegExp, source: string, at: number): number {
  what.lastIndex = at
  return what.test(source) ? what.lastIndex : at
}

function startsAt(what: RegExp, source: string, at: number): boolean {
  what.lastIndex = at
  return what.test(source)
}
