import { RE2JS } from 're2js'
import type { SearchedLine } from './line-view.ts'

/**
 * `/timeout after \d+ms/`: a regular expression, looked for in message, process and source. Unlike words it minds the
 * case of letters; `/…/i` does not. A slash inside is written `\/`, a quote `\"`.
 *
 * RE2's syntax, so no look-around and no back-references: its time is linear in the length of the line, where
 * JavaScript's own, and Postgres', can take for ever over `/(a+)+$/`.
 */
export interface Regex {
  kind: 'regex'
  source: string
  anyCase: boolean
}

/** Slashes around something that is no more than text are text: /api/ is a path. */
const MEANINGFUL = /[\\^$.|?*+()[\]{}]/
const SHAPE = /\/((?:[^/\\"]|\\.)+)\/(i?)(?=[\s)]|$)/suy

/** What stands between slashes from `at` on, if it looks like an expression. */
export function readSlashed(source: string, at: number): { regex: Regex; end: number } | undefined {
  SHAPE.lastIndex = at
  const match = SHAPE.exec(source)
  if (!match) return undefined
  const [, body, flag] = match as unknown as [string, string, string]
  if (flag === '' && !MEANINGFUL.test(body)) return undefined
  return { regex: { kind: 'regex', source: body, anyCase: flag === 'i' }, end: SHAPE.lastIndex }
}

export function printRegex({ source, anyCase }: Regex): string {
  return `/${source}/${anyCase ? 'i' : ''}`
}

/** Steps of the compiled expression. The work on a line is at most this many times its length. */
const MAX_STEPS = 500
/** Logplex cuts messages at 10,000 bytes. */
const MAX_CHARACTERS = 10_000

/** Why this cannot be an expression, or null. */
export function whyNot(regex: Regex): string | null {
  try {
    return compile(regex).programSize() > MAX_STEPS ? 'it is too large' : null
  } catch (error) {
    return (error as Error).message.replace(/^error parsing regexp: /, '')
  }
}

const compiled = new WeakMap<Regex, RE2JS>()

function compile(regex: Regex): RE2JS {
  let engine = compiled.get(regex)
  if (!engine) {
    engine = RE2JS.compile(regex.source, regex.anyCase ? RE2JS.CASE_INSENSITIVE : 0)
    compiled.set(regex, engine)
  }
  return engine
}

export function matchesRegex(regex: Regex, line: SearchedLine): boolean {
  return line.texts.some((text) => test(regex, text))
}

/** Looks at the first 10,000 characters. */
export function test(regex: Regex, text: string): boolean {
  return compile(regex).test(text.length > MAX_CHARACTERS ? text.slice(0, MAX_CHARACTERS) : text)
}
