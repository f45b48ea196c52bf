// The fields of a request's body, whichever way it was written. Every client posts forms, some write a space as `+` and
// some as %20; newer ones put JSON, with null and with whole numbers. Names that an operation does not know are ignored.
import { badRequest } from '../fastly-error.ts'

/** Null where JSON says null. */
export type Fields = ReadonlyMap<string, string | null>

/** @throws FastlyError */
export function readFields(contentType: string | undefined, body: unknown): Fields {
  if (!Buffer.isBuffer(body) || body.length === 0) return new Map()
  const text = body.toString('utf8').replaceAll('\0', '\u2400')
  // Some clients say JSON with every request, also where there is nothing in it.
  return contentType?.includes('json') ? readJson(text) : new Map(new URLSearchParams(text))
}

function readJson(text: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw badRequest('the body is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest('the body is not a JSON object')
  }
  const fields = new Map<string, string | null>()
  for (const [name, field] of Object.entries(value)) {
    if (field === null) fields.set(name, null)
    else if (typeof field !== 'object') fields.set(name, String(field).replaceAll('\0', '\u2400'))
  }
  return fields
}

/** A field that must be there with something in it. */
export function required(fields: Fields, name: string): string {
  const value = fields.get(name)
  if (!value) throw badRequest(`missing required ${name}`)
  return value
}

/** @throws FastlyError where it is there and none of these */
export function oneOf<Value extends string>(
  fields: Fields,
  name: string,
  what: string,
  values: readonly Value[],
): Value | undefined {
  const value = fields.get(name)
  if (value === undefined || value === null) return undefined
  if (!(values as readonly string[]).includes(value))
    throw badRequest(`unrecognized ${what} ${value.slice(0, 100)}`)
  return value as Value
}

/** @throws FastlyError where it is longer */
export function bounded(name: string, value: string, maxCharacters: number): string {
  if (value.length > maxCharacters) throw badRequest(`${name} is longer than ${maxCharacters} characters`)
  return value
}
