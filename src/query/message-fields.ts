// The fields that a message carries: key=value pairs (logfmt: router, dyno metrics, Postgres, Redis, most programs)
// and JSON objects by dotted path. Pure; one pass over a bounded part of the message.
//
// prefilter.ts relies on this: a key's segments and a value stand in the message as they are given here, but for the case
// of letters, unless the message holds a backslash.
import { analysed } from './analysed.ts'
import { fold } from './fold.ts'

/** Folded key -> the values it has in this message, as written. */
export type Fields = ReadonlyMap<string, readonly string[]>

/** What is beyond these is not read: a message that big is not searched by its fields. */
const MAX_FIELDS = 1_000
const MAX_DEPTH = 20
/** Characters of a dotted path. Every value carries the path to it, so a long path over many values costs its square. */
const MAX_NAME = 200

const PAIR =
  /(?<![^\s,;([{|])([A-Za-z_@][\w.#@$/-]*)(?:=| = )(?:"((?:[^"\\]|\\.)*)"|'([^'\n]*)'|([^\s"'][^\s]*)?)/gs

export function readFields(message: string): Fields {
  const found = new FoundFields()
  const text = analysed(message)
  const json = findJson(text)
  const plain = json ? text.slice(0, json.start) : text
  if (plain.includes('=')) {
    for (const [, key, double, single, bare] of plain.matchAll(PAIR)) {
      found.add(
        key as string,
        double !== undefined ? withoutEscapes(double) : (single ?? trimBare(bare ?? '')),
      )
      if (found.isFull) break
    }
  }
  if (json) flatten('', json.value, 0, found)
  return found.fields
}

class FoundFields {
  readonly fields = new Map<string, string[]>()
  #count = 0

  get isFull(): boolean {
    return this.#count >= MAX_FIELDS
  }

  add(name: string, value: string): void {
    if (this.isFull || name.length > MAX_NAME) return
    this.#count++
    const folded = fold(name)
    const values = this.fields.get(folded)
    if (values) values.push(value)
    else this.fields.set(folded, [value])
  }
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t' }

function withoutEscapes(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/gs, (_, one: string) => ESCAPES[one] ?? one) : text
}

/** What ends a sentence or closes a bracket; a bracket that the value opens itself belongs to it. */
const PUNCTUATION: readonly (readonly [mark: string, opener: string | null])[] = [
  [',', null],
  [';', null],
  [')', '('],
  [']', '['],
  ['}', '{'],
]
const MARKS = PUNCTUATION.map(([mark]) => mark)

/** `a=1, b=2;` and `(a=1)`: the punctuation is the sentence's. */
function trimBare(value: string): string {
  if (!MARKS.includes(value.at(-1) ?? '')) return value
  const trimmed = PUNCTUATION.filter(([, opener]) => opener === null || !value.includes(opener)).map(
    ([mark]) => mark,
  )
  let end = value.length
  while (end > 0 && trimmed.includes(value[end - 1] as string)) end--
  return value.slice(0, end)
}

/** An object that ends the message; what stands before it is a prefix such as `app.INFO:`. */
function findJson(message: string): { start: number; value: object } | undefined {
  const end = message.trimEnd()
  if (!end.endsWith('}')) return undefined
  const start = end.search(/\{\s*"/)
  if (start === -1) return undefined
  try {
    const value: unknown = JSON.parse(keepDigits(end.slice(start)))
    return typeof value === 'object' && value !== null ? { start, value } : undefined
  } catch {
    return undefined
  }
}

/** A string that never ends runs to the end of the text: to look for strings inside of it would take the square. */
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*(?:"|\\?$)|-?\d[\d.eE+-]*/gs

/** Numbers as strings of their digits: an id of twenty digits must be found by all of them. */
function keepDigits(json: string): string {
  return json.replace(STRING_OR_NUMBER, (token) => (token.startsWith('"') ? token : `"${token}"`))
}

function flatten(path: string, value: unknown, depth: number, found: FoundFields): void {
  if (typeof value !== 'object' || value === null) {
    found.add(path, String(value))
    return
  }
  if (depth >= MAX_DEPTH || path.length > MAX_NAME) return
  // An element of an array is found by the array's path and by its own: tags:new, tags.0:new
  const isArray = Array.isArray(value)
  for (const [key, inner] of Object.entries(value)) {
    if (found.isFull) return
    const own = path === '' ? key : `${path}.${key}`
    if (isArray && (typeof inner !== 'object' || inner === null)) found.add(path, String(inner))
    flatten(own, inner, depth + 1, found)
  }
}
