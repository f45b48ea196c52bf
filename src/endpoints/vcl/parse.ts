// Text -> expression: the part of VCL's expression language that makes sense for log lines. Pure.
//
//   either     = both { || both }
//   both       = one { && one }
//   one        = ! one | comparison
//   comparison = sum [ ( == != < <= > >= ) sum | ( ~ !~ ) "regex" ]
//   sum        = [+] term { [+] term }                VCL joins texts with or without a plus
//   term       = "text" | 12 | 1.5 | 10s | true | false | name | function(…) | if(either, sum, sum) | ( either )
//
// Types are checked here, so that what is stored can never fail on a line.
import { Expressions } from '../../query/re2.ts'
import { Refusal } from '../refusal.ts'
import { type Expression, isTrue, MAX_TEXT, print, type Type, type Value } from './expression.ts'
import { call, isFunction } from './functions.ts'
import { findName } from './names.ts'
import { compileRegex } from './regex.ts'
import { readTokens, type Token } from './tokens.ts'

const MAX_DEPTH = 30
/** Each of them may be asked about every line. */
const MAX_PARTS = 200

/** What a text asks of each line, over all the expressions in it. */
export class Budget {
  parts = 0
  readonly regexes = new Expressions()
}

/** @throws Refusal */
export function parseExpression(text: string, budget: Budget = new Budget()): Expression {
  const parser = new Parser(readTokens(text), budget)
  return parser.whole()
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #budget: Budget
  #next = 0
  #depth = 0

  constructor(tokens: readonly Token[], budget: Budget) {
    this.#tokens = tokens
    this.#budget = budget
  }

  whole(): Expression {
    if (this.#peek().kind === 'end') throw new Refusal(this.#peek().at, 'there is nothing here')
    const expression = this.#either()
    const left = this.#peek()
    if (left.kind !== 'end') throw new Refusal(left.at, `nothing was expected behind this expression`)
    return expression
  }

  #either(): Expression {
    const parts = this.#chain('||', () => this.#both())
    return join(parts, (line) => parts.some((part) => isTrue(part.evaluate(line))))
  }

  #both(): Expression {
    const parts = this.#chain('&&', () => this.#one())
    return join(parts, (line) => parts.every((part) => isTrue(part.evaluate(line))))
  }

  #chain(operator: string, read: () => Expression): Expression[] {
    const parts = [read()]
    while (this.#take(operator)) parts.push(read())
    return parts
  }

  #one(): Expression {
    const { at } = this.#peek()
    if (!this.#take('!')) return this.#comparison()
    const denied = this.#deeper(() => this.#one())
    return { type: 'bool', at, evaluate: (line) => !isTrue(denied.evaluate(line)) }
  }

  #comparison(): Expression {
    const left = this.#sum()
    const token = this.#peek()
    const operator = token.kind === 'operator' ? token.text : ''
    if (operator === '~' || operator === '!~') {
      this.#next++
      return match(left, operator === '!~', this.#sum(), token.at, this.#budget.regexes)
    }
    const compares = COMPARISONS[operator]
    if (!compares) return left
    this.#next++
    return compare(left, operator, compares, this.#sum(), token.at)
  }

  #sum(): Expression {
    this.#take('+')
    const terms = [this.#term()]
    while (this.#take('+') || this.#startsTerm()) terms.push(this.#term())
    const [first] = terms as [Expression]
    if (terms.length === 1) return first
    const literals = terms.map(({ literal }) => literal)
    return {
      type: 'string',
      at: first.at,
      ...(literals.every((literal) => literal !== undefined) ? { literal: literals.join('') } : {}),
      evaluate(line) {
        let text = ''
        for (const { type, evaluate } of terms) {
          text += print(type, evaluate(line))
          if (text.length > MAX_TEXT) break
        }
        return text.slice(0, MAX_TEXT)
      },
    }
  }

  #term(): Expression {
    const token = this.#tokens[this.#next++] as Token
    const { at } = token
    if (++this.#budget.parts > MAX_PARTS)
      throw new Refusal(at, `there are more than ${MAX_PARTS} names and values`)
    switch (token.kind) {
      case 'string':
        return { ...constant('string', at, token.text), literal: token.text }
      case 'number':
        return constant(token.isWhole ? 'integer' : 'float', at, token.number)
      case 'duration':
        return constant('duration', at, token.seconds)
      case 'name':
        return this.#named(token.text, at)
      case 'end':
        throw new Refusal(at, 'something is missing at the end')
      default:
        if (token.text !== '(') throw new Refusal(at, `"${token.text}" has nothing on its left`)
        return this.#inside(() => this.#either())
    }
  }

  #named(text: string, at: number): Expression {
    if (text === 'true' || text === 'false') return constant('bool', at, text === 'true')
    if (text === 'if') return this.#if(at)
    if (isFunction(text)) {
      if (!this.#take('(')) throw new Refusal(this.#peek().at, `"(" is missing behind ${text}`)
      return this.#inside(() => call(text, at, this.#list(), this.#budget.regexes))
    }
    const name = findName(text)
    if (name) return { type: name.type, at, evaluate: name.read }
    const next = this.#peek()
    const isCall = next.kind === 'operator' && next.text === '('
    throw new Refusal(at, `there is no ${isCall ? 'function' : 'variable'} "${text.slice(0, 100)}"`)
  }

  #if(at: number): Expression {
    if (!this.#take('(')) throw new Refusal(this.#peek().at, '"(" is missing behind if')
    return this.#inside(() => {
      const [asked, yes, no, ...more] = this.#list()
      if (asked === undefined || yes === undefined || no === undefined || more.length > 0) {
        throw new Refusal(at, 'if takes 3 arguments')
      }
      const chosen = (line: Parameters<Expression['evaluate']>[0]) =>
        isTrue(asked.evaluate(line)) ? yes : no
      if (yes.type === no.type) {
        return { type: yes.type, at, evaluate: (line) => chosen(line).evaluate(line) }
      }
      // Of two types: a text either way.
      return {
        type: 'string',
        at,
        evaluate(line) {
          const { type, evaluate } = chosen(line)
          const value = evaluate(line)
          return value === null ? null : print(type, value)
        },
      }
    })
  }

  #list(): Expression[] {
    const { kind } = this.#peek()
    if (kind === 'operator' && (this.#peek() as { text: string }).text === ')') return []
    return this.#chain(',', () => this.#either())
  }

  #inside(read: () => Expression): Expression {
    const expression = this.#deeper(read)
    const token = this.#peek()
    if (!this.#take(')')) throw new Refusal(token.at, '")" is missing here')
    return expression
  }

  #deeper<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw new Refusal(this.#peek().at, 'this is nested too deeply')
    const result = read()
    this.#depth--
    return result
  }

  #startsTerm(): boolean {
    const { kind } = this.#peek()
    return kind === 'string' || kind === 'name' || kind === 'number' || kind === 'duration'
  }

  #take(operator: string): boolean {
    const token = this.#peek()
    if (token.kind !== 'operator' || token.text !== operator) return false
    this.#next++
    return true
  }

  #peek(): Token {
    return this.#tokens[this.#next] as Token
  }
}

function constant(type: Type, at: number, value: Value): Expression {
  return { type, at, evaluate: () => value }
}

function join(parts: readonly Expression[], evaluate: Expression['evaluate']): Expression {
  const [first] = parts as [Expression]
  return parts.length === 1 ? first : { type: 'bool', at: first.at, evaluate }
}

function match(
  left: Expression,
  isNegated: boolean,
  right: Expression,
  at: number,
  regexes: Expressions,
): Expression {
  if (left.type !== 'string') throw new Refusal(at, '"~" takes a text on its left')
  if (right.literal === undefined) throw new Refusal(right.at, '"~" takes a regular expression in quotes')
  const regex = compileRegex(right.literal, right.at, regexes)
  return {
    type: 'bool',
    at: left.at,
    evaluate(line) {
      const value = left.evaluate(line)
      return (value !== null && regex.test(value as string)) !== isNegated
    },
  }
}

type Compare = (a: string | number | boolean, b: string | number | boolean) => boolean

/** `!=` is made of `==`: what a line does not have equals nothing, so it differs from everything. */
const COMPARISONS: Record<string, Compare | undefined> = {
  __proto__: null as never,
  '==': (a, b) => a === b,
  '!=': (a, b) => a === b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
}

const KINDS: Record<Type, string> = {
  string: 'a text',
  integer: 'a number',
  float: 'a number',
  bool: 'true or false',
  time: 'a time',
  duration: 'a duration such as 10s',
}

function compare(
  left: Expression,
  operator: string,
  holds: Compare,
  right: Expression,
  at: number,
): Expression {
  const [a, b] = [KINDS[left.type], KINDS[right.type]]
  if (a !== b) throw new Refusal(at, `${a} cannot be compared with ${b}`)
  const isOrder = operator !== '==' && operator !== '!='
  if (isOrder && (left.type === 'string' || left.type === 'bool')) {
    throw new Refusal(at, `"${operator}" compares numbers, times and durations`)
  }
  const isNegated = operator === '!='
  return {
    type: 'bool',
    at: left.at,
    evaluate(line) {
      const [x, y] = [left.evaluate(line), right.evaluate(line)]
      return (x !== null && y !== null && holds(x, y)) !== isNegated
    },
  }
}
