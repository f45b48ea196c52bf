// The rule of src/README.md, "Which way imports point", checked against every import there is.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const SRC = fileURLToPath(new URL('../src', import.meta.url))

/** From top to bottom. A module imports from lower floors only. A file of src/ itself is a module. */
const FLOORS = [
  ['main'],
  ['service'],
  ['server'],
  ['page'],
  ['api', 'partner', 'drain', 'endpoints', 'jobs', 'cli'],
  ['alerts', 'operations'],
  ['logs', 'heroku', 'outbound'],
  ['access'],
  ['resources'],
  ['database', 'query', 'logplex', 'secrets'],
  ['config', 'deadline', 'back-off', 'time-slices', 'job'],
  ['errors', 'error-text', 'plans'],
]
/** Imports within a floor, each with its reason. */
const WITHIN: Record<string, string> = {
  'query -> logplex': 'a query is matched against the bytes of a frame',
}
/** Files that import each other, on purpose: a query holds queries. */
const CIRCLES = ['query/and.ts query/not.ts query/or.ts query/query.ts']
/** Files that begin a process. */
const ENTRIES = ['main.ts', 'cli/main.ts', 'database/migrate-command.ts', 'config/record-commit-command.ts']

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
const source = (name: string) => readFileSync(join(SRC, name), 'utf8')
const moduleOf = (name: string) => (name.split('/')[0] as string).replace(/\.ts$/, '')
const floorOf = (module: string) => FLOORS.findIndex((floor) => floor.includes(module))
const imports = new Map(
  files.map((name) => [
    name,
    [...source(name).matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)]
      .map(([, specifier]) => relative(SRC, normalize(join(SRC, dirname(name), specifier as string))))
      .filter((target) => target.endsWith('.ts')),
  ]),
)

function isAllowed(from: string, to: string): boolean {
  if (from === to || `${from} -> ${to}` in WITHIN) return true
  return floorOf(from) < floorOf(to)
}

it('imports point down only', () => {
  const wrong = [...imports].flatMap(([name, targets]) =>
    targets
      .filter((target) => !isAllowed(moduleOf(name), moduleOf(target)))
      .map((target) => `${name} imports ${target}`),
  )
  expect(wrong).toEqual([])
})

it('no file imports itself by way of others', () => {
  const circles = circlesOf(imports).map((circle) => circle.toSorted().join(' '))
  expect(circles.filter((circle) => !CIRCLES.includes(circle))).toEqual([])
})

it('every module has a floor', () => {
  const modules = [...new Set(files.map(moduleOf))]
  expect(modules.filter((module) => floorOf(module) === -1)).toEqual([])
})

const PACKAGES = fileURLToPath(new URL('../packages', import.meta.url))
const ANY_IMPORT = /(?:^(?:import|export|\})[^'\n]* from |^import |\bimport\()'([^'\n]+)'/gm

it.each(['heroku-simulator', 'addon-contract'])(
  '%s imports its own files and its dependencies only, without circles',
  (name) => {
    const directory = join(PACKAGES, name)
    const { dependencies = {} } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
    const specifiers = new Map(
      readdirSync(join(directory, 'src'), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => [
          file,
          [...readFileSync(join(directory, 'src', file), 'utf8').matchAll(ANY_IMPORT)].map(
            ([, one = '']) => one,
          ),
        ]),
    )
    const wrong = [...specifiers].flatMap(([file, imported]) =>
      imported
        .filter((specifier) =>
          specifier.startsWith('.')
            ? normalize(join(dirname(file), specifier)).startsWith('..')
            : !specifier.startsWith('node:') && !Object.hasOwn(dependencies, specifier),
        )
        .map((specifier) => `${file} imports ${specifier}`),
    )
    expect(wrong).toEqual([])
    const graph = new Map(
      [...specifiers].map(([file, imported]) => [
        file,
        imported.filter((one) => one.startsWith('.')).map((one) => normalize(join(dirname(file), one))),
      ]),
    )
    expect(circlesOf(graph)).toEqual([])
  },
)

it('one file of the service names a package, and loads it only when a command asks', () => {
  const naming = files.filter((name) => /heroku-(simulator|addon-contract)/.test(source(name)))
  expect(naming).toEqual(['cli/addon-contract.ts'])
  expect(source('cli/addon-contract.ts')).not.toMatch(/from 'heroku-/)
})

it('only config and the entry files read process.env, only entry files end the process', () => {
  const reads = files.filter((name) => /process\.env\b/.test(source(name)) && name !== 'config.ts')
  expect(reads.filter((name) => !ENTRIES.includes(name))).toEqual([])
  const ends = files.filter((name) => /process\.exit\(/.test(source(name)))
  expect(ends.filter((name) => !ENTRIES.includes(name))).toEqual([])
})

it('pure modules take the time and randomness as arguments', () => {
  const pure = [
    ...files.filter((name) => /^(query|api\/overview|endpoints\/(format|vcl))\//.test(name)),
    'logplex/frame-parser.ts',
    'logplex/timestamp.ts',
    'logplex/structured-data.ts',
    'logplex/frame-form.ts',
    'secrets/secret-box.ts',
    'endpoints/line-facts.ts',
    'outbound/public-address.ts',
    'outbound/target-url.ts',
    'alerts/condition.ts',
    'alerts/step.ts',
    'alerts/message.ts',
    'logs/exclusion/exclude.ts',
    'api/projection.ts',
  ]
  for (const name of pure)
    expect(source(name)).not.toMatch(
      /Date\.now|new Date\(\)|Math\.random|randomUUID|performance\.|import .*randomBytes/,
    )
})

/** Groups of files that each reach every other one of the group (Tarjan's strongly connected components). */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const circles: string[][] = []
  const visit = (file: string) => {
    index.set(file, index.size)
    low.set(file, index.get(file) as number)
    stack.push(file)
    for (const next of graph.get(file) ?? []) {
      if (!graph.has(next)) continue
      if (!index.has(next)) {
        visit(next)
        low.set(file, Math.min(low.get(file) as number, low.get(next) as number))
      } else if (stack.includes(next)) {
        low.set(file, Math.min(low.get(file) as number, index.get(next) as number))
      }
    }
    if (low.get(file) !== index.get(file)) return
    const circle = stack.splice(stack.indexOf(file))
    if (circle.length > 1) circles.push(circle)
  }
  for (const file of graph.keys()) if (!index.has(file)) visit(file)
  return circles
}
