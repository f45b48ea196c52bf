// Regular expressions of VCL. Pure.
import type { Expressions, Reads } from '../../query/re2.ts'
import { Refusal } from '../refusal.ts'
import { MAX_TEXT } from './expression.ts'

export interface CompiledRegex {
  test(text: string): boolean
  /**
   * In `replacement` `\0` is what was found and `\1` to `\9` are its groups. Where more would have to be read than is
   * left, the rest of the text stays as it is.
   */
  replace(text: string, replacement: string, which: 'first' | 'all', reads: Reads): string
}

/** @throws Refusal where RE2 cannot read it: look-around and back-references are what it lacks of PCRE. */
export function compileRegex(source: string, at: number, together: Expressions): CompiledRegex {
  const engine = compiled(source, at, together)
  const cost = 1 + engine.programSize() / STEPS_IN_PASSING
  return {
    test: (text) => together.test(engine, text),
    replace(text, replacement, which, reads) {
      const looked = new CountedText(text.slice(0, together.characters), reads, cost)
      const matcher = engine.matcher(looked as unknown as string)
      const group = (all: string, digit: string) => {
        const number = Number(digit)
        return number > matcher.groupCount() ? all : (matcher.group(number) ?? '')
      }
      let replaced = ''
      let end = 0
      try {
        while (replaced.length < MAX_TEXT && matcher.find()) {
          reads.left -= replacement.length
          const made = replacement.replace(/\\(\d)/g, group)
          replaced += text.slice(end, matcher.start()) + made
          end = matcher.end()
          if (which === 'first') break
        }
      } catch (error) {
        if (!(error instanceof TooManyReads)) throw error
      }
      return replaced + text.slice(end)
    },
  }
}

function compiled(source: string, at: number, together: Expressions) {
  try {
    return together.compile(source)
  } catch (error) {
    throw new Refusal(at, `this is no regular expression (${(error as Error).message})`)
  }
}

/** So many steps of a program cost as much as the character that is read for them. */
const STEPS_IN_PASSING = 16

class TooManyReads extends Error {}

/**
 * A text that counts what re2js reads of it. RE2 finds one match in time linear in the text, but all of them in its
 * square: after each, `(?:.*z)?` reads to the end for the next.
 */
class CountedText extends String {
  readonly #reads: Reads
  readonly #cost: number

  constructor(text: string, reads: Reads, cost: number) {
    super(text)
    this.#reads = reads
    this.#cost = cost
  }

  override charCodeAt(at: number): number {
    this.#reads.left -= this.#cost
    if (this.#reads.left < 0) throw new TooManyReads()
    return super.charCodeAt(at)
  }
}
