// Where a text holds what was searched for. Only what a reader would look for is marked: words, phrases, patterns and
// the values of fields, not what is excluded. Pure.
import { fold } from '../../query/fold.ts'
import { lineField } from '../../query/line-fields.ts'
import type { Query } from '../../query/query.ts'
import { type BrowserExpression, expression } from './re2-in-the-browser.ts'

export interface Range {
  from: number
  to: number
}

/** What to look for, made once for a query. */
export interface Needles {
  texts: readonly string[]
  expressions: readonly BrowserExpression[]
}

/** A single letter would be marked everywhere. */
const SHORTEST = 2
const MAX_RANGES = 200
/** Marks beyond this are out of sight. */
const MAX_CHARACTERS = 4_000

export const NO_NEEDLES: Needles = { texts: [], expressions: [] }

export function needlesOf(query: Query): Needles {
  const texts = new Set<string>()
  const expressions: BrowserExpression[] = []
  collect(query, texts, expressions)
  return { texts: [...texts], expressions }
}

function collect(query: Query, texts: Set<string>, expressions: BrowserExpression[]): void {
  const add = (text: string) => {
    if (text.length >= SHORTEST) texts.add(text)
  }
  switch (query.kind) {
    case 'word':
    case 'phrase':
      add(query.folded)
      break
    case 'wildcard':
      for (const part of query.parts) add(part)
      break
    case 'regex': {
      const safe = expression(query.source, query.anyCase)
      if (safe !== null) expressions.push(safe)
      break
    }
    case 'field':
      if (query.test.kind === 'value' && isMarkedInText(query.folded)) add(query.test.folded)
      if (query.test.kind === 'pattern') for (const part of query.test.parts) add(part)
      break
    case 'and':
    case 'or':
      for (const one of query.queries) collect(one, texts, expressions)
  }
}

/** Other fields of the line stand in columns of their own, or are marked by colour. */
function isMarkedInText(name: string): boolean {
  const field = lineField(name)
  return field === undefined || field.isMarkedInText === true
}

/** In order, and apart from one another. */
export function rangesIn(text: string, needles: Needles): Range[] {
  const ranges: Range[] = []
  const looked = text.length > MAX_CHARACTERS ? text.slice(0, MAX_CHARACTERS) : text
  const folded = fold(looked)
  // Folding changes the length of a few rare letters; a mark in the wrong place is worse than none.
  if (folded.length === looked.length) {
    for (const needle of needles.texts) {
      for (let at = folded.indexOf(needle); at !== -1; at = folded.indexOf(needle, at + needle.length)) {
        ranges.push({ from: at, to: at + needle.length })
        if (ranges.length >= MAX_RANGES) break
      }
    }
  }
  for (const expression of needles.expressions) {
    for (const match of expression.matches(looked)) {
      if (match[0] !== '') ranges.push({ from: match.index, to: match.index + match[0].length })
      if (ranges.length >= MAX_RANGES) break
    }
  }
  return merge(ranges)
}

function merge(ranges: Range[]): Range[] {
  if (ranges.length < 2) return ranges
  ranges.sort((a, b) => a.from - b.from || b.to - a.to)
  const merged: Range[] = []
  for (const range of ranges) {
    const last = merged.at(-1)
    if (last !== undefined && range.from <= last.to) last.to = Math.max(last.to, range.to)
    else merged.push({ ...range })
  }
  return merged
}
