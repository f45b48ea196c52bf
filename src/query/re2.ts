// Regular expressions that customers write, in searches, formats and conditions. RE2's syntax, so no look-around and no
// back-references: its time is linear in the text, where JavaScript's own, and Postgres', can take for ever over
// `(a+)+$`. What the expressions of one query or format cost together is bounded, too. Pure.
import { RE2JS } from 're2js'
import { MAX_ANALYSED } from './analysed.ts'

/** Characters of one expression. */
const MAX_SOURCE = 2_000
/** Steps of one compiled expression. */
const MAX_STEPS = 500
/**
 * Characters times steps, for all expressions of a query or format on one line. A step takes 50 to 150 ns where a text
 * makes an expression go on in many ways at once, and a tenth of that elsewhere.
 */
export const MAX_WORK = 2 ** 19
/**
 * Bytes of what re2js remembers of an expression. With the 8 MB that it takes by itself, `[ab]{0,100}a[ab]{100}`
 * remembered a new state for each character of a text of a and b by chance, at 400 ns a step.
 */
const STATE_BYTES = 2 ** 17

/** How many steps replacing may still take on one line, in all directives of a format together. */
export interface Reads {
  left: number
}

/** The expressions of one query or format, which share what may be spent on a line. */
export class Expressions {
  #steps = 0

  /** How much of a text each of them looks at. */
  get characters(): number {
    return Math.min(MAX_ANALYSED, Math.floor(MAX_WORK / Math.max(1, this.#steps)))
  }

  /** @throws Error with a few words on why there is no such expression */
  compile(source: string, anyCase = false): RE2JS {
    const engine = compile(source, anyCase)
    this.#steps += engine.programSize()
    return engine
  }

  test(engine: RE2JS, text: string): boolean {
    const { characters } = this
    return engine.test(text.length > characters ? text.slice(0, characters) : text)
  }
}

function compile(source: string, anyCase: boolean): RE2JS {
  if (source.length > MAX_SOURCE) throw new Error('it is too large')
  const engine = parse(source, anyCase)
  if (engine.programSize() > MAX_STEPS) throw new Error('it is too large')
  const { dfa } = engine.re2()
  dfa.stateBudget = STATE_BYTES
  dfa.memBudget = STATE_BYTES
  return engine
}

function parse(source: string, anyCase: boolean): RE2JS {
  try {
    return RE2JS.compile(source, anyCase ? RE2JS.CASE_INSENSITIVE : 0)
  } catch (error) {
    throw new Error((error as Error).message.replace(/^error parsing regexp: /, ''))
  }
}
