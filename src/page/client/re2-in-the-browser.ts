// What stands for `re2js` in the page's script: the server decides which lines an expression finds, with RE2, in linear
// time; the page only marks what it can find without risk, with the browser's own engine. So 260 kB need not be sent.
// That engine tries each way an expression can go on: the more ways there are, the less of a text it is given. Pure.

/** Of an expression: a longer one is not tried at all. */
const MAX_SOURCE = 200
/** What the browser may try for one text. */
const MAX_TRIES = 4_000_000
/** A mark further right is seen by nobody. */
const MAX_CHARACTERS = 4_000
/** RE2 has none. */
const REFERENCE_BACK = /\\[1-9k]/

export class BrowserExpression {
  readonly #regex: RegExp
  readonly #characters: number

  constructor(regex: RegExp, characters: number) {
    this.#regex = regex
    this.#characters = characters
  }

  matches(text: string): Iterable<RegExpExecArray> {
    return text.slice(0, this.#characters).matchAll(this.#regex)
  }
}

/** Null where it is not safe or not JavaScript's. */
export function expression(source: string, anyCase: boolean): BrowserExpression | null {
  const characters = charactersFor(source)
  if (characters < 1) return null
  try {
    return new BrowserExpression(new RegExp(source, anyCase ? 'giu' : 'gu'), characters)
  } catch {
    return null
  }
}

/**
 * How much of a text the expression may be tried on. At each place of the text it begins; a repetition goes on for as
 * many characters as there are, and an alternative or an option doubles the ways. A group that is repeated may do all of
 * that again for each repetition.
 */
function charactersFor(source: string): number {
  if (source.length > MAX_SOURCE || REFERENCE_BACK.test(source)) return 0
  const bare = source.replace(/\\./gs, '_').replace(/\[[^\][]*\]/g, '_')
  if (/\)[*+{?]/.test(bare)) return 0
  const repetitions = bare.match(/[*+{]/g)?.length ?? 0
  const choices = bare.match(/[?|]/g)?.length ?? 0
  return Math.min(MAX_CHARACTERS, Math.floor((MAX_TRIES / 2 ** choices) ** (1 / (1 + repetitions))))
}

/** The part of re2js that src/query/re2.ts uses. */
export class RE2JS {
  static readonly CASE_INSENSITIVE = 1
  readonly #expression: BrowserExpression | null

  private constructor(expression: BrowserExpression | null) {
    this.#expression = expression
  }

  /** Never throws: that something is no expression is the server's to say, with its hint. */
  static compile(source: string, flags: number): RE2JS {
    return new RE2JS(expression(source, flags === RE2JS.CASE_INSENSITIVE))
  }

  programSize(): number {
    return 1
  }

  /** Where re2js remembers states; the browser's engine has none. */
  re2(): { dfa: { stateBudget: number; memBudget: number } } {
    return { dfa: { stateBudget: 0, memBudget: 0 } }
  }

  test(text: string): boolean {
    for (const _ of this.#expression?.matches(text) ?? []) return true
    return false
  }
}
