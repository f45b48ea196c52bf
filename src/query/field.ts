import {
  type Comparison,
  compares,
  isOrdered,
  matchesOrdered,
  printComparison,
  readOperator,
  whyNotComparable,
} from './comparison.ts'
import { fold } from './fold.ts'
import { fieldValues } from './line-fields.ts'
import type { SearchedLine } from './line-view.ts'
import { type Quotes, quote } from './phrase.ts'
import type { Expressions } from './re2.ts'
import { matchesAny, printRegex, readSlashed, whyNot } from './regex.ts'
import type { ValueTest } from './value-test.ts'
import { isWhole, pattern } from './wildcard.ts'

/**
 * `status:500 dyno:web.1 path:/cart* desc:"Request timeout" user.id:/^4/ service:>1s`: a field of the line, or a key
 * of its message, is all of this value, in any case of letters; with stars, an expression or a comparison, it is like
 * that. Where a key is there several times, one that fits is enough.
 *
 * The fields of every line are in line-fields.ts. `field:*` is any value at all.
 */
export interface Field {
  kind: 'field'
  /** As written; its case does not matter. */
  name: string
  folded: string
  test: ValueTest
}

const NAME = /([A-Za-z_@][\w.#@$-]*):(?=.)/suy
/** `::` is Ruby's or C++, `//` an address, `\` a path of Windows. */
const NO_FIELD = /[\s:)\\]|\/\//uy

/** The name of a field, if one stands at `at`, and where its value begins. */
export function readName(source: string, at: number): { name: string; end: number } | undefined {
  NAME.lastIndex = at
  const match = NAME.exec(source)
  if (!match) return undefined
  NO_FIELD.lastIndex = NAME.lastIndex
  return NO_FIELD.test(source) ? undefined : { name: match[1] as string, end: NAME.lastIndex }
}

/** A query's text as it is read. */
export interface Reading {
  source: string
  quotes: Quotes
  /** Its regular expressions so far. */
  together: Expressions
  /** The end of what stands at `at` without a space. */
  bare(at: number): number
}

export function field(name: string, test: ValueTest): Field {
  return { kind: 'field', name, folded: fold(name), test }
}

const SPECIAL_VALUE = /[\s"()*]|^[/<>=:\\]/su
const SPECIAL_PATTERN = /[\s"()]|^(?:[<>=:\\]|\/\/)/su

/**
 * Reads the value of a field that stands at `at`.
 *
 * @returns a sentence instead where it makes no sense.
 */
export function readValue(
  name: string,
  at: number,
  reading: Reading,
): { field: Field; end: number } | { why: string } {
  const { source, quotes, together } = reading
  const slashed = readSlashed(source, at, together)
  if (slashed) {
    const why = whyNot(slashed.regex)
    return why === null
      ? { field: field(name, slashed.regex), end: slashed.end }
      : { why: `this is no regular expression (${why})` }
  }
  const ordered = isOrdered(fold(name))
  const quoted = source[at] === '"' ? quotes.read(at) : undefined
  const end = quoted?.end ?? reading.bare(at)
  const text = quoted?.text ?? source.slice(at, end)
  if (quoted && !/^[\s)]?$/u.test(source.slice(end, end + 1)))
    return { why: 'a space is missing behind the quote' }
  const comparison = quoted ? undefined : readOperator(text)
  if (comparison || (ordered && (quoted || !text.includes('*')))) {
    const made: Comparison = comparison ?? { kind: 'comparison', operator: '=', bound: text }
    const why = whyNotComparable(fold(name), made)
    return why === null ? { field: field(name, made), end } : { why }
  }
  if (!quoted && text.includes('*')) {
    if (SPECIAL_PATTERN.test(text)) return { why: 'stars, quotes and parentheses do not go together' }
    return { field: field(name, { kind: 'pattern', ...pattern(text) }), end }
  }
  if (!quoted && text.startsWith('(')) return { why: `write ${name}:one OR ${name}:other` }
  return { field: field(name, { kind: 'value', text, folded: fold(text) }), end }
}

export function printField({ name, folded, test }: Field): string {
  switch (test.kind) {
    case 'value':
      return `${name}:${test.text === '' || SPECIAL_VALUE.test(test.text) ? quote(test.text) : test.text}`
    case 'pattern':
      return `${name}:${test.text}`
    case 'regex':
      return `${name}:${printRegex(test)}`
    case 'comparison':
      return `${name}:${printComparison(folded, test)}`
  }
}

export function matchesField({ folded, test: asked }: Field, line: SearchedLine): boolean {
  switch (asked.kind) {
    case 'value':
      return fieldValues(folded, line).some((value) => fold(value) === asked.folded)
    case 'pattern':
      return fieldValues(folded, line).some((value) => isWhole(asked, fold(value)))
    case 'regex':
      return matchesAny(asked, fieldValues(folded, line))
    case 'comparison':
      return isOrdered(folded)
        ? matchesOrdered(folded, asked, line)
        : fieldValues(folded, line).some(compares(asked))
  }
}
