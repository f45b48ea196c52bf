// The fields that a message carries: key=value pairs (logfmt: router, dyno metrics, Postgres, Redis, most programs)
// and JSON objects by dotted path. Pure; in time linear in the length of the message.
//
// prefilter.ts relies on this: a key's segments and a value stand in the message as they are given here, but for the case
// of letters, unless the message holds a backslash.
import { fold } from './fold.ts'

/** Folded key -> the values it has in this message, as written. */
export type Fields = ReadonlyMap<string, readonly string[]>

/** What is beyond these is not looked at: a message that big is no place where anybody looks for a field. */
const MAX_FIELDS = 1_000
const MAX_DEPTH = 20

const PAIR =
  /(?<![^\s,;([{|])([A-Za-z_@][\w.#@$/-]*)(?:=| = )(?:"((?:[^"\\]|\\.)*)"|'([^'\n]*)'|([^\s"'][^\s]*)?)/gs

export function readFields(message: string): Fields {
  const fields = new Map<string, string[]>()
  let count = 0
  const add = (key: string, value: string) => {
    if (count++ >= MAX_FIELDS) return
    const folded = fold(key)
    const values = fields.get(folded)
    if (values) values.push(value)
    else fields.set(folded, [value])
  }
  const json = findJson(message)
  const plain = json ? message.slice(0, json.start) : message
  if (plain.includes('=')) {
    for (const [, key, double, single, bare] of plain.matchAll(PAIR)) {
      add(key as string, double !== undefined ? withoutEscapes(double) : (single ?? trimBare(bare ?? '')))
      if (count >= MAX_FIELDS) break
    }
  }
  if (json) flatten('', json.value, 0, add)
  return fields
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t' }

function withoutEscapes(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/gs, (_, one: string) => ESCAPES[one] ?? one) : text
}

/** `a=1, b=2;` and `(a=1)`: the punctuation is the sentence's. */
function trimBare(value: string): string {
  let end = value.length
  while (end > 0) {
    const last = value[end - 1] as string
    const opener = CLOSES[last]
    if (last !== ',' && last !== ';' && (opener === undefined || value.includes(opener))) break
    end--
  }
  return value.slice(0, end)
}

const CLOSES: Record<string, string | undefined> = { ')': '(', ']': '[', '}': '{' }

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

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/gs

/** Numbers as strings of their digits: an id of twenty digits must be found by all of them. */
function keepDigits(json: string): string {
  return json.replace(STRING_OR_NUMBER, (token) => (token.startsWith('"') ? token : `"${token}"`))
}

function flatten(
  path: string,
  value: unknown,
  depth: number,
  add: (key: string, value: string) => void,
): void {
  if (typeof value !== 'object' || value === null) {
    add(path, String(value))
    return
  }
  if (depth >= MAX_DEPTH) return
  // An element of an array is found by the array's path and by its own: tags:new, tags.0:new
  const isArray = Array.isArray(value)
  for (const [key, inner] of Object.entries(value)) {
    const own = path === '' ? key : `${path}.${key}`
    if (isArray && (typeof inner !== 'object' || inner === null)) add(path, String(inner))
    flatten(own, inner, depth + 1, add)
  }
}
