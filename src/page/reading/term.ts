// The terms that a click on a value adds to a query, and what a query becomes with them. It is the query language's own
// tree that is changed and printed, so nothing that was typed changes its meaning. Pure.
import { and } from '../../query/and.ts'
import { field } from '../../query/field.ts'
import { fold } from '../../query/fold.ts'
import { nameOfKey } from '../../query/line-fields.ts'
import { not } from '../../query/not.ts'
import { parse } from '../../query/parse.ts'
import { phrase } from '../../query/phrase.ts'
import { print, type Query } from '../../query/query.ts'
import { isWord, word } from '../../query/word.ts'

const NAME = /^[A-Za-z_@][\w.#@$-]*$/
/** Longer values are no filter that anybody could read. */
const MAX_VALUE = 200

/** `status:500`, for a field of the line. */
export function lineTerm(name: string, value: string): string {
  return print(field(name, { kind: 'value', text: value, folded: fold(value) }))
}

/** The term for a key of a message; null where the language cannot name it. */
export function messageTerm(key: string, value: string): string | null {
  if (!NAME.test(key) || value === '' || value.length > MAX_VALUE || /[\n\0]/.test(value)) return null
  const term = lineTerm(nameOfKey(key), value)
  // What the language would not read back as the same (a bare value with an odd start) is no term.
  return print(parse(term).query) === term ? term : null
}

export function textTerm(text: string): string {
  return print(isWord(text) ? word(text) : phrase(text))
}

/**
 * The query with the term, or with its opposite. A term that is there already stays once; the opposite of a term takes
 * its place.
 */
export function refine(q: string, term: string, exclude: boolean): string {
  const wanted = exclude ? not(parse(term).query) : parse(term).query
  const opposite = print(not(wanted))
  const query = parse(q).query
  const parts = query.kind === 'and' ? query.queries : query.kind === 'everything' ? [] : [query]
  const kept = parts.filter((part) => print(part) !== opposite && print(part) !== print(wanted))
  return print(and([...kept, wanted]))
}

/** The query without this one of its parts. */
export function without(q: string, part: string): string {
  return print(and(partsOf(q).filter((one) => print(one) !== part)))
}

/** What all of must be true. */
export function partsOf(q: string): readonly Query[] {
  const { query } = parse(q)
  return query.kind === 'and' ? query.queries : query.kind === 'everything' ? [] : [query]
}
