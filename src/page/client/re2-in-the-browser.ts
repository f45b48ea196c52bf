// What stands for `re2js` in the page's script: the server decides which lines an expression finds, with RE2, in linear
// time; the page only marks what it can find without risk, with the browser's own engine. So 260 kB need not be sent.
// An expression that could take long on a browser's engine (repeated groups, many repetitions) is not tried at all.
// Pure.

const MAX_CHARACTERS = 200
const MAX_REPETITIONS = 2

/** Null where it is not safe or not JavaScript's. */
export function expression(source: string, anyCase: boolean): RegExp | null {
  if (source.length > MAX_CHARACTERS) return null
  const bare = source.replace(/\\./gs, '_').replace(/\[[^\]]*\]/g, '_')
  if (/\)[*+{?]/.test(bare)) return null
  if ((bare.match(/[*+]|\{\d+,/g)?.length ?? 0) > MAX_REPETITIONS) return null
  try {
    return new RegExp(source, anyCase ? 'giu' : 'gu')
  } catch {
    return null
  }
}

/** The part of re2js that src/query/regex.ts uses. */
export class RE2JS {
  static readonly CASE_INSENSITIVE = 1
  readonly #expression: RegExp | null

  private constructor(expression: RegExp | null) {
    this.#expression = expression
  }

  /** Never throws: that something is no expression is the server's to say, with its hint. */
  static compile(source: string, flags: number): RE2JS {
    return new RE2JS(expression(source, flags === RE2JS.CASE_INSENSITIVE))
  }

  programSize(): number {
    return 1
  }

  test(text: string): boolean {
    if (this.#expression === null) return false
    this.#expression.lastIndex = 0
    return this.#expression.test(text)
  }
}
