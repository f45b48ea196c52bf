// Regular expressions of VCL, by RE2: in time linear in the text, whatever a customer stores. Pure.
import { RE2JS } from 're2js'
import { Refusal } from '../refusal.ts'
import { MAX_TEXT } from './expression.ts'

export interface CompiledRegex {
  test(text: string): boolean
  /** In `replacement` `\0` is what was found and `\1` to `\9` are its groups. */
  replace(text: string, replacement: string, which: 'first' | 'all'): string
}

/** As in searches (src/query/regex.ts): steps of the compiled expression, and how much of a text is looked at. */
const MAX_STEPS = 500
const MAX_CHARACTERS = 10_000

/** @throws Refusal where RE2 cannot read it: look-around and back-references are what it lacks of PCRE. */
export function compileRegex(source: string, at: number): CompiledRegex {
  const engine = compile(source, at)
  return {
    test: (text) => engine.test(text.slice(0, MAX_CHARACTERS)),
    replace(text, replacement, which) {
      const looked = text.slice(0, MAX_CHARACTERS)
      const matcher = engine.matcher(looked)
      let replaced = ''
      let end = 0
      while (replaced.length < MAX_TEXT && matcher.find()) {
        const group = (all: string, digit: string) => {
          const number = Number(digit)
          return number > matcher.groupCount() ? all : (matcher.group(number) ?? '')
        }
        replaced += looked.slice(end, matcher.start()) + replacement.replace(/\\(\d)/g, group)
        end = matcher.end()
        if (which === 'first') break
      }
      return replaced + text.slice(end)
    },
  }
}

function compile(source: string, at: number): RE2JS {
  let engine: RE2JS
  try {
    engine = RE2JS.compile(source)
  } catch (error) {
    throw new Refusal(at, `this is no regular expression (${told(error)})`)
  }
  if (engine.programSize() > MAX_STEPS) throw new Refusal(at, 'this regular expression is too large')
  return engine
}

function told(error: unknown): string {
  return (error as Error).message.replace(/^error parsing regexp: /, '')
}
