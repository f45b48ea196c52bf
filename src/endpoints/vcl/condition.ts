// A stored condition: which lines an endpoint is sent. Pure.
import type { LineFacts } from '../line-facts.ts'
import { isTrue } from './expression.ts'
import { parseExpression } from './parse.ts'

export type Condition = (line: LineFacts) => boolean

/** @throws Refusal */
export function compileCondition(statement: string): Condition {
  const expression = parseExpression(statement)
  return (line) => isTrue(expression.evaluate(line))
}
