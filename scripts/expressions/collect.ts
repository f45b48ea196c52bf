// Every regular expression of the sources, as it is written. Pure.
import { parseSync } from 'oxc-parser'

export interface Expression {
  file: string
  line: number
  source: string
  flags: string
}

/** A place where an expression is made of a text that is known only then. */
export interface Construction {
  file: string
  line: number
  /** `new RegExp(…)` as it is written. */
  code: string
}

interface Node {
  type: string
  start: number
  end: number
  [field: string]: unknown
}

export function collect(
  file: string,
  code: string,
): { expressions: Expression[]; constructions: Construction[] } {
  const expressions: Expression[] = []
  const constructions: Construction[] = []
  const { program, errors } = parseSync(file, code)
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`)
  visit(program, (node) => {
    const line = () => code.slice(0, node.start).split('\n').length
    const regex = node.regex as { pattern: string; flags: string } | undefined
    if (node.type === 'Literal' && regex)
      expressions.push({ file, line: line(), source: regex.pattern, flags: regex.flags })
    if (isRegExpCall(node)) constructions.push({ file, line: line(), code: code.slice(node.start, node.end) })
  })
  return { expressions, constructions }
}

function isRegExpCall({ type, callee }: Node): boolean {
  return (
    (type === 'NewExpression' || type === 'CallExpression') && (callee as { name?: string }).name === 'RegExp'
  )
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value) && 'type' in value) see(value as Node)
  for (const inner of Object.values(value)) visit(inner, see)
}
