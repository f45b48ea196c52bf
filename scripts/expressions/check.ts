// Part of `npm run lint`. Every regular expression of the sources takes time linear in its text, or stands in
// short-texts.ts with the length of the texts that it sees. recheck decides; node_modules/.cache remembers.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type Construction, collect, type Expression } from './collect.ts'
import { SHORT_TEXTS } from './short-texts.ts'

const SOURCE = /^(?:src|packages\/[^/]+\/src)\/.*\.[jt]s$/
const CACHE = 'node_modules/.cache/expressions.json'
/** Of the checker's requests that are under way. */
const AT_ONCE = 4
const TIMEOUT_MS = 60_000

/** recheck's own types are for another kind of module. */
interface Diagnostics {
  status: 'safe' | 'vulnerable' | 'unknown'
  complexity?: { summary: string }
  attack?: { pattern: string }
  error?: { kind: string }
}
type Check = (source: string, flags: string, parameters: object) => Promise<Diagnostics>
const require = createRequire(import.meta.url)
const { check } = require('recheck') as { check: Check }
const { version } = require('recheck/package.json') as { version: string }

const files = ['src', 'packages']
  .flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) =>
      join(root, name).replaceAll('\\', '/'),
    ),
  )
  .filter((name) => SOURCE.test(name))
const found = files.map((file) => collect(file, readFileSync(file, 'utf8')))
const expressions = found.flatMap((one) => one.expressions)
const constructions = found.flatMap((one) => one.constructions)

const complaints = [...(await complaintsOf(expressions)), ...constructions.flatMap(complaintOf), ...stale()]
for (const complaint of complaints) console.error(complaint)
if (complaints.length > 0) process.exitCode = 1
else console.log(`Checked ${expressions.length} regular expressions: each takes time linear in its text.`)

async function complaintsOf(all: readonly Expression[]): Promise<string[]> {
  const safe = new Set(readCache())
  const asked = new Map<string, Promise<string | null>>()
  const waiting = all.filter((one) => !isShort(one.file, one.source) && !safe.has(keyOf(one)))
  const complaints: string[] = []
  const work = async () => {
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
      const key = keyOf(one)
      const why = asked.get(key) ?? whyNotLinear(one)
      asked.set(key, why)
      const said = await why
      if (said !== null) complaints.push(`${one.file}:${one.line}: /${one.source}/${one.flags} ${said}`)
      else safe.add(key)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  writeCache(all.map(keyOf).filter((key) => safe.has(key)))
  return complaints.sort()
}

async function whyNotLinear({ source, flags }: Expression): Promise<string | null> {
  let found = await check(source, flags, { checker: 'automaton', timeout: TIMEOUT_MS })
  // What the automaton does not know, looking around and references back, is tried with made-up texts: always the same
  // ones, and counted in steps instead of time.
  if (found.status === 'unknown') {
    const counted = { attackTimeout: null, incubationTimeout: null, seedingTimeout: null }
    found = await check(source, flags, { checker: 'fuzz', timeout: TIMEOUT_MS, ...counted })
  }
  if (found.status === 'safe') return null
  if (found.status === 'unknown') return `could not be checked: ${found.error?.kind}`
  return `takes time of ${found.complexity?.summary} in texts such as ${found.attack?.pattern}`
}

function complaintOf({ file, line, code }: Construction): string[] {
  return isShort(file, code) ? [] : [`${file}:${line}: ${code} cannot be checked; write a literal`]
}

function isShort(file: string, expression: string): boolean {
  return SHORT_TEXTS.some((one) => one.file === file && one.expression === expression)
}

function stale(): string[] {
  const isThere = (one: { file: string; expression: string }) =>
    expressions.some(({ file, source }) => file === one.file && source === one.expression) ||
    constructions.some(({ file, code }) => file === one.file && code === one.expression)
  return SHORT_TEXTS.filter((one) => !isThere(one)).map(
    ({ file, expression }) => `scripts/expressions/short-texts.ts: ${file} has no ${expression} any more`,
  )
}

function keyOf({ source, flags }: Expression): string {
  return `${version} /${source}/${flags}`
}

/** Those that were found linear. */
function readCache(): string[] {
  try {
    return JSON.parse(readFileSync(CACHE, 'utf8')) as string[]
  } catch {
    return []
  }
}

function writeCache(safe: readonly string[]): void {
  mkdirSync(dirname(CACHE), { recursive: true })
  writeFileSync(CACHE, JSON.stringify(safe))
}
