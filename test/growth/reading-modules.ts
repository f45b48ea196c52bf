// Which modules read texts: those with a regular expression in them, or with a function that looks through a text.
import { readdirSync, readFileSync } from 'node:fs'
import { parseSync } from 'oxc-parser'

const LOOKING_THROUGH = new Set(
  'indexOf lastIndexOf search match matchAll replace replaceAll split exec charCodeAt codePointAt'.split(' '),
)

export interface Module {
  /** From src/ on; in a package, with the package's name in front. */
  name: string
  readsTexts: boolean
  /** Names of its functions, and of its classes. */
  exports: string[]
}

/** Of the service, and of what reads an add-on's answers in the contract tester. */
export function modules(): Module[] {
  return [...modulesIn('src', ''), ...modulesIn('packages/addon-contract/src', 'addon-contract/')]
}

function modulesIn(folder: string, prefix: string): Module[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readModule(prefix + name.replaceAll('\\', '/'), readFileSync(`${folder}/${name}`, 'utf8')))
}

type Node = Record<string, unknown> & { type: string }

function readModule(name: string, code: string): Module {
  const { program } = parseSync(name, code)
  let readsTexts = false
  visit(program, (node) => {
    const callee = node.callee as { property?: { name?: string }; object?: { name?: string } } | undefined
    const called = node.type === 'CallExpression' ? callee?.property?.name : undefined
    readsTexts ||=
      node.regex !== undefined ||
      (called !== undefined && LOOKING_THROUGH.has(called)) ||
      (called === 'parse' && callee?.object?.name === 'JSON')
  })
  const exports = program.body.flatMap((statement) => {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : null
    const isCode = declaration?.type === 'FunctionDeclaration' || declaration?.type === 'ClassDeclaration'
    return isCode && declaration.id ? [declaration.id.name] : []
  })
  return { name, readsTexts, exports }
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (typeof value !== 'object' || value === null) return
  if ('type' in value) see(value as Node)
  for (const inner of Object.values(value)) visit(inner, see)
}
