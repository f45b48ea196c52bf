import type { RE2JS } from 're2js'
import type { SearchedLine } from './line-view.ts'
import type { Expressions } from './re2.ts'

/**
 * `/timeout after \d+ms/`: a regular expression, looked for in message, process and source. Unlike words it minds the
 * case of letters; `/…/i` does not. A slash inside is written `\/`, a quote `\"`. RE2's syntax: see re2.ts.
 */
export interface Regex {
  kind: 'regex'
  source: string
  anyCase: boolean
  /** With the others of its query. */
  together: Expressions
}

/** Slashes around something that is no more than text are text: /api/ is a path. */
const MEANINGFUL = /[\\^$.|?*+()[\]{}]/
const SHAPE = /\/((?:[^/\\"]|\\.)+)\/(i?)(?=[\s)]|$)/suy

/** What stands between slashes from `at` on, if it looks like an expression. */
export function readSlashed(
  source: string,
  at: number,
  together: Expressions,
): { regex: Regex; end: number } | undefined {
  SHAPE.lastIndex = at
  const match = SHAPE.exec(source)
  if (!match) return undefined
  const [, body, flag] = match as unknown as [string, string, string]
  if (flag === '' && !MEANINGFUL.test(body)) return undefined
  return { regex: { kind: 'regex', source: body, anyCase: flag === 'i', together }, end: SHAPE.lastIndex }
}

export function printRegex({ source, anyCase }: Regex): string {
  return `/${source}/${anyCase ? 'i' : ''}`
}

/** Why this cannot be an expression, or null. */
export function whyNot(regex: Regex): string | null {
  try {
    compile(regex)
    return null
  } catch (error) {
    return (error as Error).message
  }
}

const compiled = new WeakMap<Regex, RE2JS>()

function compile(regex: Regex): RE2JS {
  const engine = compiled.get(regex) ?? regex.together.compile(regex.source, regex.anyCase)
  compiled.set(regex, engine)
  return engine
}

export function matchesRegex(regex: Regex, line: SearchedLine): boolean {
  return line.texts.some((text) => regex.together.test(compile(regex), text))
}

/** Looks at as much of the values together as of one text. */
export function matchesAny(regex: Regex, values: readonly string[]): boolean {
  const engine = compile(regex)
  let { characters: left } = regex.together
  return values.some((value) => {
    const isLeft = left > 0
    left -= value.length
    return isLeft && regex.together.test(engine, value)
  })
}
