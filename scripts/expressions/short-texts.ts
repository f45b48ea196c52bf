// Expressions that the checker cannot prove linear, and that only ever see a text of bounded length. An entry whose
// expression is gone fails the check.

export interface ShortText {
  file: string
  /** As written, without the slashes; or the whole `new RegExp(…)`. */
  expression: string
  /** No text is longer. */
  characters: number
  because: string
}

export const SHORT_TEXTS: readonly ShortText[] = [
  {
    file: 'src/page/client/re2-in-the-browser.ts',
    expression: "new RegExp(source, anyCase ? 'giu' : 'gu')",
    characters: 4_000,
    because:
      'the more ways the expression has to go on, the less of a text it is given: 4 million tries at most',
  },
]
