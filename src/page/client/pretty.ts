// The fields of an opened line: those of the line itself, and of its message if that is JSON or key=value.
// Pure.
import { readFields } from '../../query/message-fields.ts'
import { type Line, withoutControls } from '../reading/line.ts'
import { lineTerm, messageTerm } from '../reading/term.ts'
import { fullTime, type Zone } from '../reading/times.ts'

export interface FieldRow {
  name: string
  value: string
  /** What narrows the search to it; null where the search has no word for it. */
  term: string | null
}

const MAX_FIELDS = 200
/** Deeper objects are not indented: each level makes every line of it longer. */
const MAX_DEPTH = 50

export function fieldsOf(line: Line, zone: Zone): FieldRow[] {
  const own: FieldRow[] = [{ name: 'time', value: fullTime(line.sent_at, zone), term: null }]
  const add = (name: string, value: string | null) => {
    if (value !== null && value !== '') own.push({ name, value, term: lineTerm(name, value) })
  }
  add('app', line.app)
  add('source', line.source)
  add('process', line.process)
  add('level', line.level)
  add('code', line.code)
  const inMessage: FieldRow[] = []
  for (const [name, values] of readFields(withoutControls(line.message))) {
    if (/\.\d+$/.test(name)) continue
    for (const value of values) {
      const isSaid = own.some((field) => field.name === name && field.value === value)
      if (!isSaid) inMessage.push({ name, value, term: messageTerm(name, value) })
    }
    if (inMessage.length >= MAX_FIELDS) break
  }
  return [...own, ...inMessage]
}

/** The message as indented JSON, where it holds an object; else null. */
export function indentedJson(message: string): string | null {
  const start = message.search(/[{[]/)
  if (start === -1) return null
  const text = withoutControls(message).slice(start).trimEnd()
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || depthOf(text) > MAX_DEPTH) return null
    return message.slice(0, start) + JSON.stringify(value, null, 2)
  } catch {
    return null
  }
}

const STRING_OR_BRACKET = /"(?:[^"\\]|\\.)*(?:"|\\?$)|[[\]{}]/gs

/** How deep the brackets of a JSON text stand in one another. */
function depthOf(json: string): number {
  let [depth, deepest] = [0, 0]
  for (const [token] of json.matchAll(STRING_OR_BRACKET)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth)
    else if (token === ']' || token === '}') depth--
  }
  return deepest
}
