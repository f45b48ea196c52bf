// The query language as a whole: what people type to find lines, one file per concept. It has one meaning, `matches`;
// a store may narrow down what it reads (prefilter.ts), but this decides. Pure.
import type { And } from './and.ts'
import { printAnd } from './and.ts'
import type { Everything } from './everything.ts'
import { type Field, matchesField, printField } from './field.ts'
import type { SearchedLine } from './line-view.ts'
import { type Not, printNot } from './not.ts'
import { type Or, printOr } from './or.ts'
import { type Phrase, printPhrase } from './phrase.ts'
import { matchesRegex, printRegex, type Regex } from './regex.ts'
import { matchesWildcard, printWildcard, type Wildcard } from './wildcard.ts'
import { matchesText, printWord, type Word } from './word.ts'

export type Query = Everything | Word | Phrase | Wildcard | Regex | Field | Not | And | Or

/** Prints a query so that parsing it gives the same query again. */
export function print(query: Query): string {
  switch (query.kind) {
    case 'everything':
      return ''
    case 'word':
      return printWord(query)
    case 'phrase':
      return printPhrase(query)
    case 'wildcard':
      return printWildcard(query)
    case 'regex':
      return printRegex(query)
    case 'field':
      return printField(query)
    case 'not':
      return printNot(query, print)
    case 'and':
      return printAnd(query, print)
    case 'or':
      return printOr(query, print)
  }
}

export function matches(query: Query, line: SearchedLine): boolean {
  switch (query.kind) {
    case 'everything':
      return true
    case 'word':
    case 'phrase':
      return matchesText(query, line)
    case 'wildcard':
      return matchesWildcard(query, line)
    case 'regex':
      return matchesRegex(query, line)
    case 'field':
      return matchesField(query, line)
    case 'not':
      return !matches(query.query, line)
    case 'and':
      return query.queries.every((each) => matches(each, line))
    case 'or':
      return query.queries.some((each) => matches(each, line))
  }
}

/** How many conditions a query has: what it costs. */
export function countTerms(query: Query): number {
  switch (query.kind) {
    case 'everything':
      return 0
    case 'not':
      return countTerms(query.query)
    case 'and':
    case 'or':
      return query.queries.reduce((sum, each) => sum + countTerms(each), 0)
    default:
      return 1
  }
}
