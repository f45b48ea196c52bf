// The VCL functions that a format or a condition may call. Pure.
//
// Each is bounded in time and in what it gives back. Where an argument has no value, neither has the call.
import type { Expressions } from '../../query/re2.ts'
import type { LineFacts } from '../line-facts.ts'
import { Refusal } from '../refusal.ts'
import { type Expression, MAX_TEXT, print, type Type, type Value } from './expression.ts'
import { compileRegex } from './regex.ts'
import { compileStrftime } from './strftime.ts'

/** `text` takes anything, as VCL turns all into a STRING; `literal` only what stands between quotes. */
type Parameter = 'text' | 'literal' | 'integer' | 'time'

interface Shape {
  parameters: readonly Parameter[]
  /** How many of the parameters may be left out. */
  optional?: number
  type: Type
  /** @returns how to call it with the values of all its arguments, each as its parameter says. */
  make(
    args: readonly Expression[],
    regexes: Expressions,
  ): (values: readonly (string | number)[], line: LineFacts) => Value
}

const onText = (change: (text: string) => Value, type: Type = 'string'): Shape => ({
  parameters: ['text'],
  type,
  make: () => (values) => change(values[0] as string),
})

/** Half a character, where a text was cut. */
const LONE_SURROGATE = /[\ud800-\udfff]/gu

const FUNCTIONS: Record<string, Shape> = {
  __proto__: null as never,
  'json.escape': onText((text) => JSON.stringify(text).slice(1, -1)),
  cstr_escape: onText(escapeForC),
  xml_escape: onText((text) => text.replace(/[<>&"']/g, (one) => `&#${one.charCodeAt(0)};`)),
  urlencode: onText((text) => encodeURIComponent(text.replace(LONE_SURROGATE, '\ufffd'))),
  urldecode: onText(decode),
  'std.tolower': onText((text) => text.toLowerCase()),
  'std.toupper': onText((text) => text.toUpperCase()),
  'std.strlen': onText((text) => Buffer.byteLength(text), 'integer'),
  'std.atoi': onText(toWhole, 'integer'),
  'std.itoa': { parameters: ['integer'], type: 'string', make: () => (values) => String(values[0]) },
  substr: {
    parameters: ['text', 'integer', 'integer'],
    optional: 1,
    type: 'string',
    make:
      () =>
      ([text, from, length]) => {
        const start =
          (from as number) < 0 ? Math.max(0, (text as string).length + (from as number)) : (from as number)
        return (text as string).slice(start, length === undefined ? undefined : start + (length as number))
      },
  },
  strftime: {
    parameters: ['literal', 'time'],
    type: 'string',
    make: ([shape]) => {
      const { literal = '', at } = shape as Expression
      const printed = compileStrftime(literal)
      if (typeof printed !== 'function') {
        throw new Refusal(
          at,
          `strftime has no conversion "${literal.slice(printed.wrongAt, printed.wrongAt + 2)}"`,
        )
      }
      return (values) => printed(values[1] as number)
    },
  },
  regsub: { parameters: ['text', 'literal', 'text'], type: 'string', make: replacing('first') },
  regsuball: { parameters: ['text', 'literal', 'text'], type: 'string', make: replacing('all') },
}

export function isFunction(name: string): boolean {
  return FUNCTIONS[name] !== undefined
}

/** @throws Refusal where the arguments are not what the function takes. */
export function call(
  name: string,
  at: number,
  args: readonly Expression[],
  regexes: Expressions,
): Expression {
  const shape = FUNCTIONS[name] as Shape
  const { parameters, optional = 0 } = shape
  if (args.length > parameters.length || args.length < parameters.length - optional) {
    throw new Refusal(at, `${name} takes ${parameters.length} argument${parameters.length === 1 ? '' : 's'}`)
  }
  for (const [index, argument] of args.entries()) check(name, parameters[index] as Parameter, argument)
  const work = shape.make(args, regexes)
  return {
    type: shape.type,
    at,
    evaluate(line) {
      const values: (string | number)[] = []
      for (const [index, argument] of args.entries()) {
        const value = argument.evaluate(line)
        if (value === null) return null
        const isText = parameters[index] === 'text' || parameters[index] === 'literal'
        values.push(isText ? print(argument.type, value) : (value as number))
      }
      const result = work(values, line)
      return typeof result === 'string' ? result.slice(0, MAX_TEXT) : result
    },
  }
}

function check(name: string, parameter: Parameter, argument: Expression): void {
  if (parameter === 'text') return
  if (parameter === 'literal') {
    if (argument.literal === undefined) throw new Refusal(argument.at, `${name} takes a text in quotes here`)
  } else if (argument.type !== parameter) {
    throw new Refusal(argument.at, `${name} takes ${parameter === 'time' ? 'a time' : 'a whole number'} here`)
  }
}

function replacing(which: 'first' | 'all'): Shape['make'] {
  return (args, regexes) => {
    const pattern = args[1] as Expression
    const regex = compileRegex(pattern.literal as string, pattern.at, regexes)
    return ([text, , replacement], { reads }) =>
      regex.replace(text as string, replacement as string, which, reads)
  }
}

function decode(text: string): Value {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The first number of the text, as C's atoi reads it. */
function toWhole(text: string): Value {
  const digits = /^\s*([-+]?\d{1,15})/.exec(text)?.[1]
  return digits === undefined ? null : Number(digits)
}

const C_ESCAPES: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\v': '\\v',
}

function escapeForC(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is control characters that are escaped
  return text.replace(/["\\\x00-\x1f\x7f]/g, (one) => {
    return C_ESCAPES[one] ?? `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
